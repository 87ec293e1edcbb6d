"""The public log as files: complete under its checkpoint at any moment, and never another log."""

import threading
from pathlib import Path
from random import Random

import pytest

from ledger.core.key_history import decode_key_history
from ledger.core.key_list import decode_key_list
from ledger.errors import DamagedError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger, open_ledger
from ledger.services.key_entries import rotate_key
from ledger.services.log_copy import open_log_copy
from ledger.services.proving import tile
from ledger.services.publishing import publish
from ledger.storage.engine import reading
from ledger.storage.log import read_entries
from ledger.storage.log_files import KEY_HISTORY, KEY_LIST, LogFolder
from tests.databases import copy_home, settings_for
from tests.ledgers import TestClock, edit, make_command, make_ledger, post
from tests.services.deaths import die_at_each_step


def grow(ledger: Ledger, first: int, count: int = 1) -> int:
    post(ledger, *(make_command(n) for n in range(first, first + count)))
    return sign_checkpoint(ledger).checkpoint.size


def check_complete(ledger: Ledger, folder: Path) -> int:
    """Check that a folder has every entry under its checkpoint; give their number."""
    log = open_log_copy(folder, ledger.origin, ledger.keyring.published().log_verifier_keys()).log
    size = log.checkpoint.size
    with reading(ledger.engine) as connection:
        stored = [one.bytes for one in read_entries(connection, 0, size)]
    assert list(log.entries(0, size)) == stored
    return size


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def check_left_alone(ledger: Ledger, folder: Path) -> None:
    """Check that nothing is published there, because it holds another history."""
    before = files(folder)
    with pytest.raises(DamagedError) as caught:
        publish(ledger, folder)
    assert caught.value.code == "public-other-history"
    assert files(folder) == before


def test_the_folder_holds_what_the_api_serves(ledger: Ledger, tmp_path: Path) -> None:
    size = grow(ledger, 0, 600)
    published = publish(ledger, tmp_path / "public")
    assert published is not None
    assert (published.old_size, published.checkpoint.size) == (0, size)
    assert check_complete(ledger, tmp_path / "public") == size
    found = files(tmp_path / "public")
    tiles = [name for name in found if name.startswith("tile/")]
    assert len(tiles) == 7
    assert all(found[name] == tile(ledger, name) for name in tiles)
    assert found["checkpoint"] == published.note
    assert decode_key_list(found[KEY_LIST]) == ledger.keyring.published()
    assert [one.index for one in decode_key_history(found[KEY_HISTORY])] == [0, 1]


def test_only_what_is_new_is_written(ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 0, 300)
    publish(ledger, tmp_path / "public")
    assert publish(ledger, tmp_path / "public") is None
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "public").rglob("*")}
    size = grow(ledger, 300)
    told: list[int] = []
    publish(ledger, tmp_path / "public", told.append)
    assert sum(told) == size % 256, "the last bundle alone was read"
    changed = {
        path.relative_to(tmp_path / "public").as_posix()
        for path in (tmp_path / "public").rglob("*")
        if path.is_file() and before.get(path) != path.stat().st_mtime_ns
    }
    assert changed == {
        "checkpoint",
        ".sizes",
        f"tile/0/001.p/{size - 256}",
        f"tile/entries/001.p/{size - 256}",
    }


def test_whoever_has_read_an_older_checkpoint_finds_its_tiles_for_a_while(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder, notes = tmp_path / "public", []
    for turn in range(8):
        grow(ledger, 70 * turn, 70)
        publish(ledger, folder)
        notes.append((folder / "checkpoint").read_bytes())
    for note in notes:
        (folder / "checkpoint").write_bytes(note)
        check_complete(ledger, folder)


def test_a_changed_full_tile_is_found_only_when_it_is_written_and_never_written_over(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = tmp_path / "public"
    grow(ledger, 0, 300)
    (folder / "tile/0").mkdir(parents=True)
    (folder / "tile/0/000").write_bytes(b"somebody was here first")
    with pytest.raises(DamagedError) as caught:
        publish(ledger, folder)
    assert caught.value.code == "public-file-differs"
    assert (folder / "tile/0/000").read_bytes() == b"somebody was here first"
    assert not (folder / "checkpoint").exists()


def test_the_folder_of_another_or_a_newer_history_is_left_alone(
    ledger: Ledger, tmp_path: Path, clock: TestClock
) -> None:
    other = make_ledger(tmp_path / "other", clock=clock, seed=2)
    grow(other, 0, 3)
    publish(other, tmp_path / "public")
    grow(ledger, 0, 3)
    check_left_alone(ledger, tmp_path / "public")


def test_a_restored_backup_does_not_go_back_on_what_was_published(
    ledger: Ledger, tmp_path: Path
) -> None:
    backup = (ledger.home / "checkpoint").read_bytes()
    grow(ledger, 0, 3)
    publish(ledger, tmp_path / "public")
    (ledger.home / "checkpoint").write_bytes(backup)
    check_left_alone(ledger, tmp_path / "public")


def test_a_fork_by_the_same_keys_is_not_published_over_the_first(
    ledger: Ledger, tmp_path: Path
) -> None:
    home = copy_home(ledger.home, tmp_path / "fork")
    grow(ledger, 0, 3)
    publish(ledger, tmp_path / "public")
    fork = open_ledger(settings_for(home), clock=ledger.clock)
    for first, count in ((10, 3), (20, 300)):
        grow(fork, first, count)
        check_left_alone(fork, tmp_path / "public")


def test_an_entry_that_was_changed_in_the_database_is_not_published(
    ledger: Ledger, tmp_path: Path
) -> None:
    grow(ledger, 0, 3)
    edit(ledger, "UPDATE entry SET bytes = x'00' WHERE \"index\" = 4")
    with pytest.raises(DamagedError, match="nothing is published"):
        publish(ledger, tmp_path / "public")
    assert not (tmp_path / "public/checkpoint").exists()


def test_a_rotation_is_published_with_the_entries_that_tell_of_it(
    ledger: Ledger, tmp_path: Path, clock: TestClock
) -> None:
    publish(ledger, tmp_path / "public")
    clock.pass_ms(1000)
    rotated = rotate_key(ledger, "log", 1000)
    publish(ledger, tmp_path / "public")
    opened = decode_key_history((tmp_path / "public" / KEY_HISTORY).read_bytes())
    assert [one.index for one in opened][-2:] == rotated["entries"]
    assert decode_key_list((tmp_path / "public" / KEY_LIST).read_bytes()).keys[-1].id


def test_dying_at_any_step_leaves_a_whole_log_that_the_next_run_completes(
    ledger: Ledger, tmp_path: Path
) -> None:
    size = grow(ledger, 0, 260)
    publish(ledger, tmp_path / "public")
    newest = grow(ledger, 260, 300)
    sizes = die_at_each_step("publish", ledger.home, tmp_path / "public")
    assert len(sizes) > 12
    assert sizes == sorted(sizes)
    assert set(sizes) == {size, newest}
    assert check_complete(ledger, tmp_path / "public") == newest
    assert publish(ledger, tmp_path / "public") is None


def test_two_publishers_at_once_do_each_other_no_harm(ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 0, 300)
    other = threading.Thread(target=publish, args=(ledger, tmp_path / "public"))
    with LogFolder(tmp_path / "public").held():
        other.start()
        other.join(0.2)
        assert other.is_alive(), "it waits"
        assert not (tmp_path / "public/checkpoint").exists()
    other.join(20)
    assert publish(ledger, tmp_path / "public") is None


def test_folders_published_at_different_times_are_alike(ledger: Ledger, tmp_path: Path) -> None:
    chance = Random(1)
    place = 0
    for _ in range(5):
        count = chance.randrange(1, 200)
        grow(ledger, place, count)
        place += count
        publish(ledger, tmp_path / "often")
    publish(ledger, tmp_path / "once")
    often, once = files(tmp_path / "often"), files(tmp_path / "once")
    assert {name: often[name] for name in once if name != ".sizes"} == {
        name: data for name, data in once.items() if name != ".sizes"
    }
