"""What was committed is on the disk, and writers wait in line instead of failing."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from ledger.errors import DamagedError, UnavailableError
from ledger.storage import engine as door
from ledger.storage.engine import open_engine, purge, reading, writing


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


def test_an_exception_rolls_back_what_was_written(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        _ = 1 / 0

    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        work(connection)
    assert _count(engine) == 0


def test_a_writer_takes_the_write_lock_from_its_first_statement(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deferred BEGIN would let the second writer read first and fail when it writes."""
    monkeypatch.setattr(door, "BUSY_TIMEOUT_MS", 0)
    other = open_engine(Path(str(engine.url.database)))
    with writing(engine), pytest.raises(UnavailableError, match="locked"), writing(other):
        pass


def test_four_writers_at_once_all_get_their_turn(engine: Engine) -> None:
    """Notes, security section 1, fact 5: with BEGIN DEFERRED three of four write nothing."""

    def work() -> None:
        for _ in range(25):
            with writing(engine) as connection:
                connection.execute(
                    text("INSERT INTO t SELECT coalesce(max(x), 0) + 1 FROM t"),
                )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _count(engine) == 100


def test_a_reader_sees_one_state_while_a_writer_commits(engine: Engine) -> None:
    with reading(engine) as reader:
        before = reader.execute(text("SELECT count(*) FROM t")).scalar_one()
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))
        assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == before == 0
    assert _count(engine) == 1


def test_a_full_disk_is_told_as_unavailable_and_leaves_nothing(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("PRAGMA max_page_count = 3"))
        connection.execute(text("CREATE TABLE big (x BLOB)"))
        connection.execute(text("INSERT INTO big VALUES (zeroblob(1000000))"))

    with pytest.raises(UnavailableError, match="full"), writing(engine) as connection:
        work(connection)
    assert _count(engine) == 0


def test_an_error_of_another_kind_stays_what_it_is(engine: Engine) -> None:
    with pytest.raises(OperationalError), writing(engine) as connection:
        connection.execute(text("SELECT 1 +"))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(text("INSERT INTO t VALUES (1), (1)"))


def test_a_database_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    (tmp_path / "b.sqlite3").write_bytes(b"no database at all" * 1_000)
    for use in (reading, writing):
        with pytest.raises(DamagedError) as caught, use(open_engine(tmp_path / "b.sqlite3")):
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
