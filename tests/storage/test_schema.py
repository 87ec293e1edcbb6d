"""Migrations bring a database to this version, once, and refuse one that is newer."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from ledger.errors import DamagedError
from ledger.storage import schema
from ledger.storage.engine import open_engine, reading, writing
from ledger.storage.tables import METADATA
from tests.databases import database_for, sql, table_definitions


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_engine(database_for(tmp_path / "a.sqlite3"))


def _schema(engine: Engine) -> list[object]:
    with reading(engine) as connection:
        return table_definitions(connection)


def test_migrating_twice_changes_nothing_the_second_time(engine: Engine) -> None:
    with writing(engine) as connection:
        schema.migrate(connection)
    first = _schema(engine)
    with writing(engine) as connection:
        schema.migrate(connection)
    assert _schema(engine) == first
    assert len(first) > len(METADATA.tables)


def test_the_database_has_every_table_of_the_code_and_no_other(engine: Engine) -> None:
    with writing(engine) as connection:
        schema.migrate(connection)
        names = set(inspect(connection).get_table_names())
    assert names == {*METADATA.tables, "alembic_version"}


def test_a_migration_that_fails_leaves_the_database_as_it_was(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sql("CREATE TABLE report (id INTEGER)"))  # stands in the way
    before = _schema(engine)
    with pytest.raises(Exception, match=r"report\"? already exists"), writing(engine) as connection:
        schema.migrate(connection)
    assert _schema(engine) == before


def test_a_database_of_a_newer_version_is_refused_and_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        schema.migrate(connection)
        connection.execute(sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DamagedError, match="9999"), writing(engine) as connection:
        schema.migrate(connection)


def test_a_database_that_names_two_versions_is_damage(engine: Engine) -> None:
    with writing(engine) as connection:
        schema.migrate(connection)
        connection.execute(sql("INSERT INTO alembic_version VALUES ('9999')"))
    for use in (schema.migrate, schema.unlike_made):
        with pytest.raises(DamagedError, match="2 migrations"), writing(engine) as connection:
            use(connection)


def test_a_database_can_be_brought_to_a_named_migration_and_tells_its_tables(
    engine: Engine,
) -> None:
    with writing(engine) as connection:
        assert schema.current_migration(connection) is None
        assert schema.tables_made(connection) == {}
        schema.migrate(connection, "0001")
        assert schema.current_migration(connection) == "0001"
        made = schema.tables_made(connection)
        assert made["entry"] == ["index", "leaf_hash", "bytes"]
        assert set(made) == set(METADATA.tables)
        with pytest.raises(DamagedError, match="9999"):
            schema.migrate(connection, "9999")
    engine.dispose()
