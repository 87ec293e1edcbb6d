"""The one module that opens key files.

    <home>/keys/                      0700, ours
    <home>/keys/log-5f2a90c1.key      0600, ours, one line:

        jinlan-private-key/v1 log SCL-1 <64 lower-case hex digits>

Secrets that sign nothing name the suite ``-``. A file is checked on its opened descriptor, so that
nothing can be swapped between the check and the read, and is never written twice. Elsewhere a key
has a URI: ``file:log-5f2a90c1.key`` means a file of that folder, and a hardware module would be a
second scheme.
"""

import errno
import fcntl
import os
import re
import shlex
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ledger.core.spelling import parse_hex
from ledger.errors import CustodyError, MalformedError, UnavailableError

INDEX_NAME: Final = "index.json"
MISSING: Final = "key-missing"
"""Code of the ``CustodyError`` for a file that is not there."""
PRIVATE_BYTES: Final = 32
NO_SUITE: Final = "-"

_MAGIC: Final = "jinlan-private-key/v1"
_URI: Final = re.compile(r"file:([a-z0-9][a-z0-9-]{0,99}\.key)")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.key")
_FILE_BYTES_MAX: Final = 65_536
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """What a key file holds.

    Attributes:
        purpose: What the key is for; a file says it, so that two files cannot change places.
        suite: Its signing suite, or ``NO_SUITE``.
        private: The 32 private bytes. Not part of the repr.
    """

    purpose: str
    suite: str
    private: bytes = field(repr=False)


class KeyFolder:
    """The key folder of one ledger, open and checked. Use it in a ``with`` of ``open_folder``."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def read_key(self, uri: str) -> PrivateKey:
        """Read a key file.

        Raises:
            CustodyError: The file is absent, not ours, open to others, or not exactly what
                ``write_key`` writes; or the URI is of a scheme that is not known.
        """
        name = _name_of(uri)
        content = self._read(name)
        text = content.decode("latin-1")
        try:
            _, purpose, suite, digits = text.removesuffix("\n").split(" ")
            key = PrivateKey(purpose, suite, parse_hex(digits, "private key", length=PRIVATE_BYTES))
        except (ValueError, MalformedError):
            # The cause is left out of the chain: it may quote what stands in the file.
            raise _unknown(self.path / name) from None
        if not content.isascii() or _text(key) != text:
            raise _unknown(self.path / name)
        return key

    def write_key(self, name: str, key: PrivateKey) -> str:
        """Make a key file and give its URI. Durable on return.

        Raises:
            CustodyError: A file of this name is there already, or cannot be made.
        """
        uri = f"file:{name}.key"
        self._create(_name_of(uri), _text(key).encode("ascii"))
        return uri

    def has_index(self) -> bool:
        """Tell whether the folder holds a keyring already."""
        try:
            os.stat(INDEX_NAME, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def read_index(self) -> bytes:
        """Read the index of the keyring, under the same rules as a key file.

        Raises:
            CustodyError: As for ``read_key``, but for the content.
        """
        return self._read(INDEX_NAME)

    def replace_index(self, content: bytes) -> None:
        """Replace the index in one step. Durable on return; whoever dies before has the old one.

        Raises:
            CustodyError: The file system refuses. Whether the new index is in force is then
                unknown: read it again.
        """
        new = INDEX_NAME + ".new"
        with suppress(FileNotFoundError):
            os.unlink(new, dir_fd=self._descriptor)
        self._create(new, content)
        try:
            os.replace(new, INDEX_NAME, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed(INDEX_NAME, "replaced", error) from error

    def files(self) -> dict[str, bytes]:
        """Read the index and every key file, by name, under the rules of ``read_key``.

        Raises:
            CustodyError: As for ``read_index`` and ``read_key``.
        """
        listed = os.listdir(self._descriptor)  # noqa: PTH208 - of the folder that is open
        names = sorted(name for name in listed if _NAME.fullmatch(name))
        for name in names:
            self.read_key(f"file:{name}")
        return {name: self._read(name) for name in (INDEX_NAME, *names)}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the keyring against other processes that would change it.

        Raises:
            UnavailableError: Another process holds it.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError(
                "keyring: another process is changing it", code="rotation-under-way"
            ) from None
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _read(self, name: str) -> bytes:
        return _read_private(self.path / name, name, self._descriptor)

    def _create(self, name: str, content: bytes) -> None:
        try:
            descriptor = os.open(name, _CREATE, 0o600, dir_fd=self._descriptor)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            # Without this the file may be whole and its name gone after a power cut.
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed(name, "written", error) from error

    def _failed(self, name: str, what: str, error: OSError) -> CustodyError:
        return CustodyError(f"{self.path / name}: not {what}: {error.strerror or 'unknown cause'}")


def read_private_file(path: Path) -> bytes:
    """Read a small secret file of our own.

    Raises:
        CustodyError: It is absent, a symbolic link, not ours, open to others, or too long.
    """
    return _read_private(path, str(path), None)


def _read_private(path: Path, name: str, folder: int | None) -> bytes:
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except OSError as error:
        raise _not_opened(path, "a file", error) from error
    try:
        # What was opened is what is checked, so that nothing can be exchanged in between.
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise CustodyError(f"{path}: expected a file, found something else")
        _check_private(path, found, 0o600)
        content = os.read(descriptor, _FILE_BYTES_MAX + 1)
    finally:
        os.close(descriptor)
    if len(content) > _FILE_BYTES_MAX:
        raise _unknown(path)
    return content


def _unknown(path: Path) -> CustodyError:
    return CustodyError(f"{path}: not a key file of this ledger; restore it from a backup")


@contextmanager
def open_folder(home: Path) -> Iterator[KeyFolder]:
    """Open and check the key folder of a data folder.

    Raises:
        CustodyError: It is absent, a symbolic link, not ours, or open to others.
    """
    path = home / "keys"
    try:
        descriptor = os.open(path, _READ | os.O_DIRECTORY)
    except OSError as error:
        raise _not_opened(path, "a folder", error) from error
    try:
        _check_private(path, os.fstat(descriptor), 0o700)
        yield KeyFolder(path, descriptor)
    finally:
        os.close(descriptor)


def make_folder(home: Path) -> None:
    """Make the key folder, and the data folder around it, both closed to others, where absent.

    Raises:
        CustodyError: The file system refuses.
    """
    try:
        for path in (home, home / "keys"):
            path.mkdir(mode=0o700, parents=path == home, exist_ok=True)
        sync_folder(home)
    except OSError as error:
        raise CustodyError(
            f"{home}: no key folder made: {error.strerror or 'unknown cause'}"
        ) from error


def put_back(home: Path, files: Mapping[str, bytes]) -> None:
    """Make the key folder out of what ``KeyFolder.files`` gave. All of it, or none.

    Raises:
        CustodyError: There is a key folder, a name is none of a key file, or the file system
            refuses.
    """
    target, fresh = home / "keys", home / "keys.new"
    if target.exists():
        raise CustodyError(f"{target}: there already; keys are never written over")
    if not all(name == INDEX_NAME or _NAME.fullmatch(name) for name in files):
        raise CustodyError(f"{target}: expected names of key files only; nothing was written")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)  # what somebody left who died here
        fresh.mkdir(mode=0o700)
        descriptor = os.open(fresh, _READ | os.O_DIRECTORY)
        try:
            folder = KeyFolder(fresh, descriptor)
            for name, content in files.items():
                folder._create(name, content)  # noqa: SLF001 - of this module
        finally:
            os.close(descriptor)
        fresh.replace(target)
        sync_folder(home)
    except OSError as error:
        raise CustodyError(
            f"{target}: not put back: {error.strerror or 'unknown cause'}"
        ) from error


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable: without it a power cut may undo a file's new name.

    Raises:
        OSError: The file system refuses.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_private(path: Path, found: os.stat_result, expected: int) -> None:
    if found.st_uid != os.geteuid():
        raise CustodyError(
            f"{path}: belongs to user {found.st_uid}, expected {os.geteuid()}; "
            f"run: chown {os.geteuid()} {shlex.quote(str(path))}"
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        raise CustodyError(
            f"{path}: open to other users, mode {mode:04o}, expected {expected:04o}; "
            f"run: chmod {expected:o} {shlex.quote(str(path))}"
        )


def _not_opened(path: Path, expected: str, error: OSError) -> CustodyError:
    if error.errno == errno.ENOENT:
        return CustodyError(f"{path}: missing; restore it from a backup", code=MISSING)
    # O_DIRECTORY with O_NOFOLLOW answers "not a directory" for a symbolic link.
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return CustodyError(f"{path}: expected {expected}, found a symbolic link or something else")
    return CustodyError(f"{path}: cannot be opened: {error.strerror or 'unknown cause'}")


def _name_of(uri: str) -> str:
    match = _URI.fullmatch(uri)
    if match is None:
        # The URI comes from the index, never from outside: it may be shown.
        raise CustodyError(f"key {uri!r}: expected file: and the name of a file of the key folder")
    return match[1]


def _text(key: PrivateKey) -> str:
    return f"{_MAGIC} {key.purpose} {key.suite} {key.private.hex()}\n"
