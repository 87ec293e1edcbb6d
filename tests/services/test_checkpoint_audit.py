"""Checkpoints: signature and root, with the tiles of one state and a bounded number of them."""

from pathlib import Path

import pytest

from ledger.core.checkpoint import Checkpoint
from ledger.core.digest import HASH_BYTES
from ledger.core.note import sign_note
from ledger.errors import DamagedError
from ledger.services import checkpoint_audit
from ledger.services.checkpoint_audit import CheckpointAudit, Fault, kept_tiles
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.storage import checkpoints, log
from ledger.storage.engine import reading, writing
from tests.ledgers import make_command, make_ledger, post


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Checkpoints over 1 (init), 4 (example), 5, 6 and 7 entries."""
    made = make_ledger(tmp_path)
    for n in range(3):
        post(made, make_command(n))
        sign_checkpoint(made)
    return made


def test_each_checkpoint_of_a_range_is_verified(ledger: Ledger) -> None:
    with reading(ledger.engine) as connection:
        audit = CheckpointAudit(ledger, connection)
        audit.check_stored(5, 7, 7)
        assert (audit.seen.verified, audit.seen.good, audit.seen.faults) == (2, 6, [])
        audit.check_stored(7, 9, 7)
        assert (audit.seen.verified, audit.seen.good) == (3, 7)


def test_a_root_of_other_entries_is_located_behind_the_last_good_one(ledger: Ledger) -> None:
    forged = Checkpoint(ledger.origin, 7, bytes(HASH_BYTES))
    note = sign_note(forged.format(), ledger.keyring.log_signers(ledger.clock()))
    with reading(ledger.engine) as connection:
        audit = CheckpointAudit(ledger, connection)
        audit.check_stored(1, 7, 7)
        audit.check(note, "it", 7, beyond=False)
        audit.check(note, "it", 6, beyond=False)
        audit.check(note[:-1], "it", 7, beyond=False)
        audit.check(note[:-1], "it", 7, beyond=True)
        audit.check("text", "it", 7, beyond=False)  # type: ignore[arg-type]
    located = [(fault.located, fault.good) for fault in audit.seen.faults]
    assert located == [(True, 6), (False, 6), (False, 6), (True, 6), (False, 6)]
    assert isinstance(audit.seen.faults[0], Fault)


def test_one_signed_by_another_is_no_checkpoint_of_this_log(ledger: Ledger, tmp_path: Path) -> None:
    other = make_ledger(tmp_path / "other", seed=3)
    note = checkpoints.read_outside(other.home)
    assert note is not None
    with reading(ledger.engine) as connection:
        audit = CheckpointAudit(ledger, connection)
        audit.check(note, "it", 4, beyond=False)
    assert (audit.seen.verified, len(audit.seen.faults)) == (0, 1)


def test_few_tiles_are_kept_however_many_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path, example=False)
    with writing(ledger.engine) as connection:
        drafts = [("key", "ledger", bytes(32))] * 1_100
        log.append(connection, log.read_head(connection), drafts, 1)
    monkeypatch.setattr(checkpoint_audit, "TILES_KEPT", 2)
    with reading(ledger.engine) as connection:
        read = kept_tiles(connection)
        for _ in range(2):
            for n in range(4):
                assert read(0, n, 256) == log.read_whole_tile(connection, 0, n)
        assert read(0, 0, 3) == log.read_tile(connection, 0, 0, 3)
        with pytest.raises(DamagedError):
            read(0, 9, 1)
