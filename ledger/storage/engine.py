"""The door to the database: transactions under which what was committed is on the disk.

What differs between the engines is in ``sqlite`` and ``postgresql``; nobody else asks which it is,
but for ``bulk`` and the migrations.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ledger.errors import LedgerError, UnavailableError
from ledger.storage.leadership import Leadership
from ledger.storage.postgresql import PostgreSQL
from ledger.storage.sqlite import SQLite


class Store(Protocol):
    """What an engine does in its own way."""

    def create_engine(self) -> Engine:
        """Make SQLAlchemy's engine."""

    def turn(self) -> AbstractContextManager[None]:
        """See ``turn`` below."""

    def turn_if_free(self) -> AbstractContextManager[bool]:
        """See ``turn_if_free`` below."""

    def connected_to_write(self, engine: Engine) -> AbstractContextManager[Connection]:
        """Give a connection to write on, alone or up to ``lock``."""

    def connected_to_read(self, engine: Engine) -> AbstractContextManager[Connection]:
        """Give a connection whose transactions see one state."""

    def lock(self, connection: Connection) -> None:
        """Hold other writers off until the transaction ends."""

    def explain(self, error: DatabaseError) -> LedgerError | None:
        """Give the error that a caller can act on; None if it is a fault of ours."""

    def purge(self, engine: Engine) -> bool:
        """See ``purge`` below."""

    def leadership(self, engine: Engine, name: str) -> Leadership:
        """See ``leadership`` below."""

    def integrity_findings(self, connection: Connection) -> list[str]:
        """See ``integrity_findings`` below."""


def open_engine(database: Path | str) -> Engine:
    """Open a database: SQLite at a path (created, if absent), or PostgreSQL at a URL.

    Raises:
        RefusedError: The URL is not one of PostgreSQL.
    """
    store: Store = SQLite(database) if isinstance(database, Path) else PostgreSQL(database)
    return store.create_engine()


def on_connect(engine: Engine, told: Callable[[], None]) -> None:
    """Call ``told`` with each new connection: behind it there may be another server, or file."""
    event.listen(engine, "connect", lambda *_connection: told())


def database_exists(database: Path | str) -> bool:
    """Tell whether a ledger's tables were made there; makes nothing.

    Raises:
        UnavailableError: The server does not answer.
    """
    if isinstance(database, Path):
        return database.exists()
    engine = open_engine(database)
    try:
        with reading(engine) as connection:
            return inspect(connection).has_table("head")
    finally:
        engine.dispose()


def _store(engine: Engine) -> Store:
    store: Store = engine.get_execution_options()["jinlan_store"]
    return store


def turn(engine: Engine) -> AbstractContextManager[None]:
    """Wait for the turn to write, where processes take turns outside the database.

    ``writing`` within it does not wait again. On PostgreSQL the transaction alone waits.

    Raises:
        UnavailableError: Others held it for too long.
    """
    return _store(engine).turn()


def turn_if_free(engine: Engine) -> AbstractContextManager[bool]:
    """Take the turn to write if it is nobody's; tell whether."""
    return _store(engine).turn_if_free()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that holds the ledger's write lock from its beginning.

    Commits on leaving, rolls back on any exception. After an error of the engine the connection is
    thrown away, so that nothing of its state is believed.

    Raises:
        UnavailableError: The database cannot be written now. Nothing was recorded, unless the code
            is ``outcome-unknown``: then it failed within COMMIT.
    """
    store = _store(engine)
    with _told_apart(store), store.connected_to_write(engine) as connection:
        transaction = connection.begin()
        try:
            store.lock(connection)
            yield connection
        except DatabaseError:
            connection.invalidate()
            raise
        except BaseException:
            transaction.rollback()
            raise
        try:
            transaction.commit()
        except DatabaseError as error:
            connection.invalidate()
            raise _unknown_outcome(store, error) from error
        except BaseException:  # a signal: the transaction may still be open
            connection.invalidate()
            raise


def _unknown_outcome(store: Store, error: DatabaseError) -> UnavailableError:
    told = store.explain(error)
    return UnavailableError(
        f"the database failed while it committed ({told.message if told else 'no reason'}); what "
        "was sent may or may not be recorded: send it again under the same key",
        code="outcome-unknown",
    )


@contextmanager
def _told_apart(store: Store) -> Iterator[None]:
    """Tell a database that cannot be used now from one that is damaged."""
    try:
        yield
    except IntegrityError:
        raise
    except PoolTimeoutError as error:
        raise UnavailableError("the database has no free connection") from error
    except DatabaseError as error:
        told = store.explain(error)
        if told is None:
            raise
        raise told from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one state of the database and never waits for writers."""
    store = _store(engine)
    with _told_apart(store), store.connected_to_read(engine) as connection, connection.begin():
        yield connection


@contextmanager
def trying(engine: Engine) -> Iterator[Connection]:
    """Open a transaction as ``reading`` does, which may fill temporary tables: nothing stays."""
    store = _store(engine)
    with _told_apart(store), store.connected_to_read(engine) as connection:
        transaction = connection.execution_options(postgresql_readonly=False).begin()
        try:
            yield connection
        finally:
            transaction.rollback()


def purge(engine: Engine) -> bool:
    """Overwrite or free what was erased, so that no erased byte lingers; tell whether it is done.

    Not done: a reader is open that may still see the old rows.
    """
    return _store(engine).purge(engine)


def leadership(engine: Engine, name: str) -> Leadership:
    """Give what asks for the lead among all processes that serve this ledger."""
    return _store(engine).leadership(engine, name)


def integrity_findings(connection: Connection) -> list[str]:
    """Ask the engine what it finds wrong with its own storage; nothing where all is well."""
    return _store(connection.engine).integrity_findings(connection)
