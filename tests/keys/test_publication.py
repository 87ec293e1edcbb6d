import stat
from pathlib import Path

import pytest

from keys.keyring import Keyring
from keys.publication import KEY_LIST_NAME, write_key_list
from ledger.core.key_list import KeyList, decode_key_list
from ledger.errors import UnavailableError

EMPTY = KeyList("ledger.example/2026", ())


def test_the_published_list_is_public_and_reads_back(tmp_path: Path) -> None:
    write_key_list(tmp_path, EMPTY)
    path = tmp_path / KEY_LIST_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert decode_key_list(path.read_bytes()) == EMPTY


def test_writing_again_replaces_the_list_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_key_list(tmp_path, EMPTY)
    other = KeyList("ledger.example/2027", ())
    write_key_list(tmp_path, other)
    assert decode_key_list((tmp_path / KEY_LIST_NAME).read_bytes()) == other
    assert [path.name for path in tmp_path.iterdir()] == [KEY_LIST_NAME]


def test_a_failure_leaves_the_old_list_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_key_list(tmp_path, EMPTY)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(UnavailableError, match=r"keys\.json: not written: No space left"):
        write_key_list(tmp_path, KeyList("ledger.example/2027", ()))
    assert decode_key_list((tmp_path / KEY_LIST_NAME).read_bytes()) == EMPTY
    assert [path.name for path in tmp_path.iterdir()] == [KEY_LIST_NAME]


def test_a_missing_data_folder_is_said_to_be_the_cause(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="No such file or directory"):
        write_key_list(tmp_path / "absent", EMPTY)


def test_nothing_private_is_published(tmp_path: Path) -> None:
    """K5: no key file's digits stand in keys.json."""
    Keyring.create(tmp_path, "ledger.example/2026", 1)
    published = (tmp_path / KEY_LIST_NAME).read_text()
    files = sorted((tmp_path / "keys").glob("*.key"))
    assert len(files) == 4
    for file in files:
        assert file.read_text().split()[-1] not in published
