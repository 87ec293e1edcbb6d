"""Reading a backup: every file against its sum, every entry against the one before it.

The entries are hashed and chained anew; the root over them must be the manifest's, and the root at
the checkpoint's size the one that the log signed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import EMPTY_ROOT, leaf_hash
from ledger.core.entry import decode_entry
from ledger.core.merkle import GrowingTree
from ledger.core.note import VerifierKey
from ledger.errors import DamagedError, LedgerError
from ledger.services import backup_folder
from ledger.services.backup_folder import Manifest, TableFile
from ledger.storage.table_files import RowValues, read_file, read_table
from ledger.storage.tables import ENTRY, HEAD

_ENTRY_COLUMNS: Final = ("index", "leaf_hash", "bytes")


@dataclass(slots=True)
class BackupReader:
    """Reads one backup, table by table; ``finish`` tells whether the whole is what it claims.

    ``manifest`` is read at the start, the checkpoint's signature checked against ``keys``.

    Raises:
        DamagedError: There is no good manifest, or the log did not sign the checkpoint.
    """

    folder: Path
    keys: Iterable[VerifierKey]
    manifest: Manifest = field(init=False)
    checkpoint: Checkpoint = field(init=False)
    note: bytes = field(init=False)
    _tree: GrowingTree = field(init=False, default_factory=GrowingTree)
    _prev: bytes = field(init=False, default=EMPTY_ROOT)
    _signed_root: bytes | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.manifest = backup_folder.read_manifest(self.folder)
        self.note = self.file(backup_folder.CHECKPOINT)
        try:
            self.checkpoint = open_checkpoint(self.note, self.manifest.origin, self.keys)
        except LedgerError as error:
            raise _damaged(
                self.folder, f"its checkpoint is not signed by this ledger ({error.message})"
            ) from error
        if self.checkpoint.size > self.manifest.size or ENTRY.name not in self.manifest.tables:
            self._fail("its checkpoint is of a larger log than it holds")
        self._note_root()

    def file(self, name: str) -> bytes:
        """Read the checkpoint or the key list.

        Raises:
            DamagedError: It is not the one that was written.
        """
        is_note = name == backup_folder.CHECKPOINT
        expected = self.manifest.checkpoint if is_note else self.manifest.key_list
        try:
            return read_file(self.folder / name, expected)
        except (OSError, DamagedError) as error:
            raise _damaged(self.folder, f"{name} cannot be read as it was written") from error

    def rows(self, name: str) -> Iterator[list[RowValues]]:
        """Read a table, some thousand rows at a time.

        Raises:
            DamagedError: The file is not the one that was written, or an entry is not in its place.
        """
        table = self.manifest.tables[name]
        path = self.folder / f"{name}{backup_folder.ROWS_SUFFIX}"
        try:
            for chunk in read_table(path, table.sum, len(table.columns)):
                if name == ENTRY.name:
                    self._chain(table, chunk)
                elif name == HEAD.name:
                    self._check_head(table, chunk)
                yield chunk
        except OSError as error:
            raise _damaged(self.folder, f"{path.name} cannot be read") from error
        except LedgerError as error:
            raise _damaged(self.folder, error.message) from error
        except (TypeError, ValueError) as error:  # columns or values of another table
            raise _damaged(self.folder, f"{path.name} holds other columns than expected") from error

    def finish(self) -> None:
        """Check what the whole log tells, after every table was read.

        Raises:
            DamagedError: The entries are not those that the manifest and the checkpoint tell of.
        """
        found = (self._tree.size, self._tree.root())
        if found != (self.manifest.size, self.manifest.root):
            self._fail(f"it holds {found[0]} entries, or others than its manifest says")
        if self._signed_root != self.checkpoint.root:
            self._fail(f"its first {self.checkpoint.size} entries are not those that were signed")

    def read_all(self, advance: Callable[[int], None]) -> None:
        """Read everything and keep nothing: is this a backup that can be restored?

        Raises:
            DamagedError: It is not.
        """
        self.file(backup_folder.KEY_LIST)
        for name in self.manifest.tables:
            for chunk in self.rows(name):
                advance(len(chunk) if name == ENTRY.name else 0)
        self.finish()

    def _chain(self, table: TableFile, chunk: list[RowValues]) -> None:
        places = [table.columns.index(name) for name in _ENTRY_COLUMNS]
        for row in chunk:
            index, stored, data = (row[place] for place in places)
            size = self._tree.size
            content: Any = data
            hashed = leaf_hash(content)
            entry = decode_entry(content)
            if (index, stored) != (size, hashed) or (entry.index, entry.prev) != (size, self._prev):
                self._fail(f"entry {size} is not in its place in the chain")
            self._prev = hashed
            self._tree.append(hashed)
            self._note_root()

    def _note_root(self) -> None:
        if self._tree.size == self.checkpoint.size:
            self._signed_root = self._tree.root()

    def _check_head(self, table: TableFile, chunk: list[RowValues]) -> None:
        found = [row[table.columns.index("size")] for row in chunk]
        if found != [self.manifest.size]:
            self._fail(f"its head does not say {self.manifest.size} entries")

    def _fail(self, why: str) -> NoReturn:
        raise _damaged(self.folder, why)


def _damaged(folder: Path, why: str) -> DamagedError:
    return DamagedError(f"{folder}: {why}; it cannot be restored", code="backup-damaged")
