"""A backup is read to the last byte, and each way of not being the log's is named."""

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from ledger.errors import DamagedError
from ledger.services import backup_folder, backups
from ledger.services.backup_folder import Manifest, read_manifest
from ledger.services.backup_reading import BackupReader
from ledger.services.backups import take_backup
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.storage.table_files import read_table, write_file
from tests.ledgers import make_command, make_ledger, post, reopen


@pytest.fixture(scope="module")
def ledger(folder_of_a_file: Path) -> Ledger:
    made = make_ledger(folder_of_a_file)
    post(made, *(make_command(n) for n in range(9)))
    return made


@pytest.fixture(scope="module")
def made(ledger: Ledger) -> Path:
    return take_backup(ledger, ledger.home.parent / "backups").folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / made.name))


def _reader(ledger: Ledger, folder: Path) -> BackupReader:
    return BackupReader(folder, ledger.keyring.published().every_log_verifier_key())


def _refused(ledger: Ledger, folder: Path) -> str:
    with pytest.raises(DamagedError) as caught:
        _reader(ledger, folder).read_all(lambda _count: None)
    assert caught.value.code == "backup-damaged"
    return caught.value.message


def _manifest(folder: Path, manifest: Manifest) -> None:
    (folder / backup_folder.MANIFEST).write_bytes(manifest.encode())


def test_a_good_backup_is_read_whole(ledger: Ledger, folder: Path) -> None:
    seen: list[int] = []
    reader = _reader(ledger, folder)
    reader.read_all(seen.append)
    assert sum(seen) == reader.manifest.size == reader.checkpoint.size == 13


def test_a_bit_flipped_in_any_file_is_found(ledger: Ledger, folder: Path) -> None:
    chance = Random(3)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for _ in range(3 if whole else 0):
            place = chance.randrange(len(whole))
            flipped = bytes([whole[place] ^ (1 << chance.randrange(8))])
            path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
            assert _refused(ledger, folder)
        path.write_bytes(whole)
    _reader(ledger, folder).read_all(lambda _count: None)


def test_a_missing_file_is_found(ledger: Ledger, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        path.rename(folder.parent / "aside")
        assert _refused(ledger, folder)
        (folder.parent / "aside").rename(path)


def test_a_manifest_that_was_made_to_fit_does_not_pass_the_chain_and_the_signature(
    ledger: Ledger, folder: Path
) -> None:
    """Whoever can write the folder can write the sums, but not the log's signature."""
    manifest = read_manifest(folder)
    _manifest(folder, replace(manifest, size=12))
    assert "larger log" in _refused(ledger, folder)
    _manifest(folder, replace(manifest, root=bytes(32)))
    assert "others than its manifest says" in _refused(ledger, folder)
    path, table = folder / "entry.rows", manifest.tables["entry"]
    rows = [row for chunk in read_table(path, table.sum, 3) for row in chunk]
    assert len(rows) == 13
    cut = path.read_bytes()[4:]
    path.unlink()
    tables = dict(manifest.tables)
    tables["entry"] = replace(table, sum=write_file(path, cut))
    _manifest(folder, replace(manifest, tables=tables))
    assert _refused(ledger, folder)


def test_an_entry_of_another_time_breaks_the_chain(ledger: Ledger, folder: Path) -> None:
    manifest = read_manifest(folder)
    path, table = folder / "entry.rows", manifest.tables["entry"]
    changed = path.read_bytes().replace(b"2026-01-15", b"2026-01-16")
    path.unlink()
    tables = dict(manifest.tables)
    tables["entry"] = replace(table, sum=replace(write_file(path, changed), rows=13))
    _manifest(folder, replace(manifest, tables=tables))
    assert "entry 0 is not in its place" in _refused(ledger, folder)


def test_other_columns_are_refused_in_words(ledger: Ledger, folder: Path) -> None:
    manifest = read_manifest(folder)
    tables = dict(manifest.tables)
    tables["entry"] = replace(tables["entry"], columns=("leaf_hash", "index", "bytes"))
    _manifest(folder, replace(manifest, tables=tables))
    assert _refused(ledger, folder)
    tables["entry"] = replace(tables["entry"], columns=("a", "b", "c"))
    _manifest(folder, replace(manifest, tables=tables))
    assert "other columns" in _refused(ledger, folder)


def test_a_backup_of_another_ledger_is_not_signed_by_this_one(folder: Path, tmp_path: Path) -> None:
    other = make_ledger(tmp_path / "other", seed=9)
    assert "not signed by this ledger" in _refused(other, folder)


def test_what_was_appended_behind_the_checkpoint_is_held_by_the_chain(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer came between the signature and the snapshot: its entry is in."""
    size = sign_checkpoint(ledger).checkpoint.size
    other = reopen(ledger)
    monkeypatch.setattr(backups, "sign_checkpoint", lambda _: post(other, make_command(50)))
    backup = take_backup(ledger, tmp_path / "later")
    assert (backup.checkpoint_size, backup.manifest.size) == (size, size + 1)
    _reader(ledger, backup.folder).read_all(lambda _count: None)
