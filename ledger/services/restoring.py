"""Restore a backup into an empty data folder, verify it as it is read, and audit the whole.

The newest checkpoint that can be found is put in its place before the database has a row: a backup
that is behind it is never writable, not even for a moment (see ``ledger.services.recovery``). The
database is filled in one transaction, so whoever dies on the way leaves it empty or whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from keys.archive import KeyArchive, open_archive
from keys.custody import open_folder, put_back
from keys.keyring import Keyring
from keys.publication import KEY_LIST_NAME, write_key_list
from ledger.core.checkpoint import open_checkpoint
from ledger.errors import DamagedError, LedgerError, RefusedError
from ledger.services.auditing import AuditReport, audit
from ledger.services.backup_folder import read_manifest
from ledger.services.backup_reading import BackupReader
from ledger.services.backups import KeysApart
from ledger.services.checkpoint_audit import CHECKPOINT_FILE
from ledger.services.checkpointing import hold_against_last_checkpoint
from ledger.services.context import Ledger, assemble, system_clock
from ledger.services.opening import TOKEN_FILE, make_token
from ledger.services.rolling_audit import POSITION_FILE
from ledger.services.settings import DATABASE, Settings
from ledger.storage import checkpoints, lock, schema
from ledger.storage.bulk import insert_rows
from ledger.storage.engine import open_engine, purge, reading, writing
from ledger.storage.sealing import RandomBytes
from ledger.storage.table_files import named_table, write_file
from ledger.storage.tables import ENTRY

KEYS_FOLDER: Final = "keys"
PUBLIC_FOLDER: Final = "public"
# What may lie in the data folder: what outlived the disaster, and what a killed restore left.
EXPECTED: Final = frozenset(
    {
        *(KEYS_FOLDER, "keys.new", KEY_LIST_NAME, TOKEN_FILE, PUBLIC_FOLDER),
        *(checkpoints.FILE_NAME, f"{checkpoints.FILE_NAME}.new", lock.FILE_NAME),
        *(DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"),
        *(lock.GATE_NAME, "scheduler.lock", POSITION_FILE),
    }
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        size: Number of entries.
        checkpoint_size: Size of the newest checkpoint that was found, here or in the backup.
        refusal: Why nothing may be written: the backup is behind that checkpoint, or has another
            history; None where it may.
        audit: The full audit; what ``refusal`` says already is not among its findings.
    """

    size: int
    checkpoint_size: int
    refusal: DamagedError | None
    audit: AuditReport


def restore(
    settings: Settings,
    source: Path,
    random: RandomBytes,
    *,
    keys: KeysApart | None = None,
    checkpoint: Path | None = None,
    advance: Callable[[int], None] = lambda _count: None,
) -> Restored:
    """Restore a backup into the empty data folder and database of the settings.

    Args:
        settings: They name the data folder.
        source: The backup's folder.
        random: Source of random bytes.
        keys: The archive of the keys; None where the keys folder is in place.
        checkpoint: A newer checkpoint of the log, as somebody else kept it.
        advance: Told of entries that were restored, and once more as they are audited.

    Raises:
        RefusedError: The data folder is not empty, or has no keys or others.
        CustodyError: The archive does not open, or a key file is wrong.
        DamagedError: The backup is not whole; the database stays empty.
    """
    home = settings.home
    read_manifest(source)
    _refuse_unless_empty(settings)
    _put_keys_back(home, keys)
    keyring = Keyring.open(home)
    reader = BackupReader(source, keyring.published().every_log_verifier_key())
    if keyring.origin != reader.manifest.origin:
        raise RefusedError(
            f"restore: the backup is of {reader.manifest.origin}, the keys are those of "
            f"{keyring.origin}",
            code="other-ledger",
        )
    newest = _keep_newest_checkpoint(home, reader, checkpoint)
    ledger = assemble(settings, clock=system_clock, random=random)
    try:
        _fill(ledger, reader, advance)
        write_key_list(home, keyring.published())
        make_token(home, random)
        purge(ledger.engine)
        return _judge(ledger, reader.manifest.size, newest, advance)
    finally:
        ledger.close()


def _refuse_unless_empty(settings: Settings) -> None:
    home, database = settings.home, settings.database
    found = sorted(path.name for path in home.iterdir()) if home.exists() else []
    strays = [
        name
        for name in found
        if name not in EXPECTED and not name.startswith(f"{checkpoints.FILE_NAME}.")
    ]
    if strays:
        raise RefusedError(
            f"restore: found {strays[0]} in {home}, expected an empty data folder, or one with"
            " keys, checkpoint and public copy only; move the rest away",
            code="home-not-empty",
        )
    if isinstance(database, Path) and not database.exists():
        return
    engine = open_engine(database)
    try:
        with reading(engine) as connection:
            tables = schema.tables_made(connection)
    finally:
        engine.dispose()
    if tables:
        raise RefusedError(
            "restore: there is a database already; move it away and keep it, for it may hold"
            " what the backup does not. If a restore was cut off, it is whole: run"
            " 'python -m ledger audit'",
            code="home-not-empty",
        )


def _put_keys_back(home: Path, keys: KeysApart | None) -> None:
    present = (home / KEYS_FOLDER).exists()
    if keys is None:
        if not present:
            raise RefusedError(
                f"restore: there are no keys in {home} and a backup holds none; name their archive"
                " with --keys",
                code="keys-missing",
            )
        return
    archive = open_archive(keys.path.read_bytes(), keys.passphrase)
    if present:
        # As a restore that was cut off left them; others are never written over.
        with open_folder(home) as folder:
            if folder.files() != archive.files:
                raise RefusedError(
                    f"restore: the keys in {home} are not those of the archive; move them away, or"
                    " leave --keys out",
                    code="keys-present",
                )
    else:
        put_back(home, archive.files)
    _put_token_back(home, archive)


def _put_token_back(home: Path, archive: KeyArchive) -> None:
    (home / TOKEN_FILE).unlink(missing_ok=True)
    write_file(home / TOKEN_FILE, f"{archive.token}\n".encode())


def _keep_newest_checkpoint(home: Path, reader: BackupReader, named: Path | None) -> int:
    """Put the newest checkpoint in its place; give its size.

    One that lies there is replaced only by one of a larger log.
    """
    outside = checkpoints.read_outside(home)
    newest, note = -1, b""
    given = [] if named is None else [(str(named), named.read_bytes())]
    there = [] if outside is None else [(str(home / checkpoints.FILE_NAME), outside)]
    for where, each in chain(there, given, [(str(reader.folder), reader.note)]):
        try:
            size = open_checkpoint(each, reader.manifest.origin, reader.keys).size
        except LedgerError as error:
            raise DamagedError(
                f"{where}: not a checkpoint that this ledger signed ({error.message})"
            ) from error
        if size > newest:
            newest, note = size, each
    if note != outside:
        checkpoints.write_outside(home, note)
    return newest


def _fill(ledger: Ledger, reader: BackupReader, advance: Callable[[int], None]) -> None:
    manifest = reader.manifest
    with writing(ledger.engine) as connection:
        schema.migrate(connection, manifest.migration)
        made = schema.tables_made(connection)
        held = {name: table.columns for name, table in manifest.tables.items()}
        if {n: sorted(c) for n, c in held.items()} != {n: sorted(c) for n, c in made.items()}:
            raise DamagedError(
                f"{reader.folder}: its tables are not those of migration {manifest.migration}",
                code="backup-damaged",
            )
        for name, table in manifest.tables.items():
            target = named_table(connection, name, table.columns)
            for rows in reader.rows(name):
                insert_rows(connection, target, rows)
                advance(len(rows) if name == ENTRY.name else 0)
        reader.finish()
        schema.migrate(connection)


def _judge(ledger: Ledger, size: int, newest: int, advance: Callable[[int], None]) -> Restored:
    refusal = None
    try:
        with reading(ledger.engine) as connection:
            hold_against_last_checkpoint(ledger, connection)
    except DamagedError as error:
        refusal = error
    report = audit(ledger, advance)
    if refusal is not None:
        report.findings = [
            finding
            for finding in report.findings
            if not finding.message.startswith(f"{CHECKPOINT_FILE}: ")
        ]
    return Restored(size, newest, refusal, report)
