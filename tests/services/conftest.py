"""An empty ledger for the tests of this folder; a file that needs a history makes its own."""

from pathlib import Path

import pytest

from ledger.services.context import Ledger
from tests.databases import (  # noqa: F401 - every test here runs on both engines
    _databases_of_a_file,
    _databases_of_a_test,
    _server_of_a_run,
    database_engine,
    folder_of_a_file,
)
from tests.ledgers import TestClock, make_ledger


@pytest.fixture
def clock() -> TestClock:
    """The clock of the test's ledger."""
    return TestClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: TestClock) -> Ledger:
    """A ledger with the example's school and schedule, and no record."""
    return make_ledger(tmp_path, clock=clock)
