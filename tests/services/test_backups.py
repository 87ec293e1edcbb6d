"""A backup is online, verified before it has its name, and never half there."""

import errno
import os
import stat
from pathlib import Path

import pytest

from keys.archive import open_archive
from keys.custody import open_folder
from ledger.errors import DamagedError, RefusedError, UnavailableError
from ledger.services import backups
from ledger.services.backup_folder import read_manifest
from ledger.services.backups import KeysApart, take_backup
from ledger.services.context import Ledger
from ledger.services.opening import operator_token
from ledger.storage import table_files
from ledger.storage.tables import METADATA
from tests.ledgers import (
    TestClock,
    edit,
    make_command,
    make_person,
    post,
    query,
    reopen,
    verify_whole,
)

WORDS = "four words nobody joins"


def test_a_backup_holds_every_table_and_is_signed_for(ledger: Ledger, tmp_path: Path) -> None:
    post(ledger, make_command(0), make_command(1))
    backup = take_backup(ledger, tmp_path / "backups")
    manifest = read_manifest(backup.folder)
    assert manifest == backup.manifest
    assert set(manifest.tables) == set(METADATA.tables)
    assert (manifest.size, backup.checkpoint_size) == (6, 6)
    assert backup.folder.name.startswith("jinlan-backup-6-20260115T02")
    assert stat.S_IMODE(backup.folder.stat().st_mode) == 0o700


def test_nothing_that_names_a_person_and_no_key_lies_in_it(ledger: Ledger, tmp_path: Path) -> None:
    post(ledger, make_command(0))
    keys = KeysApart(tmp_path / "keys.archive", WORDS)
    folder = take_backup(ledger, tmp_path / "backups", keys=keys).folder
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    content += keys.path.read_bytes()
    person = make_person()
    for trace in (person.name, person.id_number, person.phone, operator_token(ledger.home)):
        assert str(trace).encode() not in content
    for path in (ledger.home / "keys").glob("*.key"):
        assert path.read_bytes().split()[-1] not in content


def test_the_keys_go_apart_and_open_with_the_passphrase(ledger: Ledger, tmp_path: Path) -> None:
    keys = KeysApart(tmp_path / "apart" / "keys.archive", WORDS)
    keys.path.parent.mkdir()
    keys.path.write_bytes(b"an older one")
    take_backup(ledger, tmp_path / "backups", keys=keys)
    archive = open_archive(keys.path.read_bytes(), WORDS)
    with open_folder(ledger.home) as folder:
        assert archive.files == folder.files()
    assert archive.token == operator_token(ledger.home)
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert list(keys.path.parent.iterdir()) == [keys.path]


def test_keys_are_not_laid_among_the_backups(ledger: Ledger, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    for path in (target / "keys", target / "deeper" / "keys", tmp_path / "x" / ".." / "backups/k"):
        with pytest.raises(RefusedError) as caught:
            take_backup(ledger, target, keys=KeysApart(path, WORDS))
        assert caught.value.code == "keys-beside-backup"
    assert not target.exists()


def test_writers_go_on_and_the_backup_is_of_one_moment(ledger: Ledger, tmp_path: Path) -> None:
    """Another ledger of the folder writes after each table; each table is of the same size."""
    post(ledger, make_command(0))
    other = reopen(ledger)
    write_table, posted = table_files.write_table, []

    def write_and_post(*arguments: object) -> table_files.FileSum:
        outcomes = post(other, make_command(10 + len(posted))).outcomes
        posted.append(outcomes[0].entry_index)
        return write_table(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backups, "write_table", write_and_post)
        backup = take_backup(ledger, tmp_path / "backups")
    assert len(posted) == len(METADATA.tables)
    assert backup.manifest.size == 5
    assert backup.manifest.tables["entry"].sum.rows == 5
    assert backup.manifest.tables["body"].sum.rows == 5
    assert verify_whole(ledger).entries == 5 + len(posted)


def test_older_ones_are_dropped_only_after_the_new_one_is_verified(
    ledger: Ledger, clock: TestClock, tmp_path: Path
) -> None:
    target = tmp_path / "backups"
    made = []
    for _ in range(3):
        clock.pass_ms(1_000)
        made.append(take_backup(ledger, target).folder)
    clock.pass_ms(1_000)
    ((leaf,),) = query(ledger, "SELECT leaf_hash FROM entry WHERE [index] = 1")
    edit(ledger, "UPDATE entry SET leaf_hash = zeroblob(32) WHERE [index] = 1")
    with pytest.raises(DamagedError):
        take_backup(reopen(ledger), target, keep=1)
    assert sorted(target.iterdir()) == made
    edit(ledger, "UPDATE entry SET leaf_hash = ? WHERE [index] = 1", leaf)
    newest = take_backup(reopen(ledger), target, keep=2)
    assert newest.dropped == (made[1], made[0])
    assert sorted(target.iterdir()) == [made[2], newest.folder]


def test_an_entry_that_was_changed_gives_no_backup(ledger: Ledger, tmp_path: Path) -> None:
    post(ledger, *(make_command(n) for n in range(3)))
    take_backup(ledger, tmp_path / "backups")
    edit(ledger, "UPDATE entry SET leaf_hash = zeroblob(32) WHERE [index] = 2")
    with pytest.raises(DamagedError):
        take_backup(reopen(ledger), tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []


@pytest.mark.parametrize("files", [0, 1, 7, 13, 14])
def test_a_full_disk_leaves_no_backup_and_says_so(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """After each number of files, the manifest among them, the disk is full."""
    written: list[Path] = []

    def full(path: Path) -> object:
        if len(written) == files:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        written.append(path)
        return open_new(path)

    open_new = table_files.open_new
    monkeypatch.setattr(table_files, "open_new", full)
    with pytest.raises(UnavailableError, match="No space left") as caught:
        take_backup(ledger, tmp_path / "backups")
    assert caught.value.code == "backup-unwritable"
    assert len(written) == files
    assert list((tmp_path / "backups").iterdir()) == []
