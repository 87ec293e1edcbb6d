"""A log as plain files, which any web server or object store can serve (c2sp.org/tlog-tiles).

    checkpoint                        the newest signed note, replaced as a whole
    tile/0/x001/067                   tiles; a full one never changes again
    tile/entries/x001/067.p/8         entry bundles
    .well-known/jinlan-keys.json      the key list
    .well-known/jinlan-key-history.json

Files are made under a passing name, synced and renamed. The checkpoint comes last: whoever reads it
finds all that it covers. Dying anywhere leaves the old checkpoint in force, and files that the
next run finds and need not write again. The folder is public: 0755, files 0644.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ledger.core.tile import TileLevel, edge_widths, tile_path
from ledger.errors import DamagedError, NotFoundError, UnavailableError

CHECKPOINT: Final = "checkpoint"
KEY_LIST: Final = ".well-known/jinlan-keys.json"
KEY_HISTORY: Final = ".well-known/jinlan-key-history.json"
LOCK: Final = ".lock"
SIZES: Final = ".sizes"
"""Sizes of which the partial tiles are there, oldest first, a line each."""

SIZES_KEPT: Final = 16
"""How many published sizes keep their partial tiles for whoever has read an older checkpoint."""

_FOLDER_MODE: Final = 0o755
_FILE_MODE: Final = 0o644


class LogFolder:
    """The files of one log in one folder. Writing needs ``held``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unsynced: set[Path] = set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder if need be, and hold it against other writers.

        Raises:
            UnavailableError: The file system refuses; what was published stays whole.
        """
        try:
            self._make_folder(self.path)
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            raise UnavailableError(
                f"{error.filename or self.path}: {error.strerror or 'unknown cause'}",
                code="file-unusable",
            ) from error

    def read(self, name: str, bytes_max: int | None = None) -> bytes:
        """Read a file; of a longer one ``bytes_max`` bytes and one more.

        Raises:
            NotFoundError: There is no such file.
        """
        path = self.path / name
        if not path.is_file():
            raise NotFoundError(f"{name}: no such file")
        with path.open("rb") as file:
            return file.read(-1 if bytes_max is None else bytes_max + 1)

    def has(self, name: str, data: bytes) -> bool:
        """Tell whether a file is there and holds these bytes."""
        try:
            return self.read(name, len(data)) == data
        except NotFoundError:
            return False

    def replace(self, name: str, data: bytes) -> None:
        """Write a file in one step. It is durable after the next ``sync``, its name too."""
        target = self.path / name
        self._make_folder(target.parent)
        fresh = target.with_name(f".{target.name}.new")
        with fresh.open("wb") as file:
            os.fchmod(file.fileno(), _FILE_MODE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
        self._unsynced.add(target.parent)

    def write_tile(self, level: TileLevel, n: int, width: int, data: bytes) -> None:
        """Write a tile or bundle, unless it is there.

        Raises:
            DamagedError: It is there and holds something else. It is not written over.
        """
        name = tile_path(level, n, width)
        if self.has(name, data):
            return
        if (self.path / name).exists():
            raise DamagedError(
                f"{self.path / name}: holds something else than the log. Keep the file as "
                "evidence, find out who wrote it, then remove it: it will be written anew",
                code="public-file-differs",
            )
        self.replace(name, data)

    def begin(self, size: int, published_size: int) -> None:
        """Say that the partial tiles of a size will be written; remove those of sizes long past."""
        sizes = self._sizes()
        if size in sizes:
            return
        kept, dropped = [*sizes, size][-SIZES_KEPT:], [*sizes, size][:-SIZES_KEPT]
        # What no kept size has at its edge is full since.
        still_partial = {place for one in (*kept, published_size) for place in _edge(one)}
        for place in {place for one in dropped for place in _edge(one)} - still_partial:
            partials = self.path / (tile_path(*place) + ".p")
            with suppress(FileNotFoundError):
                shutil.rmtree(partials)
        self.replace(SIZES, "".join(f"{one}\n" for one in kept).encode())

    def publish(self, note: bytes) -> None:
        """Replace the checkpoint, after everything before it is on the disk. Durable on return."""
        self.sync()
        self.replace(CHECKPOINT, note)
        self.sync()

    def sync(self) -> None:
        """Bring the names of all that was written to the disk."""
        for folder in self._unsynced:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._unsynced.clear()

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(_FOLDER_MODE)  # whatever the umask
        self._unsynced.add(folder.parent)

    def _sizes(self) -> list[int]:
        # Only partial tiles that nobody needs depend on it: from a spoilt file nothing is removed.
        try:
            return [int(line) for line in self.read(SIZES).split()]
        except (NotFoundError, ValueError):
            return []


def _edge(size: int) -> set[tuple[TileLevel, int]]:
    """Give (level, n) of the partial tiles and of the partial bundle of a size."""
    edge: set[tuple[TileLevel, int]] = {
        (level, (size >> (8 * level)) // 256) for level in edge_widths(size)
    }
    return edge | {("entries", n) for level, n in edge if level == 0}
