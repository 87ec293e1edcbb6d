"""The door to the database: an engine under which what was committed is on the disk.

SQLite runs in WAL with ``synchronous=FULL``: with NORMAL a power cut loses acknowledged commits and
leaves a chain that looks sound. Writers take BEGIN IMMEDIATE, because a deferred BEGIN that
upgrades later fails at once under contention whatever the busy timeout says. ``secure_delete``
overwrites what an erasure frees.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, IntegrityError

from ledger.errors import DamagedError, UnavailableError

BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 32_768
AUTOCHECKPOINT_PAGES = 4_000
# SQLite tells these apart by words only, where the connection itself could not be made ready.
PASSING = ("locked", "full", "busy", "readonly", "unable to open", "disk I/O error")
DAMAGE = ("malformed", "not a database", "no such table", "no such column", "corrupt")

# Bytes are bound as they are. Without this sqlite3 asks each one, in vain and at some length,
# whether it would rather be adapted.
sqlite3.register_adapter(bytes, bytes.__bytes__)


def open_engine(path: Path) -> Engine:
    """Open (and create, if absent) the SQLite database at ``path``."""
    # Made here, closed to others; SQLite gives its side files the mode of the database.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,  # what is personal must not reach a log through an error's text
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


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
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("jinlan_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that holds SQLite's write lock from its first statement.

    Commits on leaving, rolls back on any exception; either way the connection's cached state is not
    reused.

    Raises:
        UnavailableError: The database stayed locked, or the disk is full; nothing was recorded.
    """
    with (
        _told_apart(),
        engine.connect().execution_options(jinlan_begin="IMMEDIATE") as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _told_apart() -> Iterator[None]:
    """Tell a database that cannot be used now from one that is damaged."""
    try:
        yield
    except IntegrityError:
        raise
    except DatabaseError as error:
        reason = str(error.orig)
        if any(word in reason for word in PASSING):
            raise UnavailableError(f"the database cannot be used now ({reason})") from error
        if any(word in reason for word in DAMAGE):
            raise DamagedError(
                f"the database cannot be read ({reason}); restore it from a backup",
                code="database-unreadable",
            ) from error
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one state of the database and never waits for writers."""
    with _told_apart(), engine.connect() as connection, connection.begin():
        yield connection


def purge(engine: Engine) -> bool:
    """Empty the write-ahead log into the database, so that no erased byte lingers in it.

    Tells whether that is done. A reader that is still open keeps the pages that it sees; it is
    waited for as long as a lock would be.
    """
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if raw is None:
            return False
        # The busy timeout holds here too, and the first number says whether it was not enough.
        busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy


def integrity_findings(connection: Connection) -> list[str]:
    """Ask SQLite to check its own pages and indexes; nothing where all is well."""
    rows = connection.exec_driver_sql("PRAGMA integrity_check").fetchall()
    return [str(row[0]) for row in rows if row[0] != "ok"]
