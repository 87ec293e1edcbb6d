"""Making a ledger may be repeated and interrupted; keys are never made anew for an old one."""

import shutil
from pathlib import Path

import pytest

from ledger.errors import CustodyError, DamagedError, NotFoundError, RefusedError
from ledger.services.context import KEYS_INDEX
from ledger.services.opening import TOKEN_FILE, initialise, key_list, migrate, operator_token
from ledger.services.settings import DATABASE
from ledger.storage.checkpoints import FILE_NAME as CHECKPOINT_FILE
from tests.databases import remove_database, settings_for
from tests.ledgers import edit, make_command, make_ledger, post, query, verify_whole


def test_a_new_ledger_has_its_keys_in_the_log_and_a_signed_checkpoint(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, example=False)
    assert verify_whole(ledger).entries == len(key_list(ledger).keys) == 2
    assert (ledger.home / CHECKPOINT_FILE).is_file()


def test_only_the_owner_can_look_into_the_data_folder(tmp_path: Path) -> None:
    home = make_ledger(tmp_path).home
    assert home.stat().st_mode & 0o777 == 0o700
    for secret in [home / TOKEN_FILE, *(home / "keys").iterdir()]:
        assert secret.stat().st_mode & 0o077 == 0


def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    post(ledger, make_command())
    size = verify_whole(ledger).entries
    token, keys = operator_token(ledger.home), key_list(ledger)
    again = initialise(settings_for(ledger.home))
    assert verify_whole(again).entries == size
    assert (operator_token(again.home), key_list(again)) == (token, keys)


@pytest.mark.parametrize("missing", [KEYS_INDEX, DATABASE, "keys.json", TOKEN_FILE])
def test_dying_while_it_is_made_leaves_what_a_repetition_completes(
    tmp_path: Path, missing: str
) -> None:
    home = make_ledger(tmp_path, example=False).home
    if missing == KEYS_INDEX:  # died while the keys were made
        (home / missing).unlink()
    if missing in {KEYS_INDEX, DATABASE}:  # or right after
        for path in home.iterdir():
            if path.name != "keys":
                path.unlink()
        remove_database(home)
    else:
        (home / missing).unlink()
    again = initialise(settings_for(home))
    assert missing == DATABASE or (home / missing).is_file()
    assert verify_whole(again).entries == 2


@pytest.mark.parametrize("left", [DATABASE, CHECKPOINT_FILE])
def test_a_ledger_without_keys_gets_no_new_ones(tmp_path: Path, left: str) -> None:
    home = make_ledger(tmp_path).home
    shutil.rmtree(home / "keys")
    for path in home.iterdir():
        if path.name != left:
            path.unlink()
    with pytest.raises(RefusedError) as caught:
        initialise(settings_for(home))
    assert caught.value.code == "keys-missing"
    assert not (home / "keys").exists()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    edit(ledger, "UPDATE alembic_version SET version_num = '9999'")
    for repeat in (initialise, migrate):
        with pytest.raises(DamagedError, match="9999"):
            repeat(settings_for(ledger.home))


def test_migrating_twice_keeps_every_stored_byte(tmp_path: Path) -> None:
    """Notes, security L16: a migration never rewrites what is hashed."""
    ledger = make_ledger(tmp_path)
    before = query(ledger, "SELECT * FROM entry")
    migrate(settings_for(ledger.home))
    migrate(settings_for(ledger.home))
    assert query(ledger, "SELECT * FROM entry") == before
    verify_whole(ledger)


def test_migrating_where_there_is_no_ledger_makes_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        migrate(settings_for(tmp_path / "home"))
    assert list(tmp_path.iterdir()) == []


def test_an_operator_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    home = make_ledger(tmp_path, example=False).home
    assert len(bytes.fromhex(operator_token(home))) == 32
    (home / TOKEN_FILE).chmod(0o640)
    with pytest.raises(CustodyError, match="chmod 600"):
        operator_token(home)
    (home / TOKEN_FILE).unlink()
    with pytest.raises(CustodyError, match="missing"):
        operator_token(home)
