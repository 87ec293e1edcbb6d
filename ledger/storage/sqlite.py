"""SQLite as the ledger's engine: one file, WAL, ``synchronous=FULL``.

With NORMAL a power cut loses acknowledged commits and leaves a chain that looks sound. Writers take
BEGIN IMMEDIATE, because a deferred BEGIN that upgrades later fails at once under contention
whatever the busy timeout says. ``secure_delete`` overwrites what an erasure frees.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from ledger.errors import DamagedError, LedgerError, UnavailableError
from ledger.storage.leadership import FileLeadership, Leadership
from ledger.storage.lock import WriteLock

BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 32_768
AUTOCHECKPOINT_PAGES = 4_000
# SQLite tells these apart by words only, where the connection itself could not be made ready.
PASSING = ("locked", "full", "busy", "readonly", "unable to open", "disk I/O error")
DAMAGE = ("malformed", "not a database", "no such table", "no such column", "corrupt")

# Bytes and NULL are bound as they are. Without this sqlite3 asks each one, in vain and at some
# length, whether it would rather be adapted. (A Python function would cost what it saves.)
sqlite3.register_adapter(bytes, bytes.__bytes__)
sqlite3.register_adapter(type(None), {None: None}.__getitem__)


class SQLite:
    """A ledger in one file, and its write lock in files beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = WriteLock(path.parent, BUSY_TIMEOUT_MS / 1000)

    def create_engine(self) -> Engine:
        """Open (and create, if absent) the database."""
        # Made here, closed to others; SQLite gives its side files the mode of the database. One
        # that is there is never opened here: closing it would give away all locks of this process
        # on it, and another process could then take the write-ahead log away under our commits.
        with suppress(FileExistsError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(self._path, flags, 0o600))
        engine = create_engine(
            f"sqlite:///{self._path}",
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
            hide_parameters=True,  # what is personal must not reach a log through an error's text
            execution_options={"jinlan_store": self},
        )
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine

    def turn(self) -> AbstractContextManager[None]:
        """Hold the file lock: nobody else can begin to write."""
        return self._lock.held()

    def turn_if_free(self) -> AbstractContextManager[bool]:
        """Hold the file lock if nobody has it or waits for it."""
        return self._lock.held_if_free()

    @contextmanager
    def connected_to_write(self, engine: Engine) -> Iterator[Connection]:
        """Give a connection whose transactions begin with the write lock."""
        with (
            self._lock.held(),
            engine.connect().execution_options(jinlan_begin="IMMEDIATE") as connection,
        ):
            yield connection

    def lock(self, connection: Connection) -> None:
        """Hold other writers off: BEGIN IMMEDIATE has done so."""

    @contextmanager
    def connected_to_read(self, engine: Engine) -> Iterator[Connection]:
        """Give a connection whose transactions see one state."""
        with engine.connect() as connection:
            yield connection

    def explain(self, error: DatabaseError) -> LedgerError | None:
        """Tell a database that cannot be used now, or that is damaged, from a fault of ours."""
        reason = str(error.orig)
        if any(word in reason for word in PASSING):
            return UnavailableError(f"the database cannot be used now ({reason})")
        if any(word in reason for word in DAMAGE):
            return DamagedError(
                f"the database cannot be read ({reason}); restore it from a backup",
                code="database-unreadable",
            )
        return None

    def purge(self, engine: Engine) -> bool:
        """Empty the write-ahead log into the database.

        A reader that is still open keeps the pages that it sees; it is waited for as long as a lock
        would be.
        """
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            if raw is None:
                return False
            # The busy timeout holds here too; the first number says whether it was not enough.
            busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def leadership(self, engine: Engine, name: str) -> Leadership:
        """Ask for the lead among the processes of this machine."""
        del engine
        return FileLeadership(self._path.with_name(f"{name}.lock"))

    def integrity_findings(self, connection: Connection) -> list[str]:
        """Ask SQLite to check its own pages and indexes; nothing where all is well."""
        rows = connection.exec_driver_sql("PRAGMA integrity_check").fetchall()
        return [f"SQLite finds: {row[0]}" for row in rows if row[0] != "ok"]


def _configure(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own type is private
    # SQLAlchemy's begin event says BEGIN, so that it can say IMMEDIATE.
    connection.isolation_level = None
    # A text that is no UTF-8 any more must not stop the audit that looks for it.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    for pragma in (
        "page_size = 8192",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # Without it INSERT OR REPLACE deletes the old row past the triggers.
        "recursive_triggers = ON",
        "secure_delete = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        f"cache_size = -{CACHE_KIB}",
        f"wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}",
    ):
        try:
            connection.execute(f"PRAGMA {pragma}")
        except UnicodeDecodeError as error:
            # Not a value, which comes out with surrogates: SQLite's own message, which quotes a
            # definition.
            raise DamagedError(
                "the database cannot be read (its table definitions are no text); restore it from "
                "a backup",
                code="database-unreadable",
            ) from error


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("jinlan_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
