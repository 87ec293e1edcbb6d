"""What a SQLite ledger owes to its file: durable commits, and erased bytes that are gone."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from ledger.errors import DamagedError, UnavailableError
from ledger.storage import sqlite
from ledger.storage.engine import open_engine, purge, reading, writing
from tests.databases import only_sqlite

pytestmark = only_sqlite


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = open_engine(tmp_path / "a.sqlite3")
    with writing(made) as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER PRIMARY KEY)"))
    return made


def _count(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("secure_delete", 1),
        ("foreign_keys", 1),
        ("busy_timeout", 10_000),
    ],
)
def test_every_connection_is_set_up_for_durable_commits(
    engine: Engine, pragma: str, value: object
) -> None:
    """Notes, security L7: with synchronous=NORMAL a power cut loses acknowledged records."""
    with reading(engine) as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_a_writer_of_another_program_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that takes no lock of ours, and holds SQLite's."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 100)
    engine = open_engine(tmp_path / "a.sqlite3")
    with closing(sqlite3.connect(tmp_path / "a.sqlite3", isolation_level=None)) as tool:
        tool.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="locked"), writing(engine):
            pass
    with writing(engine):
        pass


def test_a_full_disk_is_told_as_unavailable_and_leaves_nothing(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("PRAGMA max_page_count = 3"))
        connection.execute(text("CREATE TABLE big (x BLOB)"))
        connection.execute(text("INSERT INTO big VALUES (zeroblob(1000000))"))

    with pytest.raises(UnavailableError, match="full"), writing(engine) as connection:
        work(connection)
    assert _count(engine) == 0


def test_a_database_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    (tmp_path / "b.sqlite3").write_bytes(b"no database at all" * 1_000)
    for use in (reading, writing):
        with pytest.raises(DamagedError) as caught, use(open_engine(tmp_path / "b.sqlite3")):
            pass
        assert caught.value.code == "database-unreadable"


def test_a_table_definition_that_is_no_text_is_damage(engine: Engine, tmp_path: Path) -> None:
    purge(engine)
    engine.dispose()
    path = tmp_path / "a.sqlite3"
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE t", b"CREATE\xffTABLE t"))
    for use in (reading, writing):
        with pytest.raises(DamagedError) as caught, use(open_engine(path)):
            pass
        assert caught.value.code == "database-unreadable"


def test_a_database_is_made_closed_to_others(tmp_path: Path) -> None:
    with writing(open_engine(tmp_path / "c.sqlite3")) as connection:
        connection.execute(text("CREATE TABLE t (a)"))
        for made in tmp_path.glob("c.sqlite3*"):
            assert made.stat().st_mode & 0o077 == 0


def test_purging_empties_the_write_ahead_log(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
    assert (tmp_path / "a.sqlite3-wal").stat().st_size > 0
    purge(engine)
    assert (tmp_path / "a.sqlite3-wal").stat().st_size == 0
    assert _count(engine) == 1


def test_opening_it_again_in_this_process_gives_no_lock_away(
    engine: Engine, tmp_path: Path
) -> None:
    """A process that closes a file loses its locks on it, and another then takes the log away."""
    path = tmp_path / "a.sqlite3"
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
    open_engine(path).dispose()
    read = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('SELECT x FROM t'))"
    for count in (1, 2):
        # The other process is not the last to close the database, or it would remove the log.
        told = subprocess.run(
            [sys.executable, "-c", read, path], capture_output=True, check=True, text=True
        )
        assert len(told.stdout.split()) == count
        assert (tmp_path / "a.sqlite3-wal").exists()
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": count + 1})
