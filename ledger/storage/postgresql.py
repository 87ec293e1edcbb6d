"""PostgreSQL as the ledger's engine: many machines, one database, 15 or newer.

A server that does not flush what it commits is refused. Writers take an advisory lock for their
transaction, which is fair, and which exists before the first table does; readers see one state
(REPEATABLE READ).
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from ledger.errors import DamagedError, LedgerError, RefusedError, UnavailableError
from ledger.storage.leadership import Leadership, ServerLeadership

VERSION_MIN: Final = 150_000
POOL_CONNECTIONS: Final = 10
POOL_OVERFLOW: Final = 20
LOCK_MS_MAX = 10_000
# A writer that stands still with the lock in its hand is cut off by the server.
IDLE_SECONDS_MAX: Final = 60
_WRITE_LOCK: Final = "SELECT pg_advisory_xact_lock(7596553741827)"  # of this database alone

_SETTINGS: Final = """
    SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
        current_setting('fsync'), current_setting('full_page_writes'),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
        set_config('lock_timeout', %s, false),
        set_config('idle_in_transaction_session_timeout', %s, false),
        set_config('extra_float_digits', '1', false)
"""

# VACUUM alone leaves the bytes of a deleted row in its page. So what opens a person's bodies, and
# what the ledger's own key opens, is written anew; others wait meanwhile, seconds for a million
# persons. Bodies and records are too many for that: what lingers of them in a free place is sealed
# with the key that is gone, or a tag under the look-up secret.
_PURGE: Final = (
    "VACUUM (FULL) subject, report, report_part, report_person",
    "VACUUM body, record",
)
_READERS: Final = (
    "SELECT pid, xact_start FROM pg_stat_activity WHERE backend_xmin IS NOT NULL"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)
_READERS_LOOK_SECONDS: Final = 0.05

# SQLSTATE classes and codes (PostgreSQL, appendix A).
_PASSING: Final = ("08", "25006", "40", "53", "55P03", "57", "58000", "58030")
_DAMAGE: Final = ("42P01", "42703", "58P01", "XX001", "XX002")


class PostgreSQL:
    """A ledger in a PostgreSQL database."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise _unusable("is not a database URL") from error
        if parsed.get_backend_name() not in {"postgresql", "postgres"}:
            raise _unusable("expected postgresql://USER@HOST/DATABASE")
        self._url = parsed.set(drivername="postgresql+psycopg")

    def create_engine(self) -> Engine:
        """Make the pool of connections; none is opened yet."""
        engine = create_engine(
            self._url,
            pool_size=POOL_CONNECTIONS,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=True,  # after a failover the old connections are dead
            hide_parameters=True,
            execution_options={"jinlan_store": self},
        )
        event.listen(engine, "connect", _configure)
        return engine

    def turn(self) -> AbstractContextManager[None]:
        """Do nothing: the lock is of the transaction, and taken with it."""
        return nullcontext()

    def turn_if_free(self) -> AbstractContextManager[bool]:
        """Say that it may be: only the transaction finds out."""
        return nullcontext(enter_result=True)

    @contextmanager
    def connected_to_write(self, engine: Engine) -> Iterator[Connection]:
        """Give a connection for a transaction that begins with ``lock``."""
        with engine.connect() as connection:
            yield connection

    def lock(self, connection: Connection) -> None:
        """Hold other writers off until the transaction ends; what they committed is seen."""
        connection.exec_driver_sql(_WRITE_LOCK)

    @contextmanager
    def connected_to_read(self, engine: Engine) -> Iterator[Connection]:
        """Give a connection whose transactions see one state."""
        with engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            yield connection

    def explain(self, error: DatabaseError) -> LedgerError | None:
        """Tell a database that cannot be used now, or that is damaged, from a fault of ours."""
        state: str | None = getattr(error.orig, "sqlstate", None)
        diagnosis = getattr(error.orig, "diag", None)
        reason = getattr(diagnosis, "message_primary", None) or "the connection failed"
        if state is None or state.startswith(_PASSING):
            return UnavailableError(f"the database cannot be used now ({reason})")
        if state.startswith(_DAMAGE):
            return DamagedError(
                f"the database cannot be read ({reason}); restore it from a backup",
                code="database-unreadable",
            )
        return None

    def purge(self, engine: Engine) -> bool:
        """Make the database's files anew without the erased rows that anybody could open.

        A reader that may still see them is waited for as long as a lock would be. Not promised:
        the write-ahead log, replicas' files and backups hold the old bytes until the operator lets
        them go, and so may the disk below the files.
        """
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not _older_readers_ended(connection):
                return False
            try:
                for statement in _PURGE:
                    connection.exec_driver_sql(statement)
            except DatabaseError as error:
                if isinstance(self.explain(error), UnavailableError):
                    return False
                raise
        return True

    def leadership(self, engine: Engine, name: str) -> Leadership:
        """Ask for the lead among all processes that use this database."""
        return ServerLeadership(engine, name)

    def integrity_findings(self, connection: Connection) -> list[str]:
        """Nothing: a server checks its pages as it reads them, if it was made with checksums."""
        del connection
        return []


def _older_readers_ended(connection: Connection) -> bool:
    """Wait for the transactions that began before now; later ones see nothing of what is gone."""
    older = set(connection.exec_driver_sql(_READERS))
    deadline = time.monotonic() + LOCK_MS_MAX / 1000
    while older and time.monotonic() < deadline:
        time.sleep(_READERS_LOOK_SECONDS)
        older &= set(connection.exec_driver_sql(_READERS))
    return not older


def _configure(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own types
    limits = (f"{LOCK_MS_MAX}ms", f"{IDLE_SECONDS_MAX}s")
    row = connection.execute(_SETTINGS, limits).fetchone()
    connection.commit()
    version, encoding, fsync, full_page_writes = row[:4]
    if version < VERSION_MIN:
        raise _unusable(f"PostgreSQL 15 or newer is needed, found version number {version}")
    if encoding != "UTF8":
        raise _unusable(f"the database must be in UTF8, found {encoding}")
    if "off" in {fsync, full_page_writes}:
        raise _unusable("the server runs with fsync or full_page_writes off, and loses records")


def _unusable(why: str) -> RefusedError:
    return RefusedError(f"DATABASE_URL: {why}", code="setting-unusable")
