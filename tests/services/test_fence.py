"""A process does not write to a database that has forgotten what the process acknowledged."""

from pathlib import Path

import pytest

from ledger.errors import DamagedError
from ledger.services.context import Ledger
from tests.databases import copy_home, put_back_database
from tests.ledgers import make_command, post, reopen, verify_whole


def _refused(ledger: Ledger) -> str:
    with pytest.raises(DamagedError) as caught:
        post(ledger, make_command(9))
    return caught.value.code


@pytest.mark.parametrize("others", [0, 3])
def test_a_database_without_the_last_acknowledged_entry_is_refused_at_the_next_write(
    ledger: Ledger, tmp_path: Path, others: int
) -> None:
    """Notes, security L15: a standby that lagged took over, and perhaps others wrote since."""
    ledger.close()
    stale = copy_home(ledger.home, tmp_path / "stale")
    post(ledger, make_command())
    ledger.close()
    put_back_database(ledger.home, stale)
    if others:
        post(reopen(ledger), *(make_command(n) for n in range(1, others)))
    assert _refused(ledger) == "behind-acknowledged"
    assert _refused(ledger) == "behind-acknowledged"


def test_what_others_wrote_since_is_no_reason_to_refuse(ledger: Ledger) -> None:
    other = reopen(ledger)
    for n in range(6):
        post(ledger if n % 2 else other, make_command(n))
    verify_whole(ledger)


def test_a_new_connection_is_held_against_the_last_checkpoint_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    """This process wrote nothing itself; another acknowledged and signed what is lost."""
    verify_whole(ledger)
    ledger.close()
    stale = copy_home(ledger.home, tmp_path / "stale")
    other = reopen(ledger)
    post(other, make_command())
    verify_whole(other)
    other.close()
    put_back_database(ledger.home, stale)
    assert _refused(ledger) == "behind-checkpoint"
