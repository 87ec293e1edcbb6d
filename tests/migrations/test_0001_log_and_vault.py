"""The triggers: log tables only grow, but for the right edge of the tiles and an erased body.

They stop accidents. What stops a person with the database is the audit (tests/services).
"""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ledger.storage.engine import writing
from tests.databases import only_postgresql, only_sqlite, sql
from tests.storage.log_fixture import append, make_engine

SEED = (
    """INSERT INTO body VALUES (0, NULL, x'01', x'02')""",
    """INSERT INTO body VALUES (1, 'person', NULL, x'03')""",
    """INSERT INTO checkpoint VALUES (3, x'04')""",
    """INSERT INTO subject VALUES ('person', x'05', 1, x'06', x'07')""",
)

BYTES = ("leaf_hash", "bytes", "salt", "content", "note", "hashes")
OTHER = dict.fromkeys(BYTES, "x'99'")

COLUMNS = [
    ("entry", "index"), ("entry", "leaf_hash"), ("entry", "bytes"),
    ("body", "index"), ("body", "subject"), ("body", "salt"), ("body", "content"),
    ("checkpoint", "size"), ("checkpoint", "note"),
    ("tile", "level"), ("tile", "n"), ("tile", "hashes"),
]  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(tmp_path)
    append(made, 3)
    with writing(made) as connection:
        for statement in SEED:
            connection.execute(sql(statement))
    return made


def _run(engine: Engine, statement: str) -> int:
    with writing(engine) as connection:
        return connection.execute(sql(statement)).rowcount


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_no_column_of_a_log_table_can_be_updated(engine: Engine, table: str, column: str) -> None:
    with pytest.raises(IntegrityError, match=f"{table}: the log only grows"):
        _run(engine, f"""UPDATE {table} SET "{column}" = {OTHER.get(column, 99)}""")  # noqa: S608 - names of this file


@pytest.mark.parametrize("table", ["entry", "checkpoint", "tile", "body", "head"])
def test_no_row_of_a_log_table_can_be_deleted(engine: Engine, table: str) -> None:
    with pytest.raises(IntegrityError, match=f"{table}: the log only grows"):
        _run(engine, f"DELETE FROM {table}")  # noqa: S608 - names of this file


def test_a_public_body_is_never_deleted(engine: Engine) -> None:
    _run(engine, "DELETE FROM subject")
    with pytest.raises(IntegrityError, match="body: the log only grows"):
        _run(engine, """DELETE FROM body WHERE "index" = 0""")


def test_a_personal_body_may_go_once_the_persons_key_has_gone(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="body: the log only grows"):
        _run(engine, """DELETE FROM body WHERE "index" = 1""")
    _run(engine, "DELETE FROM subject")
    assert _run(engine, """DELETE FROM body WHERE "index" = 1""") == 1


def test_a_tile_may_be_widened(engine: Engine) -> None:
    widened = "CAST(hashes || zeroblob(32) AS BLOB)"
    assert _run(engine, f"UPDATE tile SET hashes = {widened}") == 1  # noqa: S608 - of this file


@pytest.mark.parametrize(
    "changed",
    [
        "substr(hashes, 1, 64)",  # narrower
        "CAST(zeroblob(32) || substr(hashes, 33) AS BLOB)",  # another first hash
        "CAST(substr(hashes, 1, 64) || zeroblob(64) AS BLOB)",  # wider, with another third hash
        "x''",
    ],
)
def test_the_hashes_that_a_tile_has_stay_where_they_are(engine: Engine, changed: str) -> None:
    with pytest.raises(IntegrityError, match="tile: the log only grows"):
        _run(engine, f"UPDATE tile SET hashes = {changed}")  # noqa: S608 - of this file


@pytest.mark.parametrize("changed", ["size = size - 1", "time_ms = time_ms - 1"])
def test_the_head_never_goes_back(engine: Engine, changed: str) -> None:
    with pytest.raises(IntegrityError, match="head: the log only grows"):
        _run(engine, f"UPDATE head SET {changed}")  # noqa: S608 - of this file


@pytest.mark.parametrize("statement", ["INSERT INTO head VALUES (2, 0, x'00', 0)"])
def test_there_is_only_one_head(engine: Engine, statement: str) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)check constraint"):
        _run(engine, statement)


@pytest.mark.parametrize(
    "values", ["(7, 'person', x'01', x'02')", "(7, NULL, NULL, x'02')"], ids=["both", "neither"]
)
def test_a_body_has_a_subject_or_a_salt_and_never_both(engine: Engine, values: str) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)check constraint"):
        _run(engine, f"INSERT INTO body VALUES {values}")  # noqa: S608 - of this file


@only_sqlite
@pytest.mark.parametrize("table", ["entry", "body", "checkpoint", "tile"])
def test_replacing_a_row_of_the_log_is_refused(engine: Engine, table: str) -> None:
    """SQLite fires no DELETE trigger for REPLACE, unless recursive_triggers is on."""
    values = {
        "entry": "(0, x'00', x'00')",
        "body": "(0, NULL, x'00', x'00')",
        "checkpoint": "(3, x'00')",
        "tile": "(0, 0, x'00')",
    }
    with pytest.raises(IntegrityError):
        _run(engine, f"INSERT OR REPLACE INTO {table} VALUES {values[table]}")  # noqa: S608


@only_postgresql
@pytest.mark.parametrize("table", ["entry", "body", "checkpoint", "tile", "head"])
def test_a_log_table_is_not_emptied(engine: Engine, table: str) -> None:
    """TRUNCATE fires no trigger that is meant for rows."""
    with pytest.raises(IntegrityError, match=f"{table}: the log only grows"):
        _run(engine, f"TRUNCATE {table}")
