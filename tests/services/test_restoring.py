"""A restored ledger is the one that was backed up, or the restore says why it is not."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from ledger.errors import CustodyError, DamagedError, RefusedError
from ledger.services.backup_folder import read_manifest
from ledger.services.backups import KeysApart, take_backup
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger, open_ledger
from ledger.services.erasure import erase
from ledger.services.key_entries import rotate_key
from ledger.services.opening import operator_token
from ledger.services.restoring import Restored, restore
from ledger.services.settings import DATABASE, Settings
from ledger.services.transcripts import read_transcript
from ledger.storage.tables import METADATA
from tests.databases import (
    RawDatabase,
    copy_home,
    other_engine,
    remove_database,
    settings_for,
)
from tests.ledgers import (
    TODAY,
    TestClock,
    make_command,
    make_ledger,
    post,
    post_one,
    subject_of,
    verify_whole,
)

WORDS = "four words nobody joins"


@pytest.fixture(scope="module")
def ledger(folder_of_a_file: Path) -> Ledger:
    """A ledger with rotated keys, a correction and an erased person, and its backup."""
    clock = TestClock()
    made = make_ledger(folder_of_a_file, clock=clock)
    post(made, *(make_command(n) for n in range(6)))
    clock.pass_ms(1)
    rotate_key(made, "log")
    rotate_key(made, "vault")
    post_one(made, make_command(1, attendance=None), correcting=True)
    erase(made, subject_of(made, 2))
    keys = KeysApart(made.home.parent / "keys.archive", WORDS)
    take_backup(made, made.home.parent / "backups", keys=keys)
    return made


@pytest.fixture
def backup(ledger: Ledger) -> Path:
    (folder,) = (ledger.home.parent / "backups").iterdir()
    return folder


@pytest.fixture
def keys(ledger: Ledger) -> KeysApart:
    return KeysApart(ledger.home.parent / "keys.archive", WORDS)


def _restore(home: Path, backup: Path, keys: KeysApart | None, **more: Path) -> Restored:
    return restore(settings_for(home), backup, Random(7).randbytes, keys=keys, **more)


def _dump(home: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(RawDatabase(home)) as database:
        return {
            name: sorted(database.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)  # noqa: S608
            for name in METADATA.tables
        }


def test_every_row_comes_back_and_the_ledger_goes_on(
    ledger: Ledger, backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    done = _restore(home, backup, keys)
    assert done.audit.findings == []
    assert (done.size, done.refusal) == (done.audit.entries, None)
    assert _dump(home) == _dump(ledger.home)
    for name in ("operator-token", "keys.json", "checkpoint"):
        assert (home / name).read_bytes() == (ledger.home / name).read_bytes()
    again = open_ledger(settings_for(home), clock=ledger.clock)
    subject = subject_of(ledger, 1)
    assert read_transcript(again, subject, TODAY) == read_transcript(ledger, subject, TODAY)
    post(again, make_command(20))
    verify_whole(again)
    again.close()


def test_keys_that_are_in_place_are_used(ledger: Ledger, backup: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copytree(ledger.home / "keys", home / "keys")
    assert _restore(home, backup, None).audit.sound
    assert operator_token(home) not in {"", operator_token(ledger.home)}, "a new one"


def test_without_keys_or_with_others_nothing_is_restored(
    backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    with pytest.raises(RefusedError) as caught:
        _restore(tmp_path / "none", backup, None)
    assert caught.value.code == "keys-missing"
    with pytest.raises(CustodyError):
        _restore(tmp_path / "wrong", backup, KeysApart(keys.path, "not the passphrase"))
    other = make_ledger(tmp_path / "other", seed=3)
    other.close()
    (other.home / "checkpoint").unlink()
    remove_database(other.home)
    with pytest.raises(RefusedError) as caught:
        _restore(other.home, backup, keys)
    assert caught.value.code == "keys-present"
    with pytest.raises(DamagedError, match="not signed by this ledger"):
        _restore(other.home, backup, None)


def test_a_folder_that_holds_anything_else_is_refused(
    ledger: Ledger, backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    before = _dump(ledger.home)
    with pytest.raises(RefusedError, match="there is a database") as caught:
        _restore(ledger.home, backup, keys)
    assert caught.value.code == "home-not-empty"
    assert _dump(ledger.home) == before
    (tmp_path / "home" / "exports").mkdir(parents=True)
    with pytest.raises(RefusedError, match="found exports"):
        _restore(tmp_path / "home", backup, keys)


def test_a_restore_that_was_cut_off_before_its_commit_can_be_repeated(
    backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    home = tmp_path / "home"

    def stop(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(settings_for(home), backup, Random(7).randbytes, keys=keys, advance=stop)
    assert _restore(home, backup, keys).audit.sound


def test_a_damaged_backup_leaves_the_database_empty(
    backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    bad = Path(shutil.copytree(backup, tmp_path / backup.name))
    path = bad / "tile.rows"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(DamagedError) as caught:
        _restore(tmp_path / "home", bad, keys)
    assert caught.value.code == "backup-damaged"
    assert _restore(tmp_path / "home", backup, keys).audit.sound


def test_a_manifest_that_was_made_to_fit_leaves_the_database_empty_too(
    backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    bad = Path(shutil.copytree(backup, tmp_path / backup.name))
    manifest = replace(read_manifest(bad), root=bytes(32))
    (bad / "manifest").write_bytes(manifest.encode())
    with pytest.raises(DamagedError, match="others than its manifest says"):
        _restore(tmp_path / "home", bad, keys)
    manifest = read_manifest(backup)
    fewer = {name: table for name, table in manifest.tables.items() if name != "body"}
    (bad / "manifest").write_bytes(replace(manifest, tables=fewer).encode())
    with pytest.raises(DamagedError, match="not those of migration 0001"):
        _restore(tmp_path / "home", bad, keys)
    with closing(RawDatabase(tmp_path / "home")) as database:
        assert database.tables() == []


def test_an_old_backup_is_held_against_the_newest_checkpoint(
    ledger: Ledger, backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    """Whether it lies in the data folder or is named; nothing is writable in between."""
    ledger.close()
    later = copy_home(ledger.home, tmp_path / "later")
    ahead = open_ledger(settings_for(later), clock=ledger.clock)
    post(ahead, make_command(30))
    note = sign_checkpoint(ahead).note
    ahead.close()
    there = tmp_path / "there"
    there.mkdir(mode=0o700)
    (there / "checkpoint").write_bytes(note)
    (tmp_path / "kept").write_bytes(note)
    for home, named in ((there, {}), (tmp_path / "named", {"checkpoint": tmp_path / "kept"})):
        done = _restore(home, backup, keys, **named)
        assert done.refusal is not None
        assert done.refusal.code == "behind-checkpoint"
        assert done.audit.findings == []
        assert done.checkpoint_size == done.size + 1
        assert (home / "checkpoint").read_bytes() == note
        again = open_ledger(settings_for(home))
        with pytest.raises(DamagedError):
            post(again, make_command(31))
        again.close()


def test_a_checkpoint_of_somebody_else_stops_the_restore(
    backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_bytes(sign_checkpoint(make_ledger(tmp_path, seed=3)).note)
    with pytest.raises(DamagedError, match="kept: not a checkpoint"):
        _restore(tmp_path / "new", backup, keys, checkpoint=tmp_path / "kept")


def test_a_backup_of_a_newer_version_is_refused(
    ledger: Ledger, keys: KeysApart, tmp_path: Path
) -> None:
    newer = Path(shutil.copytree(ledger.home.parent / "backups", tmp_path / "backups"))
    (folder,) = newer.iterdir()
    manifest = (folder / "manifest").read_bytes()
    (folder / "manifest").write_bytes(manifest.replace(b'"0001"', b'"9999"'))
    with pytest.raises(DamagedError, match=r"9999.*newer version"):
        _restore(tmp_path / "home", folder, keys)


def test_a_backup_moves_a_ledger_to_the_other_engine_and_is_the_same_when_taken_there(
    backup: Path, keys: KeysApart, tmp_path: Path
) -> None:
    """To PostgreSQL when a ledger outgrows its machine; and back, when it does not."""
    home = tmp_path / "moved"
    with other_engine(home / DATABASE) as database:
        url = None if isinstance(database, Path) else database
        settings = Settings(home, database_url=url)
        assert restore(settings, backup, Random(7).randbytes, keys=keys).audit.sound
        moved = open_ledger(settings)
        take_backup(moved, tmp_path / "backups")
        moved.close()
    (again,) = (tmp_path / "backups").iterdir()
    first, second = (read_manifest(folder) for folder in (backup, again))
    assert dict(second.tables) == dict(first.tables)
    assert (second.size, second.root) == (first.size, first.root)
