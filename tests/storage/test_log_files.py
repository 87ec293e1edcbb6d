"""The files of a log: made in one step each, full tiles never again, old partial ones removed."""

import os
import stat
from pathlib import Path

import pytest

from ledger.errors import DamagedError, NotFoundError, UnavailableError
from ledger.storage.log_files import CHECKPOINT, SIZES, SIZES_KEPT, LogFolder


def names(folder: LogFolder) -> set[str]:
    return {
        path.relative_to(folder.path).as_posix()
        for path in folder.path.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_whatever_the_umask_a_web_server_may_read_all_of_it(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path / "made" / "public")
    before = os.umask(0o077)
    try:
        with folder.held():
            folder.write_tile("entries", 1_234_067, 256, b"x")
            folder.publish(b"note")
    finally:
        os.umask(before)
    assert names(folder) == {CHECKPOINT, "tile/entries/x001/x234/067"}
    for path in folder.path.rglob("[!.]*"):
        expected = 0o755 if path.is_dir() else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_a_file_that_differs_is_not_written_over(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path)
    folder.write_tile(0, 7, 256, b"first")
    inode = (tmp_path / "tile/0/007").stat().st_ino
    folder.write_tile(0, 7, 256, b"first")
    assert (tmp_path / "tile/0/007").stat().st_ino == inode, "it was not written again"
    with pytest.raises(DamagedError) as caught:
        folder.write_tile(0, 7, 256, b"other")
    assert caught.value.code == "public-file-differs"
    assert folder.read("tile/0/007") == b"first"


def test_reading_stops_soon_after_the_limit(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path)
    folder.replace("checkpoint", b"0123456789")
    assert folder.read("checkpoint", 4) == b"01234"
    assert folder.read("checkpoint") == b"0123456789"
    for name in ("tile", "nothing"):
        with pytest.raises(NotFoundError):
            folder.read(name)


def write_partials(folder: LogFolder, size: int, published: int) -> None:
    folder.begin(size, published)
    if size % 256:
        folder.write_tile(0, size // 256, size % 256, b"%d" % size)
        folder.write_tile("entries", size // 256, size % 256, b"%d" % size)
    if size >> 8:
        folder.write_tile(1, 0, size >> 8, b"%d" % (size >> 8))


def test_the_partial_tiles_of_the_last_sizes_stay_and_older_ones_go(tmp_path: Path) -> None:
    """c2sp.org/tlog-tiles: they may go once the full tile is there, and must not before."""
    folder = LogFolder(tmp_path)
    sizes = [1, 5, *range(250, 12 * 256, 130)]
    for before, size in zip([0, *sizes], sizes, strict=False):
        write_partials(folder, size, before)
        at = sizes.index(size)
        there = names(folder)
        for kept in sizes[max(0, at - SIZES_KEPT + 1) : at + 1]:
            if kept % 256:
                assert f"tile/0/{kept // 256:03}.p/{kept % 256}" in there
                assert f"tile/entries/{kept // 256:03}.p/{kept % 256}" in there
            if kept >> 8:
                assert f"tile/1/000.p/{kept >> 8}" in there
        folders = {name.rpartition("/")[0] for name in there}
        assert len(folders) <= 2 * SIZES_KEPT + 2
    assert "tile/0/000.p/1" not in names(folder)


def test_partial_tiles_whose_full_tile_is_not_there_stay_however_many_they_are(
    tmp_path: Path,
) -> None:
    folder = LogFolder(tmp_path)
    for size in range(1, 100):
        write_partials(folder, size, size - 1)
    assert len(names(folder)) == 2 * 99


def test_the_partial_tiles_of_the_published_size_outlive_runs_that_were_cut_off(
    tmp_path: Path,
) -> None:
    folder = LogFolder(tmp_path)
    write_partials(folder, 10, 0)
    for size in range(300, 300 + 300 * 40, 300):
        write_partials(folder, size, 10)  # none of them was published
    assert "tile/0/000.p/10" in names(folder)


def test_a_spoilt_list_of_sizes_removes_nothing(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path)
    write_partials(folder, 10, 0)
    folder.replace(SIZES, b"\xff what")
    write_partials(folder, 300, 10)
    assert "tile/0/000.p/10" in names(folder)


def test_a_file_system_that_refuses_is_told_as_something_that_may_pass(tmp_path: Path) -> None:
    (tmp_path / "public").write_bytes(b"a file where the folder should be")
    with pytest.raises(UnavailableError), LogFolder(tmp_path / "public").held():
        pytest.fail("held")


def test_what_died_on_the_way_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path)
    folder.replace("tile/0/000", b"old")
    (tmp_path / "tile/0/.000.new").write_bytes(b"half")
    folder.replace("tile/0/000", b"new")
    assert [path.name for path in (tmp_path / "tile/0").iterdir()] == ["000"]
    assert folder.read("tile/0/000") == b"new"
