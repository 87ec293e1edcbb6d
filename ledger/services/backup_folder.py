"""The folder of a backup: what lies in it, how it gets its name, and which ones may be dropped.

    jinlan-backup-<size>-<time>/
        answer.rows ... tile.rows    the tables, see ledger.storage.table_files
        checkpoint  keys.json        the newest checkpoint within, and the published keys
        manifest                     canonical JSON, written last

While it is written the folder has a passing name and is locked by who writes it. It gets its own
name only after it was read back and verified. A folder without a good manifest is no backup.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from ledger.core.canonical import Json, decode, encode
from ledger.core.instant import format_instant, parse_instant
from ledger.domain.fields import Fields
from ledger.errors import DamagedError, LedgerError, MalformedError, RefusedError
from ledger.storage.table_files import FileSum, write_file

VERSION: Final = 1
TYPE: Final = "JinlanBackup"
MANIFEST: Final = "manifest"
CHECKPOINT: Final = "checkpoint"
KEY_LIST: Final = "keys.json"
ROWS_SUFFIX: Final = ".rows"

_PASSING: Final = ".jinlan-backup-"
_DROPPED: Final = ".dropped-"
_FINAL: Final = re.compile(r"jinlan-backup-[0-9]{1,16}-[0-9]{8}T[0-9]{9}Z")
_TABLE: Final = re.compile(r"[a-z][a-z_]{0,62}")


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table's columns in the order of its file, and the file's sum."""

    columns: tuple[str, ...]
    sum: FileSum


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        origin: Name of the log.
        made_at_ms: When its writing began, in milliseconds since 1970, UTC.
        migration: The migration that its tables are of.
        size: Number of entries.
        root: Root hash over them.
        tables: Every table's file, by the table's name.
        checkpoint: Sum of the file of the newest checkpoint, of ``size`` or before.
        key_list: Sum of the file of the published keys.
    """

    origin: str
    made_at_ms: int
    migration: str
    size: int
    root: bytes
    tables: Mapping[str, TableFile]
    checkpoint: FileSum
    key_list: FileSum

    @property
    def folder_name(self) -> str:
        """Name of the backup's folder."""
        moment = re.sub("[-:.]", "", format_instant(self.made_at_ms))
        return f"jinlan-backup-{self.size}-{moment}"

    def encode(self) -> bytes:
        """Write the manifest."""
        tables: dict[str, Json] = {
            name: {"columns": list(one.columns), **_sum_json(one.sum)}
            for name, one in self.tables.items()
        }
        return encode(
            {
                "v": VERSION,
                "type": TYPE,
                "origin": self.origin,
                "made_at": format_instant(self.made_at_ms),
                "migration": self.migration,
                "size": self.size,
                "root": self.root.hex(),
                "tables": tables,
                CHECKPOINT: _sum_json(self.checkpoint),
                "key_list": _sum_json(self.key_list),
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a manifest.

        Raises:
            MalformedError: It is not exactly what ``encode`` writes.
        """
        names = (
            *("v", "type", "origin", "made_at", "migration", "size", "root", "tables"),
            *(CHECKPOINT, "key_list"),
        )
        read = Fields("manifest", decode(data), names, quoting=True)
        read.integer("v", VERSION, VERSION)
        read.choice("type", (TYPE,))
        tables = read.mapping("tables")
        if not all(_TABLE.fullmatch(name) for name in tables):
            raise read.fail("tables", "names of tables")
        each = read.part("tables", tables.keys())
        return cls(
            read.text("origin"),
            parse_instant(read.text("made_at")),
            read.text("migration"),
            read.integer("size"),
            bytes.fromhex(read.digest("root")),
            {name: _table(each.part(name, ("columns", *_SUM))) for name in tables},
            _sum(read.part(CHECKPOINT, _SUM)),
            _sum(read.part("key_list", _SUM)),
        )


_SUM: Final = ("rows", "bytes", "sha256")


def _sum_json(one: FileSum) -> dict[str, Json]:
    return {"rows": one.rows, "bytes": one.length, "sha256": one.sha256.hex()}


def _sum(read: Fields) -> FileSum:
    digest = bytes.fromhex(read.digest("sha256"))
    return FileSum(read.integer("rows"), read.integer("bytes"), digest)


def _table(read: Fields) -> TableFile:
    columns: list[Any] = read.items("columns")
    if not all(type(name) is str and _TABLE.fullmatch(name) for name in columns):
        raise read.fail("columns", "names of columns")
    return TableFile(tuple(columns), _sum(read))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        DamagedError: There is no good one: the folder is no backup, or was not finished.
    """
    try:
        return Manifest.decode((folder / MANIFEST).read_bytes())
    except (OSError, MalformedError) as error:
        why = error.message if isinstance(error, LedgerError) else "it cannot be read"
        raise DamagedError(
            f"{folder}: no backup, for it has no good manifest ({why})", code="backup-damaged"
        ) from error


@contextmanager
def passing_folder(target: Path, token: str) -> Iterator[Path]:
    """Give an empty folder below ``target``, under a passing name and a lock.

    What others left there who died is deleted. If ``finish`` did not give it its name, it goes.

    Raises:
        OSError: It cannot be made.
    """
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(target)
    folder = target / f"{_PASSING}{token}"
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, when all else is on the disk. Durable on return.

    Raises:
        OSError: It cannot be written.
    """
    write_file(folder / MANIFEST, manifest.encode())
    sync_folder(folder)


def finish(folder: Path, manifest: Manifest) -> Path:
    """Give a verified backup its name. Durable on return.

    Raises:
        RefusedError: There is a backup of this name.
        OSError: It cannot be renamed.
    """
    final = folder.parent / manifest.folder_name
    if final.exists():
        raise RefusedError(
            f"{final}: a backup of this size and moment is there already; run it again",
            code="backup-exists",
        )
    folder.rename(final)
    sync_folder(folder.parent)
    return final


def drop_older(newest: Path, keep: int) -> list[Path]:
    """Drop all but the ``keep`` newest good backups of the same log; give what was dropped.

    ``newest`` was verified just now and is never dropped. Folders without a good manifest are left
    for a person to look at.
    """
    origin = read_manifest(newest).origin
    found = [
        (manifest.made_at_ms, manifest.size, folder)
        for folder, manifest in backups_in(newest.parent)
        if manifest.origin == origin and folder != newest
    ]
    dropped = [folder for _, _, folder in sorted(found, reverse=True)[max(keep, 1) - 1 :]]
    for folder in dropped:
        # Renamed first, so that one that is half deleted never bears the name of a backup.
        passing = folder.parent / f"{_DROPPED}{folder.name}"
        folder.rename(passing)
        shutil.rmtree(passing)
    return dropped


def backups_in(target: Path) -> Iterator[tuple[Path, Manifest]]:
    """Give the backups in a folder that have a good manifest."""
    for folder in sorted(target.iterdir()):
        if _FINAL.fullmatch(folder.name) and folder.is_dir():
            try:
                yield folder, read_manifest(folder)
            except DamagedError:
                continue


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(target: Path) -> None:
    for path in target.iterdir():
        if path.name.startswith(f"{_DROPPED}jinlan-backup-"):
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith(_PASSING):
            _sweep_unless_locked(path)


def _sweep_unless_locked(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody writes it now
    else:
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)
