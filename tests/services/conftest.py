"""An empty ledger for the tests of this folder; a file that needs a history makes its own."""

from pathlib import Path

import pytest

from ledger.domain.withdrawals import RevokeRecord
from ledger.services.context import Ledger
from ledger.services.withdrawal import revoke_record
from tests.databases import (  # noqa: F401 - every test here runs on both engines
    _databases_of_a_file,
    _databases_of_a_test,
    _server_of_a_run,
    database_engine,
    folder_of_a_file,
)
from tests.ledgers import TestClock, make_command, make_ledger, post, post_one, verify_whole


@pytest.fixture
def clock() -> TestClock:
    """The clock of the test's ledger."""
    return TestClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: TestClock) -> Ledger:
    """A ledger with the example's school and schedule, and no record."""
    return make_ledger(tmp_path, clock=clock)


@pytest.fixture
def withdrawn(tmp_path: Path) -> Ledger:
    """Records at 4 to 7; 8 corrects 7 and 9 revokes 4."""
    made = make_ledger(tmp_path)
    post(made, *(make_command(n) for n in range(4)))
    post_one(made, make_command(3, attendance=None), correcting=True)
    revoke_record(made, "ledger", RevokeRecord(4, "entered-in-error"))
    verify_whole(made)
    return made
