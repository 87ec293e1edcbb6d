"""What was decided ahead of the lock still holds unless somebody touched what it was decided on."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ledger.domain.withdrawals import RevokeRecord
from ledger.services.context import Ledger
from ledger.services.erasure import erase
from ledger.services.known_state import KnownState
from ledger.services.withdrawal import revoke_record
from ledger.storage import log
from ledger.storage.engine import reading
from tests.ledgers import (
    add_other_school,
    make_command,
    make_ledger,
    make_number,
    post,
    post_one,
    school_of,
    subject_of,
)

COMMANDS = [make_command(n) for n in range(3)]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Person 0 has a record, persons 1 and 2 are not known yet."""
    made = make_ledger(tmp_path)
    post(made, make_command(0, number="JL2024001", certificate=None), make_command(8))
    return made


def _touched(ledger: Ledger, happening: Callable[[], object]) -> bool:
    with reading(ledger.engine) as connection:
        known = KnownState(connection, ledger.sealer, COMMANDS)
        size = log.read_head(connection).size
    happening()
    with reading(ledger.engine) as connection:
        return known.touched_since(connection, size)


def test_records_of_strangers_touch_nothing(ledger: Ledger) -> None:
    assert not _touched(ledger, lambda: post(ledger, make_command(5), make_command(8, number="K2")))
    assert not _touched(ledger, lambda: None)


@pytest.mark.parametrize(
    "command",
    [
        make_command(0, number="JL2025009", certificate=None),
        make_command(1, number="JL2025009", certificate=None),
        make_command(7, certificate=make_number(2, date(2025, 5, 12))),
    ],
    ids=["who is known", "who was new", "a certificate"],
)
def test_a_record_of_the_same_person_or_certificate_does(ledger: Ledger, command: object) -> None:
    assert _touched(ledger, lambda: post_one(ledger, command))  # type: ignore[arg-type]


def test_every_public_entry_does(ledger: Ledger) -> None:
    """A rule, an issuer, a revocation or an erasure may touch everything."""
    assert _touched(ledger, lambda: add_other_school(ledger))
    revoked = RevokeRecord(4, "scores-altered", None)
    assert _touched(ledger, lambda: revoke_record(ledger, school_of(ledger), revoked))
    assert _touched(ledger, lambda: erase(ledger, subject_of(ledger, 8)))
