"""A checkpoint is signed over what was read back, and what it says is never taken back."""

from pathlib import Path

import pytest

from ledger.core.checkpoint import open_checkpoint
from ledger.core.digest import leaf_hash
from ledger.errors import DamagedError
from ledger.services.checkpointing import (
    agrees,
    contradicting_checkpoints,
    last_checkpoint,
    read_back_all,
    sign_checkpoint,
)
from ledger.services.context import Ledger
from ledger.services.key_entries import rotate_key
from ledger.storage import checkpoints
from ledger.storage.engine import reading
from tests.databases import copy_home, put_back_database
from tests.ledgers import (
    DAY_MS,
    TestClock,
    edit,
    make_command,
    make_ledger,
    post,
    query,
    reopen,
    verify_whole,
)


def _copy(ledger: Ledger, to: Path) -> Path:
    ledger.close()
    return copy_home(ledger.home, to)


def _swap_database(ledger: Ledger, backup: Path) -> None:
    ledger.close()
    put_back_database(ledger.home, backup)


def _refuses_to_write(ledger: Ledger, code: str) -> None:
    for write in (lambda: post(ledger, make_command(1)), lambda: sign_checkpoint(ledger)):
        with pytest.raises(DamagedError) as caught:
            write()
        assert caught.value.code == code


def test_a_checkpoint_covers_all_entries_and_is_kept_outside_the_database(ledger: Ledger) -> None:
    post(ledger, make_command())
    signed = sign_checkpoint(ledger)
    assert signed.checkpoint.size == 5
    assert checkpoints.read_outside(ledger.home) == signed.note
    assert last_checkpoint(ledger) == signed
    assert query(ledger, "SELECT note FROM checkpoint WHERE size = 5") == [(signed.note,)]


def test_a_log_that_has_not_grown_keeps_its_checkpoint(ledger: Ledger) -> None:
    first = sign_checkpoint(ledger)
    assert sign_checkpoint(ledger) == first
    assert sign_checkpoint(reopen(ledger)) == first


def test_each_checkpoint_continues_the_one_before(ledger: Ledger) -> None:
    sizes = []
    for n in range(4):
        post(ledger, *(make_command(10 * n + i) for i in range(3 * n + 1)))
        sizes.append(sign_checkpoint(ledger).checkpoint.size)
    assert sizes == [5, 9, 16, 26]
    assert verify_whole(ledger).checkpoints >= len(sizes)


FLIPS = {
    "entry bytes": "UPDATE entry SET bytes = CAST(replace(bytes, '\"v\":1', '\"v\":2') AS BLOB) "
    'WHERE "index" = 5',
    "leaf hash": 'UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = 5',
    "tile": "UPDATE tile SET hashes = CAST(substr(hashes, 1, 160) || zeroblob(32) || "
    "substr(hashes, 193) AS BLOB) WHERE level = 0",
    "removed": 'DELETE FROM entry WHERE "index" = 5',
    "head size": "UPDATE head SET size = size + 1",
    "head hash": "UPDATE head SET leaf_hash = zeroblob(32)",
    "tile removed": "DELETE FROM tile",
    "tile cut": "UPDATE tile SET hashes = substr(hashes, 1, 160)",
}


@pytest.mark.parametrize("flip", FLIPS)
def test_no_checkpoint_is_signed_over_what_was_not_appended(ledger: Ledger, flip: str) -> None:
    """Notes, security L10: a bit that flipped between hashing and storing stops the signature."""
    before = sign_checkpoint(ledger)
    post(ledger, *(make_command(n) for n in range(4)))
    assert edit(ledger, FLIPS[flip]) == 1
    for door in (ledger, reopen(ledger)):
        with pytest.raises(DamagedError):
            sign_checkpoint(door)
    assert checkpoints.read_outside(ledger.home) == before.note


def test_a_rehashed_entry_behind_the_last_checkpoint_is_not_signed_either(ledger: Ledger) -> None:
    post(ledger, make_command(0), make_command(1))
    (stored,) = query(ledger, 'SELECT bytes FROM entry WHERE "index" = 4')[0]
    changed = bytes(stored).replace(b'"issuer":"org-', b'"issuer":"org+')  # type: ignore[call-overload]
    edit(
        ledger, 'UPDATE entry SET bytes = ?, leaf_hash = ? WHERE "index" = 4',
        changed, leaf_hash(changed),
    )  # fmt: skip
    with pytest.raises(DamagedError, match="entry"):
        sign_checkpoint(ledger)


def test_a_hash_of_a_higher_tile_is_recomputed_before_signing(ledger: Ledger) -> None:
    post(ledger, *(make_command(n) for n in range(260)))
    assert edit(ledger, "UPDATE tile SET hashes = zeroblob(32) WHERE level = 1") == 1
    with pytest.raises(DamagedError, match="tile 1/0"):
        sign_checkpoint(ledger)


def test_a_database_behind_the_checkpoint_file_is_not_written(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Notes, security L3: an old backup was put back."""
    backup = _copy(ledger, tmp_path / "backup")
    post(ledger, make_command())
    sign_checkpoint(ledger)
    _swap_database(ledger, backup)
    _refuses_to_write(reopen(ledger), "behind-checkpoint")
    assert query(ledger, "SELECT size FROM head") == [(4,)]


def test_a_database_of_another_history_is_not_written(ledger: Ledger, tmp_path: Path) -> None:
    """A backup was put back and appended to: as long as ours, or longer, but not ours."""
    backup = make_ledger_twin(ledger, tmp_path)
    post(ledger, make_command())
    sign_checkpoint(ledger)
    _swap_database(ledger, backup)
    _refuses_to_write(reopen(ledger), "other-history")


def make_ledger_twin(ledger: Ledger, tmp_path: Path) -> Path:
    """Copy a ledger, and let the copy grow on its own."""
    home = _copy(ledger, tmp_path / "twin" / "home")
    twin = make_ledger(home.parent, seed=2)
    post(twin, make_command(7), make_command(8))
    twin.close()
    return home


def test_a_history_cut_out_of_the_tiles_is_told_as_damage(ledger: Ledger) -> None:
    edit(ledger, "DELETE FROM tile")
    with pytest.raises(DamagedError):
        post(reopen(ledger), make_command())


@pytest.mark.parametrize("content", [b"", b"jinlan.localhost\n4\n"])
def test_a_checkpoint_file_that_this_ledger_did_not_sign_stops_writing(
    ledger: Ledger, content: bytes
) -> None:
    (ledger.home / checkpoints.FILE_NAME).write_bytes(content)
    with pytest.raises(DamagedError, match="checkpoint file"):
        post(reopen(ledger), make_command())


def test_dying_between_file_and_row_is_made_good_by_the_next_checkpoint(ledger: Ledger) -> None:
    post(ledger, make_command())
    sign_checkpoint(ledger)
    edit(ledger, "DELETE FROM checkpoint WHERE size = 5")
    sign_checkpoint(reopen(ledger))
    assert query(ledger, "SELECT max(size) FROM checkpoint") == [(5,)]
    verify_whole(ledger)


def test_after_a_rotation_checkpoints_carry_both_signatures_until_the_overlap_ends(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    ledger = make_ledger(tmp_path, clock=clock)
    old = ledger.keyring.published().log_verifier_keys()
    clock.pass_ms(1_000)
    rotate_key(ledger, "log", 30 * DAY_MS)
    new = [key for key in ledger.keyring.published().log_verifier_keys() if key not in old]
    assert len(new) == 1
    post(ledger, make_command())
    note = sign_checkpoint(ledger).note
    for keys in (old, new):
        assert open_checkpoint(note, ledger.origin, keys).size == 7
    clock.pass_ms(31 * DAY_MS)
    post(ledger, make_command(1))
    note = sign_checkpoint(ledger).note
    assert open_checkpoint(note, ledger.origin, new).size == 8
    with pytest.raises(Exception, match="sign"):
        open_checkpoint(note, ledger.origin, old)
    verify_whole(ledger)


def test_a_checkpoint_over_other_entries_contradicts_and_another_ledgers_is_not_judged(
    ledger: Ledger, tmp_path: Path
) -> None:
    post(ledger, make_command())
    note = sign_checkpoint(ledger).note
    with reading(ledger.engine) as connection:
        assert contradicting_checkpoints(ledger, connection) == {}
        assert agrees(ledger, connection, 5, note)
    stranger = sign_checkpoint(make_ledger(tmp_path / "other", seed=6)).note
    edit(ledger, "INSERT INTO checkpoint VALUES (77, ?)", stranger)
    edit(ledger, "UPDATE tile SET hashes = zeroblob(length(hashes))")
    with reading(ledger.engine) as connection:
        contradicting = contradicting_checkpoints(ledger, connection)
        assert contradicting[5] == note
        assert 77 not in contradicting
        assert not agrees(ledger, connection, 5, note)
        with pytest.raises(DamagedError):
            read_back_all(connection)
