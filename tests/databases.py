"""The engine under a test: each test of storage, services and journeys runs on both.

A test asks for the settings of a folder (``settings_for``) and gets a ledger's database on the
engine in play. PostgreSQL databases are made as they are asked for, on one server for each test
process, and dropped after the test or the file that asked.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from sqlite3 import IntegrityError, connect
from typing import Any, Final, Protocol

import psycopg
import pytest
from sqlalchemy import Connection, TextClause, text

from ledger.services.settings import DATABASE, Settings
from tests.postgresql import Server

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"

# What a column says to a value that it does not take; SQLite takes nearly any.
ValueRefused: Final = (
    IntegrityError,
    psycopg.IntegrityError,
    psycopg.DataError,
    psycopg.ProgrammingError,
)

_in_play = [SQLITE]
_made: list[str] = []
_elsewhere: dict[Path, str] = {}

only_sqlite = pytest.mark.parametrize("database_engine", [SQLITE], indirect=True, scope="session")
only_postgresql = pytest.mark.parametrize(
    "database_engine", [POSTGRESQL], indirect=True, scope="session"
)


ENGINES: Final = os.environ.get("JINLAN_TEST_ENGINES", f"{SQLITE} {POSTGRESQL}").split()


@pytest.fixture(scope="session", autouse=True, params=ENGINES)
def database_engine(request: pytest.FixtureRequest) -> str:
    """The engine on which the test runs."""
    engine: str = request.param
    return engine


@pytest.fixture(scope="session", autouse=True)
def _server_of_a_run() -> Iterator[None]:
    yield
    stop_server()


@pytest.fixture(autouse=True)
def _databases_of_a_test(database_engine: str) -> Iterator[None]:
    known = len(_made)
    yield
    if database_engine == POSTGRESQL:
        drop_databases(known)


@pytest.fixture(scope="module", autouse=True)
def _databases_of_a_file(database_engine: str) -> Iterator[None]:
    known = len(_made)
    _in_play[0] = database_engine
    yield
    _in_play[0] = SQLITE
    if database_engine == POSTGRESQL:
        drop_databases(known)


@pytest.fixture(scope="module")
def folder_of_a_file(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the tests of a file share, which is made anew for each engine."""
    return tmp_path_factory.mktemp(database_engine)


def engine_in_play() -> str:
    """Give the name of the engine on which the running test runs."""
    return _in_play[0]


@lru_cache(maxsize=1)
def server() -> Server:
    """Give this process's server; it ends with the process."""
    started = Server()
    started.start()
    return started


def settings_for(home: Path) -> Settings:
    """Give the settings of a ledger whose data folder is ``home``, on the engine in play."""
    database = database_for(home / DATABASE)
    return Settings(home, database_url=None if isinstance(database, Path) else database)


def database_for(path: Path) -> Path | str:
    """Give what ``open_engine`` opens: the path itself, or a PostgreSQL database named after it."""
    if engine_in_play() == SQLITE:
        return path
    if path in _elsewhere:
        return _elsewhere[path]
    name = database_name(path)
    if name not in _made:
        server().execute(f'CREATE DATABASE "{name}"')
        _made.append(name)
    return server().url(name)


def keep_elsewhere(home: Path, url: str) -> None:
    """Let the database of a data folder be one that the test keeps on servers of its own."""
    _elsewhere[home / DATABASE] = url


def database_name(path: Path) -> str:
    """Give the name of the PostgreSQL database that stands for a path."""
    return "t_" + sha256(str(path).encode()).hexdigest()[:24]


def copy_home(source: Path, target: Path) -> Path:
    """Copy a data folder with its database, whose ledger must be closed; give the copy."""
    shutil.copytree(source, target)
    if engine_in_play() == POSTGRESQL:
        _copy_database(source, target)
    return target


def put_back_database(home: Path, backup: Path) -> None:
    """Exchange the database of a data folder for that of another, as one restores an old backup."""
    if engine_in_play() == POSTGRESQL:
        _copy_database(backup, home)
        return
    remove_database(home)
    for path in backup.glob(f"{DATABASE}*"):
        shutil.copy(path, home / path.name)


def remove_database(home: Path) -> None:
    """Take the database away, as if none had been made."""
    for path in home.glob(f"{DATABASE}*"):
        path.unlink()
    name = database_name(home / DATABASE)
    if name in _made:
        server().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        server().execute(f'CREATE DATABASE "{name}"')


def _copy_database(source: Path, target: Path) -> None:
    old, new = database_name(source / DATABASE), database_name(target / DATABASE)
    drop_connections(old)
    server().execute(f'DROP DATABASE IF EXISTS "{new}" WITH (FORCE)')
    server().execute(f'CREATE DATABASE "{new}" TEMPLATE "{old}"')
    if new not in _made:
        _made.append(new)


def drop_connections(name: str) -> None:
    """End the connections to a database, as a copy of it demands."""
    with psycopg.connect(server().conninfo("postgres"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )


def drop_databases(known: int) -> None:
    """Drop the databases that were made after the first ``known``."""
    while len(_made) > known:
        server().execute(f'DROP DATABASE IF EXISTS "{_made.pop()}" WITH (FORCE)')


def environment_of(home: Path) -> dict[str, str]:
    """Give what a process must find in its environment to open the ledger of ``home``."""
    url = settings_for(home).database_url
    return {"JINLAN_HOME": str(home)} | ({} if url is None else {"DATABASE_URL": url})


def native(statement: str) -> str:
    """Write a statement in SQLite's words as the engine in play wants it."""
    if engine_in_play() == SQLITE:
        return statement
    words = statement.replace("[index]", '"index"')
    for pattern, said in (
        (r"x'([0-9a-fA-F]*)'", r"'\\x\1'::bytea"),
        (r"zeroblob\((\w+|length\(\w+\))\)", r"decode(repeat('00', (\1)::int), 'hex')"),
        (r" AS BLOB\)", " AS bytea)"),
        (
            r"CAST\(replace\((\w+), ('[^']*'), ('[^']*')\) AS bytea\)",
            r"convert_to(replace(convert_from(\1, 'UTF8'), \2, \3), 'UTF8')",
        ),
        ("randomblob\\(16\\)", "uuid_send(gen_random_uuid())"),
    ):
        words = re.sub(pattern, said, words)
    return words


def sql(statement: str) -> TextClause:
    """Make of a statement in SQLite's words what a connection executes on the engine in play."""
    return text(native(statement))


def without_trigger(trigger: str, table: str) -> str:
    """Give the statement that takes a trigger out of the way."""
    on = "" if engine_in_play() == SQLITE else f" ON {table}"
    return f"DROP TRIGGER {trigger}{on}"


def table_definitions(connection: Connection) -> list[tuple[object, ...]]:
    """Read what the engine's catalogue says of every table, index and trigger."""
    query = (
        "SELECT * FROM sqlite_master"
        if engine_in_play() == SQLITE
        else "SELECT c.relname, c.relkind::text, t.tgname FROM pg_class c"
        " LEFT JOIN pg_trigger t ON t.tgrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2, 3"
    )
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def stop_server() -> None:
    """End this process's server, if there is one."""
    if server.cache_info().currsize:
        server().remove()
        server.cache_clear()


class Cursor(Protocol):
    """What a statement leaves behind, on either engine."""

    rowcount: int
    description: tuple[tuple[Any, ...], ...]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Read all rows."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """Read one row."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Read row by row."""


class RawDatabase:
    """The database of a data folder as its administrator has it: past the ledger.

    Statements are written with ``?`` for their values; each is committed by itself.
    """

    def __init__(self, home: Path) -> None:
        self.engine = engine_in_play()
        self._connection: Any
        if engine_in_play() == SQLITE:
            self._connection = connect(home / DATABASE, isolation_level=None)
        else:
            name = database_name(home / DATABASE)
            self._connection = psycopg.connect(server().conninfo(name), autocommit=True)

    def execute(self, statement: str, values: Any = ()) -> Cursor:  # noqa: ANN401 - as the driver
        """Run a statement."""
        words = native(statement)
        if self.engine == POSTGRESQL:
            words = words.replace("%", "%%").replace("?", "%s")
        cursor: Cursor = self._connection.execute(words, values)
        return cursor

    def executemany(self, statement: str, rows: Iterable[Any]) -> None:
        """Run a statement once for each row of values."""
        for values in rows:
            self.execute(statement, values)

    def tables(self) -> list[str]:
        """Name the tables."""
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if self.engine == SQLITE
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        return [str(row[0]) for row in self.execute(query)]

    def columns(self, table: str) -> list[str]:
        """Name the columns of a table, in their order."""
        return [column[0] for column in self.execute(f"SELECT * FROM {table}").description]  # noqa: S608 - a name

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def stored_bytes(path: Path) -> bytes:
    """Give all that the engine's files hold of a database; for PostgreSQL's log see below."""
    if engine_in_play() == SQLITE:
        return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")))
    with psycopg.connect(server().conninfo(database_name(path)), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        (oid,) = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone() or (0,)
    files = (server().data / "base" / str(oid)).iterdir()
    return b"".join(each.read_bytes() for each in files)


def end_of_log() -> tuple[str, int]:
    """Give the place in PostgreSQL's write-ahead log up to which it is written."""
    query = "SELECT * FROM pg_walfile_name_offset(pg_current_wal_flush_lsn())"
    with psycopg.connect(server().conninfo("postgres"), autocommit=True) as connection:
        file, offset = connection.execute(query).fetchone() or ("", 0)
    return file, offset


def logged_bytes(start: tuple[str, int]) -> bytes:
    """Give what PostgreSQL wrote to its write-ahead log from a place on, as far as it is kept."""
    last, length = end_of_log()
    files = sorted(each for each in (server().data / "pg_wal").iterdir() if each.is_file())
    written = {each.name: each.read_bytes() for each in files if start[0] <= each.name <= last}
    written[last] = written[last][:length]
    if start[0] in written:
        written[start[0]] = written[start[0]][start[1] :]
    return b"".join(written.values())


@contextmanager
def past_triggers(home: Path) -> Iterator[RawDatabase]:
    """Open a database with the triggers out of force, and leave them as they were."""
    with closing(RawDatabase(home)) as database:
        if database.engine == POSTGRESQL:
            database.execute("SET session_replication_role = replica")
            yield database
            return
        triggers = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        yield database
        for _, definition in triggers:
            database.execute(definition)


@contextmanager
def other_engine(path: Path) -> Iterator[Path | str]:
    """Give a database for a path on the engine that is not in play."""
    if engine_in_play() == POSTGRESQL:
        yield path
        return
    name = database_name(path)
    server().execute(f'CREATE DATABASE "{name}"')
    try:
        yield server().url(name)
    finally:
        server().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
