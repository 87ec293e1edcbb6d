"""Signed checkpoints: the first for a size stays, and the last is kept outside the database."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ledger.errors import UnavailableError
from ledger.storage import checkpoints
from ledger.storage.engine import reading, writing
from tests.storage.log_fixture import make_engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path)


def test_checkpoints_are_read_by_size(engine: Engine) -> None:
    with writing(engine) as connection:
        assert list(checkpoints.read_all(connection)) == []
        assert list(checkpoints.newest_first(connection)) == []
        for size, note in ((3, b"three"), (11, b"eleven"), (5, b"five")):
            checkpoints.store(connection, size, note)
        assert [size for size, _ in checkpoints.read_all(connection)] == [3, 5, 11]
        assert [size for size, _ in checkpoints.newest_first(connection)] == [11, 5, 3]


def test_the_first_checkpoint_for_a_size_stays(engine: Engine) -> None:
    with writing(engine) as connection:
        checkpoints.store(connection, 3, b"first")
        checkpoints.store(connection, 3, b"second")
    with reading(engine) as connection:
        assert list(checkpoints.read_all(connection)) == [(3, b"first")]


def test_the_file_outside_holds_the_last_note(tmp_path: Path) -> None:
    assert checkpoints.read_outside(tmp_path) is None
    checkpoints.write_outside(tmp_path, b"first")
    checkpoints.write_outside(tmp_path, b"second")
    assert checkpoints.read_outside(tmp_path) == b"second"
    assert [path.name for path in tmp_path.iterdir()] == [checkpoints.FILE_NAME]


def test_a_write_that_fails_leaves_the_old_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes, security L6: the disk says no between the new file and the swap."""
    checkpoints.write_outside(tmp_path, b"first")

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UnavailableError, match="No space"):
        checkpoints.write_outside(tmp_path, b"second")
    assert checkpoints.read_outside(tmp_path) == b"first"


def test_a_note_that_is_kept_aside_is_not_written_over(tmp_path: Path) -> None:
    kept = checkpoints.keep_aside(tmp_path, "before-7", b"first")
    assert checkpoints.keep_aside(tmp_path, "before-7", b"second") == kept
    assert kept.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.before-7"]
