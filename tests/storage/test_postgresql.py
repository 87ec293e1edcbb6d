"""A PostgreSQL ledger is kept by a server that flushes, and a lost server is told as such."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ledger.errors import DamagedError, RefusedError, UnavailableError
from ledger.storage import postgresql, schema
from ledger.storage.engine import database_exists, open_engine, purge, reading, writing
from tests.databases import (
    RawDatabase,
    database_for,
    database_name,
    drop_connections,
    only_postgresql,
    server,
    sql,
)
from tests.postgresql import Server
from tests.storage.log_fixture import make_engine

pytestmark = only_postgresql
PATH = "ledger.sqlite3"
DISARMED = """CREATE OR REPLACE FUNCTION entry_no_update() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RETURN NEW; END $$"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path)


def _execute(engine: Engine, statement: str) -> None:
    with writing(engine) as connection:
        connection.execute(sql(statement))


def _lose_connection(engine: Engine, tmp_path: Path, then: str | None = None) -> None:
    with writing(engine) as connection:
        connection.execute(sql("INSERT INTO public_entry VALUES (1, 'key')"))
        drop_connections(database_name(tmp_path / PATH))
        if then is not None:
            connection.execute(sql(then))


@pytest.mark.usefixtures("engine")
def test_commits_are_waited_for_whatever_the_database_says(tmp_path: Path) -> None:
    name = database_name(tmp_path / PATH)
    server().execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    with reading(open_engine(database_for(tmp_path / PATH))) as connection:
        assert connection.execute(sql("SHOW synchronous_commit")).scalar_one() == "on"


@pytest.mark.usefixtures("engine")
def test_a_wait_for_standbys_that_apply_is_not_loosened(tmp_path: Path) -> None:
    name = database_name(tmp_path / PATH)
    server().execute(f'ALTER DATABASE "{name}" SET synchronous_commit = remote_apply')
    with reading(open_engine(database_for(tmp_path / PATH))) as connection:
        assert connection.execute(sql("SHOW synchronous_commit")).scalar_one() == "remote_apply"


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_loses_commits_is_refused(setting: str) -> None:
    careless = Server({setting: "off"}, copy_of=server())
    try:
        (careless.data / "standby.signal").unlink()
        careless.start()
        with (
            pytest.raises(RefusedError, match=setting),
            writing(open_engine(careless.url("postgres"))),
        ):
            pass
    finally:
        careless.remove()


def test_a_reader_cannot_write(engine: Engine) -> None:
    with pytest.raises(UnavailableError, match="read-only"), reading(engine) as connection:
        connection.execute(sql("DELETE FROM subject"))


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    nowhere = f"postgresql://postgres@/none?host={tmp_path}"
    with pytest.raises(UnavailableError):
        database_exists(nowhere)


def test_a_connection_that_is_lost_midway_leaves_nothing_and_the_next_write_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError) as caught:
        _lose_connection(engine, tmp_path, then="INSERT INTO public_entry VALUES (2, 'key')")
    assert caught.value.code == "unavailable"
    _execute(engine, "INSERT INTO public_entry VALUES (3, 'key')")
    with reading(engine) as connection:
        assert connection.execute(sql('SELECT "index" FROM public_entry')).scalars().all() == [3]


def test_a_connection_that_is_lost_before_commit_answers_leaves_the_outcome_unknown(
    engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError) as caught:
        _lose_connection(engine, tmp_path)
    assert caught.value.code == "outcome-unknown"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DROP TRIGGER entry_no_update ON entry", "trigger entry.entry_no_update"),
        ("ALTER TABLE entry DISABLE TRIGGER entry_no_update", "trigger entry.entry_no_update"),
        ("DROP INDEX record_subject", "index record_subject"),
        ("ALTER TABLE record ALTER issuer DROP NOT NULL", "column record.issuer"),
        ("CREATE RULE quiet AS ON DELETE TO answer DO INSTEAD NOTHING", "rule answer.quiet"),
        ("CREATE TABLE other (x int)", "table other"),
        (DISARMED, "function entry_no_update"),
    ],
)
def test_a_change_of_the_schema_is_named(engine: Engine, statement: str, named: str) -> None:
    with reading(engine) as connection:
        assert schema.unlike_made(connection) == []
    _execute(engine, statement)
    with reading(engine) as connection:
        assert named in schema.unlike_made(connection)


def test_a_database_whose_tables_are_gone_is_damage(engine: Engine) -> None:
    _execute(engine, "DROP TABLE answer")
    with pytest.raises(DamagedError) as caught, reading(engine) as connection:
        connection.execute(sql("SELECT * FROM answer"))
    assert caught.value.code == "database-unreadable"


def test_purging_says_whether_a_reader_stands_in_the_way(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "LOCK_MS_MAX", 100)
    with reading(engine) as connection:
        connection.execute(sql("SELECT count(*) FROM body"))
        assert not purge(engine)
    assert purge(engine)


def test_purging_waits_for_readers_that_may_see_what_was_erased_and_for_no_others(
    engine: Engine,
) -> None:
    with ThreadPoolExecutor() as pool, reading(engine) as later:
        with reading(engine) as older:
            older.execute(sql("SELECT count(*) FROM body"))
            purging = pool.submit(purge, engine)
            assert wait_for([purging], 0.5).not_done
            later.execute(sql("SELECT 1"))
        assert purging.result(60)


@pytest.mark.usefixtures("engine")
def test_statistics_hold_no_sample_of_what_an_erasure_must_find(tmp_path: Path) -> None:
    """Otherwise a person's wrapped key would outlive the person there."""
    rows = [(f"{n:032}", b"tag-%012d" % n, 1, b"wrapped" * 9, b"facts" * 30) for n in range(300)]
    with closing(RawDatabase(tmp_path)) as raw:
        raw.executemany("INSERT INTO subject VALUES (?, ?, ?, ?, ?)", rows)
        raw.execute("ANALYZE")
        sampled = raw.execute("SELECT attname FROM pg_stats WHERE tablename = 'subject'")
        assert {name for (name,) in sampled} == {"id", "key_version"}
