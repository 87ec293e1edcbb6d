"""What was committed is on the disk, and writers wait in line instead of failing."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from ledger.errors import UnavailableError
from ledger.storage import postgresql, sqlite
from ledger.storage.engine import open_engine, reading, writing
from tests.databases import database_for, sql


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = open_engine(database_for(tmp_path / "a.sqlite3"))
    with writing(made) as connection:
        connection.execute(sql("CREATE TABLE t (x INTEGER PRIMARY KEY)"))
    return made


def _count(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sql("SELECT count(*) FROM t")).scalar_one())


def test_an_exception_rolls_back_what_was_written(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        connection.execute(sql("INSERT INTO t VALUES (1)"))
        _ = 1 / 0

    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        work(connection)
    assert _count(engine) == 0


def test_a_second_writer_waits_for_a_while_and_is_then_told_to_try_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deferred BEGIN would let the second writer read first and fail when it writes."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr(postgresql, "LOCK_MS_MAX", 100)
    other = open_engine(database_for(tmp_path / "a.sqlite3"))
    told = pytest.raises(UnavailableError, match=r"written by others|lock timeout")
    with writing(engine), told, writing(other):
        pass
    with writing(other):
        pass


def test_four_writers_at_once_all_get_their_turn(engine: Engine) -> None:
    """Notes, security section 1, fact 5: with BEGIN DEFERRED three of four write nothing."""

    def work() -> None:
        for _ in range(25):
            with writing(engine) as connection:
                connection.execute(
                    sql("INSERT INTO t SELECT coalesce(max(x), 0) + 1 FROM t"),
                )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _count(engine) == 100


def test_a_reader_sees_one_state_while_a_writer_commits(engine: Engine) -> None:
    with reading(engine) as reader:
        before = reader.execute(sql("SELECT count(*) FROM t")).scalar_one()
        with writing(engine) as connection:
            connection.execute(sql("INSERT INTO t VALUES (1)"))
        assert reader.execute(sql("SELECT count(*) FROM t")).scalar_one() == before == 0
    assert _count(engine) == 1


def test_an_error_of_another_kind_stays_what_it_is(engine: Engine) -> None:
    with pytest.raises((OperationalError, ProgrammingError)), writing(engine) as connection:
        connection.execute(sql("SELECT 1 +"))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(sql("INSERT INTO t VALUES (1), (1)"))
