"""These run as root too: what counts is mode bits and owner, not whether a read succeeds."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.custody import MISSING, KeyFolder, PrivateKey, make_folder, open_folder, put_back
from ledger.errors import CustodyError, UnavailableError

SECRET = bytes(range(32))
KEY = PrivateKey("log", "SCL-1", SECRET)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_folder(tmp_path / "var")
    return tmp_path / "var"


@pytest.fixture
def folder(home: Path) -> Iterator[KeyFolder]:
    with open_folder(home) as opened:
        yield opened


def written(folder: KeyFolder) -> Path:
    assert folder.write_key("log-1", KEY) == "file:log-1.key"
    return folder.path / "log-1.key"


def refusal(folder: KeyFolder) -> str:
    with pytest.raises(CustodyError) as caught:
        folder.read_key("file:log-1.key")
    assert caught.value.family == "key-custody"
    assert SECRET.hex() not in str(caught.value)
    return caught.value.message


def test_a_key_comes_back_as_it_was_written(folder: KeyFolder) -> None:
    written(folder)
    assert folder.read_key("file:log-1.key") == KEY


def test_a_key_file_is_one_line_of_the_form_that_was_first_written(folder: KeyFolder) -> None:
    """A backup of today must open in ten years: whoever changes the form must read both."""
    assert written(folder).read_text() == (
        "jinlan-private-key/v1 log SCL-1 "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    )


def test_folders_are_0700_and_files_0600_whatever_the_umask_says(tmp_path: Path) -> None:
    """K5."""
    before = os.umask(0)
    try:
        make_folder(tmp_path / "var")
        with open_folder(tmp_path / "var") as folder:
            path = written(folder)
            folder.replace_index(b"{}")
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (path, *path.parents[:2])}
    assert modes == {"log-1.key": 0o600, "keys": 0o700, "var": 0o700}
    assert stat.S_IMODE((path.parent / "index.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610, 0o601, 0o602, 0o620, 0o777])
def test_a_key_file_open_to_others_is_refused_with_the_cure(folder: KeyFolder, mode: int) -> None:
    """K5."""
    path = written(folder)
    path.chmod(mode)
    message = refusal(folder)
    assert message.startswith(f"{path}: ")
    assert f"mode {mode:04o}, expected 0600" in message
    assert message.endswith(f"run: chmod 600 {path}")


def test_the_cure_that_the_message_gives_works_with_blanks_in_the_path(tmp_path: Path) -> None:
    home = tmp_path / "a 'data' folder"
    make_folder(home)
    with open_folder(home) as folder:
        written(folder).chmod(0o644)
        command, mode, path = shlex.split(refusal(folder).partition("run: ")[2])
        assert command == "chmod"
        Path(path).chmod(int(mode, 8))
        assert folder.read_key("file:log-1.key") == KEY


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_file_closed_to_others_is_read(folder: KeyFolder, mode: int) -> None:
    written(folder).chmod(mode)
    assert folder.read_key("file:log-1.key") == KEY


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720])
def test_a_key_folder_open_to_others_is_refused_with_the_cure(home: Path, mode: int) -> None:
    (home / "keys").chmod(mode)
    with pytest.raises(CustodyError) as caught, open_folder(home):
        pass
    assert f"mode {mode:04o}, expected 0700; run: chmod 700 {home / 'keys'}" in str(caught.value)


def test_the_index_is_kept_like_a_key(folder: KeyFolder) -> None:
    folder.replace_index(b"{}")
    (folder.path / "index.json").chmod(0o640)
    with pytest.raises(CustodyError, match="mode 0640, expected 0600; run: chmod 600"):
        folder.read_index()


def test_a_key_file_of_another_user_is_refused(
    folder: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(folder)
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    message = refusal(folder)
    assert f"{path}: belongs to user {owner}, expected {owner + 1}" in message


def test_a_key_folder_of_another_user_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = home.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(CustodyError, match="belongs to user"), open_folder(home):
        pass


def test_a_symbolic_link_in_place_of_a_key_file_is_refused(folder: KeyFolder) -> None:
    path = written(folder)
    path.rename(folder.path / "elsewhere")
    path.symlink_to(folder.path / "elsewhere")
    assert "symbolic link" in refusal(folder)


def test_a_symbolic_link_in_place_of_the_key_folder_is_refused(home: Path) -> None:
    (home / "keys").rename(home / "elsewhere")
    (home / "keys").symlink_to(home / "elsewhere")
    with pytest.raises(CustodyError, match="expected a folder, found"), open_folder(home):
        pass


def test_a_pipe_or_folder_in_place_of_a_key_file_is_refused_without_waiting(
    folder: KeyFolder,
) -> None:
    os.mkfifo(folder.path / "log-1.key", 0o600)
    assert "expected a file" in refusal(folder)
    (folder.path / "log-1.key").unlink()
    (folder.path / "log-1.key").mkdir(mode=0o700)
    assert "expected a file" in refusal(folder)


def test_a_missing_key_file_or_folder_has_a_code_of_its_own(home: Path) -> None:
    with (
        open_folder(home) as folder,
        pytest.raises(CustodyError, match=r"log-1\.key: missing") as e,
    ):
        folder.read_key("file:log-1.key")
    assert e.value.code == MISSING
    (home / "keys").rmdir()
    with pytest.raises(CustodyError, match="keys: missing"), open_folder(home):
        pass


LINE = f"jinlan-private-key/v1 log SCL-1 {SECRET.hex()}\n"


@pytest.mark.parametrize(
    "content",
    {
        "empty": "",
        "truncated by one digit": LINE[:-2] + "\n",
        "truncated before its end": LINE[:-1],
        "truncated to the purpose": LINE[:25],
        "one byte too long": LINE.replace("\n", "00\n"),
        "a second line": LINE * 2,
        "upper-case digits": LINE.replace("0a", "0A"),
        "another version": LINE.replace("/v1", "/v2"),
        "two blanks": LINE.replace(" log", "  log"),
        "carriage return": LINE.replace("\n", "\r\n"),
        "a PEM file": "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n-----END PRIVATE KEY-----\n",
        "not ASCII": LINE.replace("log", "lög"),
        "far too long": LINE + "0" * 100_000,
    }.values(),
)
def test_a_file_that_is_not_exactly_a_key_file_is_refused(folder: KeyFolder, content: str) -> None:
    path = written(folder)
    path.write_bytes(content.encode())
    assert refusal(folder).startswith(f"{path}: not a key file of this ledger")


@given(data=st.binary(max_size=120), keep=st.integers(0, len(LINE)))
def test_no_other_bytes_are_taken_for_a_key(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, keep: int
) -> None:
    """Bytes that begin like a key file and go on otherwise."""
    content = LINE.encode()[:keep] + data
    home = tmp_path_factory.mktemp("home")
    make_folder(home)
    with open_folder(home) as folder:
        path = written(folder)
        path.write_bytes(content)
        try:
            key = folder.read_key("file:log-1.key")
        except CustodyError:
            return
        path.unlink()
        folder.write_key("log-1", key)
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    "uri",
    [
        *("log-1.key", "pkcs11:object=log", "file:../log-1.key", "file:/etc/log-1.key"),
        *("file:log-1", "file:log-1.key\n", "file:", "FILE:log-1.key", "file:index.json"),
        "file:.key",
    ],
)
def test_a_uri_names_a_file_of_the_key_folder_and_nothing_else(folder: KeyFolder, uri: str) -> None:
    written(folder)
    with pytest.raises(CustodyError, match="expected file: and the name"):
        folder.read_key(uri)


def test_a_key_file_is_never_written_over(folder: KeyFolder) -> None:
    written(folder)
    with pytest.raises(CustodyError, match="not written: File exists"):
        folder.write_key("log-1", PrivateKey("log", "SCL-1", bytes(32)))
    assert folder.read_key("file:log-1.key") == KEY


def test_file_and_folder_are_flushed_before_a_key_counts_as_written(
    folder: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that signs and is gone after a power cut would be a lost key (K4)."""
    kinds: list[bool] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        kinds.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    written(folder)
    assert kinds == [False, True]
    kinds.clear()
    folder.replace_index(b"{}")
    assert kinds == [False, True, True]


def test_an_index_that_cannot_be_replaced_leaves_the_old_one(
    folder: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.replace_index(b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(CustodyError, match=r"index\.json: not replaced: No space left"):
            folder.replace_index(b"new")
    assert folder.read_index() == b"old"
    folder.replace_index(b"newer")
    assert folder.read_index() == b"newer"


def test_one_process_at_a_time_changes_the_keyring(home: Path) -> None:
    with open_folder(home) as first, open_folder(home) as second:
        with first.locked(), pytest.raises(UnavailableError) as caught, second.locked():
            pass
        assert caught.value.code == "rotation-under-way"
        with second.locked():
            pass


def test_private_bytes_stand_in_no_repr() -> None:
    """K5."""
    shown = repr(KEY) + str(KEY) + f"{KEY}"
    assert "purpose='log'" in shown
    assert SECRET.hex() not in shown
    assert repr(SECRET) not in shown


def test_the_files_of_a_folder_can_be_put_back_elsewhere(folder: KeyFolder, tmp_path: Path) -> None:
    written(folder)
    folder.replace_index(b"{}")
    (folder.path / "notes.txt").write_text("not a key")
    files = folder.files()
    assert sorted(files) == ["index.json", "log-1.key"]
    put_back(tmp_path / "other", files)
    with open_folder(tmp_path / "other") as other:
        assert other.files() == files
        assert other.read_key("file:log-1.key") == KEY
    assert stat.S_IMODE((tmp_path / "other" / "keys" / "log-1.key").stat().st_mode) == 0o600


def test_keys_are_put_back_whole_and_never_over_others(folder: KeyFolder, tmp_path: Path) -> None:
    written(folder)
    folder.replace_index(b"{}")
    files = folder.files()
    with pytest.raises(CustodyError, match="never written over"):
        put_back(folder.path.parent, files)
    with pytest.raises(CustodyError, match="nothing was written"):
        put_back(tmp_path / "other", {**files, "../outside.key": b""})
    assert not (tmp_path / "other").exists()
    (tmp_path / "other" / "keys.new").mkdir(parents=True)
    (tmp_path / "other" / "keys.new" / "left.key").touch()
    put_back(tmp_path / "other", files)
    assert sorted(path.name for path in (tmp_path / "other" / "keys").iterdir()) == sorted(files)


def test_a_folder_with_a_changed_key_is_not_archived(folder: KeyFolder) -> None:
    folder.replace_index(b"{}")
    written(folder).write_bytes(b"changed")
    with pytest.raises(CustodyError):
        folder.files()
