"""The folder of a backup: a strict manifest, one step to its name, and careful dropping."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.core.canonical import decode, encode
from ledger.errors import DamagedError, MalformedError, RefusedError
from ledger.services.backup_folder import (
    Manifest,
    TableFile,
    backups_in,
    drop_older,
    finish,
    passing_folder,
    read_manifest,
    write_manifest,
)
from ledger.storage.table_files import FileSum
from tests.ledgers import START_MS

SUM = FileSum(3, 40, bytes(32))
MANIFEST = Manifest(
    "jinlan.localhost",
    START_MS,
    "0001",
    7,
    bytes(range(32)),
    {"entry": TableFile(("index", "bytes"), SUM)},
    replace(SUM, rows=0),
    replace(SUM, rows=0),
)


def _make(target: Path, made_at_ms: int = START_MS, origin: str = "jinlan.localhost") -> Path:
    manifest = replace(MANIFEST, made_at_ms=made_at_ms, origin=origin)
    with passing_folder(target, f"token-{made_at_ms}") as folder:
        write_manifest(folder, manifest)
        return finish(folder, manifest)


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert Manifest.decode(MANIFEST.encode()) == MANIFEST
    assert MANIFEST.folder_name == "jinlan-backup-7-20260115T020000000Z"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", 2),
        ("type", "Backup"),
        ("origin", ""),
        ("made_at", "2026"),
        ("size", -1),
        ("root", "00"),
        ("tables", {"entry; DROP TABLE entry": {}}),
        ("tables", {"entry": {"columns": ['"'], "rows": 1, "bytes": 1, "sha256": "0" * 64}}),
        ("tables", {"entry": {"columns": [], "rows": 1, "bytes": 1}}),
        ("checkpoint", None),
        ("more", 1),
    ],
)
def test_a_manifest_in_another_form_is_refused(field: str, value: object) -> None:
    document = decode(MANIFEST.encode())
    assert isinstance(document, dict)
    document[field] = value  # type: ignore[assignment]
    with pytest.raises(MalformedError):
        Manifest.decode(encode(document))


def test_a_folder_gets_its_name_in_one_step_and_only_once(tmp_path: Path) -> None:
    made = _make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST.folder_name]
    assert read_manifest(made) == MANIFEST
    with pytest.raises(RefusedError):
        _make(tmp_path)
    assert list(backups_in(tmp_path)) == [(made, MANIFEST)]


def test_what_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with passing_folder(tmp_path, "a") as folder:
            (folder / "entry.rows").write_bytes(b"x")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_left_is_swept_away_but_not_what_is_being_written(
    tmp_path: Path,
) -> None:
    left = tmp_path / ".jinlan-backup-killed"
    half_dropped = tmp_path / ".dropped-jinlan-backup-3-20260115T020000000Z"
    stranger = tmp_path / "someone's folder"
    for path in (left, half_dropped, stranger):
        path.mkdir()
        (path / "entry.rows").write_bytes(b"x")
    with passing_folder(tmp_path, "one") as one:
        assert not left.exists()
        assert not half_dropped.exists()
        with passing_folder(tmp_path, "two"):
            assert one.exists()
    assert list(tmp_path.iterdir()) == [stranger]


def test_the_newest_are_kept_and_the_one_just_made_is_always_among_them(tmp_path: Path) -> None:
    made = [_make(tmp_path, START_MS + n) for n in range(5)]
    assert drop_older(made[4], 3) == [made[1], made[0]]
    # Under a clock that was turned back the newest is not the last by name.
    early = _make(tmp_path, START_MS - 1)
    assert drop_older(early, 1) == [made[4], made[3], made[2]]
    assert list(tmp_path.iterdir()) == [early]


def test_what_is_no_good_backup_or_of_another_log_is_not_dropped(tmp_path: Path) -> None:
    other = _make(tmp_path, START_MS + 1, "other.localhost")
    bad = _make(tmp_path, START_MS + 2)
    (bad / "manifest").write_bytes(b"{}")
    newest = _make(tmp_path, START_MS + 3)
    assert drop_older(newest, 1) == []
    assert sorted(tmp_path.iterdir()) == sorted([other, bad, newest])
    with pytest.raises(DamagedError):
        read_manifest(bad)
