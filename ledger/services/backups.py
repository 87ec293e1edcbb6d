"""Backups: the whole database as one transaction sees it, online, verified before it counts.

Writers go on meanwhile. The tables hold what is personal only sealed; the keys go apart, into a
file under a passphrase (``keys.archive``). A backup that was cut off anywhere leaves no folder with
the name of one, and what it left is swept away by the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from keys.archive import KeyArchive, open_archive, seal_archive
from keys.custody import open_folder
from ledger.core.tile import root_hash
from ledger.errors import DamagedError, RefusedError, UnavailableError
from ledger.services import backup_folder
from ledger.services.backup_folder import Manifest, TableFile
from ledger.services.backup_reading import BackupReader
from ledger.services.checkpointing import agrees, sign_checkpoint, tile_reader
from ledger.services.context import Ledger
from ledger.services.opening import operator_token
from ledger.storage import checkpoints, log, schema
from ledger.storage.engine import reading
from ledger.storage.table_files import write_file, write_table
from ledger.storage.tables import METADATA

TOKEN_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class KeysApart:
    """Where the archive of the keys goes, and the passphrase that seals it."""

    path: Path
    passphrase: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup: its folder, what it holds, and which older ones were dropped for it."""

    folder: Path
    manifest: Manifest
    checkpoint_size: int
    dropped: tuple[Path, ...]


def take_backup(
    ledger: Ledger,
    target: Path,
    *,
    keys: KeysApart | None = None,
    keep: int | None = None,
    advance: Callable[[int], None] = lambda _count: None,
) -> Backup:
    """Write a backup into a folder of its own below ``target``, and verify it by reading it back.

    Args:
        ledger: The open ledger; others may go on using it.
        target: Folder in which backups are kept.
        keys: Where the keys go, if they are to be archived too.
        keep: How many backups to keep, this one among them; None keeps all. Older ones are dropped
            only after this one was verified.
        advance: Told of entries that were verified.

    Raises:
        DamagedError: What is stored cannot be a good backup; nothing was kept.
        RefusedError: The keys would lie among the backups.
        UnavailableError: It cannot be written there; nothing was kept.
    """
    if keys is not None and target.resolve() in keys.path.resolve().parents:
        raise RefusedError(
            f"keys archive: {keys.path} lies among the backups, expected a place apart; who gets "
            "hold of both needs only the passphrase",
            code="keys-beside-backup",
        )
    # A backup of a database that contradicts its checkpoint would be worth nothing.
    sign_checkpoint(ledger)
    try:
        token = ledger.random(TOKEN_BYTES).hex()
        with backup_folder.passing_folder(target, token) as folder:
            manifest = _write(ledger, folder)
            if keys is not None:
                archive_keys(ledger, keys)
            verifier_keys = ledger.keyring.published().every_log_verifier_key()
            reader = BackupReader(folder, verifier_keys)
            reader.read_all(advance)
            final = backup_folder.finish(folder, manifest)
        dropped = [] if keep is None else backup_folder.drop_older(final, keep)
    except OSError as error:
        raise UnavailableError(
            f"backup: {error.filename or target}: {error.strerror or 'cannot be written'}; no "
            "backup was made",
            code="backup-unwritable",
        ) from error
    return Backup(final, manifest, reader.checkpoint.size, tuple(dropped))


def _write(ledger: Ledger, folder: Path) -> Manifest:
    made_at_ms = ledger.clock()
    with reading(ledger.engine) as connection:
        size, root = _size_and_root(connection)
        tables = {}
        for table in METADATA.sorted_tables:
            # SQLAlchemy's names are no plain strings.
            name, columns = str(table.name), tuple(map(str, table.columns.keys()))
            path = folder / f"{name}{backup_folder.ROWS_SUFFIX}"
            tables[name] = TableFile(columns, write_table(connection, table, path))
        note = _newest_note(ledger, connection)
        migration = schema.current_migration(connection) or ""
    # After the tables: of a key that was made meanwhile there is at worst one too many.
    ledger.renew_keys()
    key_list = ledger.keyring.published().encode()
    manifest = Manifest(
        ledger.origin,
        made_at_ms,
        migration,
        size,
        root,
        tables,
        write_file(folder / backup_folder.CHECKPOINT, note),
        write_file(folder / backup_folder.KEY_LIST, key_list),
    )
    backup_folder.write_manifest(folder, manifest)
    return manifest


def _size_and_root(connection: Connection) -> tuple[int, bytes]:
    head = log.read_head(connection)
    return head.size, root_hash(head.size, tile_reader(connection))


def _newest_note(ledger: Ledger, connection: Connection) -> bytes:
    """The newest checkpoint of the transaction's state: never of more entries than it holds."""
    for size, note in checkpoints.newest_first(connection):
        if agrees(ledger, connection, size, note):  # else one of before a recovery
            return note
    raise DamagedError(
        "backup: the database holds no checkpoint, though one was signed; run "
        "'python -m ledger audit', which says what is missing"
    )


def archive_keys(ledger: Ledger, keys: KeysApart) -> None:
    """Write the archive of the keys, mode 0600, and open it again before it replaces an older one.

    Raises:
        MalformedError: The passphrase is too short.
        CustodyError: A key file cannot be read.
        OSError: It cannot be written there.
    """
    with open_folder(ledger.home) as folder:
        archive = KeyArchive(folder.files(), operator_token(ledger.home))
    sealed = seal_archive(archive, keys.passphrase)
    passing = keys.path.with_name(f".{keys.path.name}.new")
    passing.unlink(missing_ok=True)
    write_file(passing, sealed)
    if open_archive(passing.read_bytes(), keys.passphrase) != archive:
        raise DamagedError(
            f"{passing}: does not open as what was written; the disk may be failing. Name another "
            "place for the keys"
        )
    passing.replace(keys.path)
    backup_folder.sync_folder(keys.path.resolve().parent)
