import os
from dataclasses import replace
from pathlib import Path

import pytest

from keys.custody import PrivateKey, open_folder
from keys.index import SECRET, SIGNING
from keys.keyring import Keyring
from ledger.core.key_list import decode_key_list
from ledger.core.note import open_note, sign_note
from ledger.core.suite import suite
from ledger.errors import CustodyError, MalformedError, NotFoundError, RefusedError

ORIGIN = "ledger.example/2026"
NOW = 1_795_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Keyring.create(tmp_path / "var", ORIGIN, NOW)
    return tmp_path / "var"


def key_file(home: Path, purpose: str) -> Path:
    (path,) = (home / "keys").glob(f"{purpose}-*.key")
    return path


def test_a_new_keyring_opens_as_the_same_one(tmp_path: Path) -> None:
    made = Keyring.create(tmp_path, ORIGIN, NOW)
    opened = Keyring.open(tmp_path)
    assert opened.origin == made.origin == ORIGIN
    assert opened.published() == made.published()
    assert [opened.secret(p) for p in SECRET] == [made.secret(p) for p in SECRET]


def test_each_key_has_one_purpose_and_each_purpose_one_key(home: Path) -> None:
    """K15: an inventory of everything private, on disk and in memory."""
    files = [path.read_text().split() for path in (home / "keys").glob("*.key")]
    assert sorted(purpose for _, purpose, _, _ in files) == sorted(SIGNING + SECRET)
    assert len({digits for *_, digits in files}) == len(files) == 4
    keyring = Keyring.open(home)
    signers = [keyring.signer(purpose) for purpose in SIGNING]
    assert [signer.purpose for signer in signers] == list(SIGNING)
    assert len({signer.public_key for signer in signers}) == 2
    assert len({keyring.secret(purpose) for purpose in SECRET}) == 2
    assert len({key.id for key in keyring.published().keys}) == 2


def test_a_signature_verifies_with_the_published_key(home: Path) -> None:
    keyring = Keyring.open(home)
    for purpose in SIGNING:
        signer = keyring.signer(purpose)
        key = keyring.published().find(signer.id, purpose)
        assert (key.suite, key.public_key) == (signer.suite, signer.public_key)
        assert (key.valid_from, key.valid_until) == (NOW, None)
        suite(key.suite).verify(key.public_key, b"message", signer.sign(b"message"))


def test_the_log_key_signs_notes_in_the_name_of_the_origin(home: Path) -> None:
    keyring = Keyring.open(home)
    note = sign_note(f"{ORIGIN}\n0\n\n", keyring.log_signers(NOW))
    assert open_note(note, keyring.published().log_verifier_keys()) == f"{ORIGIN}\n0\n\n"
    assert note.count("— ".encode()) == 1


def test_the_key_list_is_published_with_the_first_keys(home: Path) -> None:
    published = decode_key_list((home / "keys.json").read_bytes())
    assert published == Keyring.open(home).published()


def test_secrets_are_32_bytes_and_begin_with_version_1(home: Path) -> None:
    keyring = Keyring.open(home)
    for purpose in SECRET:
        assert keyring.secret_version(purpose) == 1
        assert len(keyring.secret(purpose)) == 32
        assert keyring.secret(purpose, 1) == keyring.secret(purpose)
        with pytest.raises(NotFoundError, match="no version 2"):
            keyring.secret(purpose, 2)


def test_a_purpose_gives_only_what_it_is_for(home: Path) -> None:
    keyring = Keyring.open(home)
    for purpose in (*SECRET, "status", ""):
        with pytest.raises(NotFoundError, match="nothing is signed"):
            keyring.signer(purpose)
    for purpose in (*SIGNING, "status", ""):
        with pytest.raises(NotFoundError, match="no secret"):
            keyring.secret(purpose)


def test_two_keyrings_share_nothing(tmp_path: Path) -> None:
    one = Keyring.create(tmp_path / "one", ORIGIN, NOW)
    two = Keyring.create(tmp_path / "two", ORIGIN, NOW)
    assert not {one.secret(p) for p in SECRET} & {two.secret(p) for p in SECRET}
    assert not {k.public_key for k in one.published().keys} & {
        k.public_key for k in two.published().keys
    }


def test_a_keyring_is_never_written_over(home: Path) -> None:
    before = {path.name: path.read_bytes() for path in (home / "keys").iterdir()}
    with pytest.raises(RefusedError) as caught:
        Keyring.create(home, ORIGIN, NOW)
    assert caught.value.code == "keyring-exists"
    assert {path.name: path.read_bytes() for path in (home / "keys").iterdir()} == before


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak"])
def test_an_origin_that_cannot_name_a_log_leaves_no_files(tmp_path: Path, origin: str) -> None:
    with pytest.raises(MalformedError):
        Keyring.create(tmp_path / "var", origin, NOW)
    assert not (tmp_path / "var").exists()


def test_a_creation_that_was_cut_off_can_be_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(CustodyError):
            Keyring.create(tmp_path, ORIGIN, NOW)
    with pytest.raises(CustodyError, match=r"index\.json: missing"):
        Keyring.open(tmp_path)
    assert Keyring.create(tmp_path, ORIGIN, NOW).origin == ORIGIN


@pytest.mark.parametrize("purpose", [*SIGNING, *SECRET])
@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_no_keyring_opens_while_one_file_is_open_to_others(
    home: Path, purpose: str, mode: int
) -> None:
    """K5."""
    key_file(home, purpose).chmod(mode)
    with pytest.raises(CustodyError, match=f"mode {mode:04o}, expected 0600; run: chmod 600"):
        Keyring.open(home)


def test_no_keyring_opens_or_begins_in_a_folder_open_to_others(home: Path, tmp_path: Path) -> None:
    """K5."""
    (home / "keys").chmod(0o755)
    with pytest.raises(CustodyError, match="mode 0755, expected 0700; run: chmod 700"):
        Keyring.open(home)
    (tmp_path / "other" / "keys").mkdir(parents=True, mode=0o755)
    (tmp_path / "other" / "keys").chmod(0o755)
    with pytest.raises(CustodyError, match="mode 0755"):
        Keyring.create(tmp_path / "other", ORIGIN, NOW)


@pytest.mark.parametrize("purpose", [*SIGNING, *SECRET])
def test_no_keyring_opens_while_a_current_key_is_missing_or_truncated(
    home: Path, purpose: str
) -> None:
    """K4: the message names the file, so that it can be restored."""
    path = key_file(home, purpose)
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    with pytest.raises(CustodyError, match=f"{path.name}: not a key file"):
        Keyring.open(home)
    path.unlink()
    with pytest.raises(CustodyError, match=f"{path.name}: missing"):
        Keyring.open(home)


@pytest.mark.parametrize(("one", "two"), [("log", "credential"), ("vault", "lookup")])
def test_two_files_cannot_change_places(home: Path, one: str, two: str) -> None:
    """K15."""
    first, second = key_file(home, one), key_file(home, two)
    first_text, second_text = first.read_text(), second.read_text()
    first.write_text(second_text)
    second.write_text(first_text)
    with pytest.raises(CustodyError, match="holds another key than"):
        Keyring.open(home)


@pytest.mark.parametrize("purpose", [*SIGNING, *SECRET])
def test_a_file_that_states_another_purpose_is_refused(home: Path, purpose: str) -> None:
    """K15."""
    path = key_file(home, purpose)
    path.write_text(path.read_text().replace(f" {purpose} ", " status "))
    with pytest.raises(CustodyError, match="holds another key than"):
        Keyring.open(home)


@pytest.mark.parametrize("purpose", [*SIGNING, *SECRET])
def test_a_key_put_back_from_another_keyring_is_noticed(
    home: Path, tmp_path: Path, purpose: str
) -> None:
    Keyring.create(tmp_path / "other", ORIGIN, NOW)
    key_file(home, purpose).write_text(key_file(tmp_path / "other", purpose).read_text())
    with pytest.raises(CustodyError, match="holds another key than"):
        Keyring.open(home)


@pytest.mark.parametrize("suite_name", ["-", "SCL-9"])
def test_a_log_key_of_another_suite_is_noticed(home: Path, suite_name: str) -> None:
    """K6: the suite comes from the key record and not from the file."""
    path = key_file(home, "log")
    with open_folder(home) as folder:
        held = folder.read_key(f"file:{path.name}")
        path.unlink()
        folder.write_key(path.stem, replace(held, suite=suite_name))
    with pytest.raises(CustodyError, match="holds another key than"):
        Keyring.open(home)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"v":1}', b"\xff"])
def test_an_index_that_is_none_is_a_matter_of_custody(home: Path, content: bytes) -> None:
    (home / "keys" / "index.json").write_bytes(content)
    with pytest.raises(CustodyError, match=r"index\.json: .*; restore it from a backup"):
        Keyring.open(home)


def test_a_foreign_file_in_the_key_folder_is_left_alone(home: Path) -> None:
    with open_folder(home) as folder:
        folder.write_key("left-behind", PrivateKey("log", "SCL-1", bytes(32)))
    assert Keyring.open(home).signer("log").purpose == "log"


def test_private_bytes_stand_in_no_repr_or_text(home: Path) -> None:
    """K5."""
    keyring = Keyring.open(home)
    shown = [keyring, keyring.signer("log"), *keyring.log_signers(NOW), keyring.published()]
    text = "".join(f"{one!r}{one}" for one in shown)
    assert "SCL-1" in text
    for path in (home / "keys").glob("*.key"):
        digits = path.read_text().split()[-1]
        assert digits not in text
        assert repr(bytes.fromhex(digits))[2:-1] not in text
