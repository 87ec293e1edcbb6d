"""Ledgers made in the test's own process, for what would take too long command by command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.services.context import Ledger, open_ledger
from ledger.services.example import install_example
from ledger.services.opening import initialise
from ledger.storage import log
from ledger.storage.engine import reading
from tests.databases import settings_for


def make_ledger(home: Path) -> tuple[Ledger, str]:
    """Make a ledger with the example school; give it open, and the school's id."""
    ledger = initialise(settings_for(home))
    return ledger, install_example(ledger).id


@contextmanager
def opened(home: Path) -> Iterator[Ledger]:
    """Open the ledger in ``home`` for a while."""
    ledger = open_ledger(settings_for(home))
    try:
        yield ledger
    finally:
        ledger.close()


def size_of(home: Path) -> int:
    """Give the number of entries."""
    with opened(home) as ledger, reading(ledger.engine) as connection:
        return log.read_head(connection).size
