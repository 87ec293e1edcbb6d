"""The passing tables: only active records before an entry are touched; differences are counted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ledger.storage import projections
from ledger.storage import rebuilt_projections as rebuilt
from ledger.storage.engine import trying, writing
from ledger.storage.projections import RecordRow
from tests.databases import only_sqlite, sql
from tests.storage.log_fixture import make_engine

ROWS = [
    RecordRow(n, "p", "org-a" if n % 2 else "org-b", "completion", f"2025-0{n + 1}-15", b"i",
              b"c", b"n" if n else None)
    for n in range(6)
]  # fmt: skip
PUBLIC = [(7, "key"), (8, "schedule")]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = make_engine(tmp_path)
    with writing(engine) as connection:
        for tables in (projections, rebuilt):
            if tables is rebuilt:
                rebuilt.create(connection)
            tables.insert_records(connection, ROWS)
            tables.insert_public_entries(connection, PUBLIC)
        yield connection
    engine.dispose()


def _stored(connection: Connection) -> list[RecordRow]:
    rebuilt.replace(connection)
    return projections.records_of_subjects(connection, ["p"])


def test_what_is_alike_differs_in_no_row(connection: Connection) -> None:
    assert rebuilt.count(connection) == (6, 2)
    assert rebuilt.count_differing(connection) == 0
    assert _stored(connection) == ROWS


@pytest.mark.parametrize(
    "edit",
    [
        'UPDATE record SET certificate = NULL WHERE "index" = 3',
        "UPDATE record SET certificate = x'00' WHERE [index] = 0",
        'UPDATE record SET related = 3 WHERE "index" = 3',
        'DELETE FROM record WHERE "index" = 3',
        "UPDATE public_entry SET kind = 'erasure' WHERE [index] = 7",
        "INSERT INTO public_entry VALUES (9, 'key')",
    ],
)  # fmt: skip
def test_each_row_that_differs_is_counted_and_mended(connection: Connection, edit: str) -> None:
    assert connection.execute(sql(edit)).rowcount == 1
    assert rebuilt.count_differing(connection) == 1
    assert _stored(connection) == ROWS
    assert projections.public_entries(connection) == PUBLIC
    assert rebuilt.count_differing(connection) == 0


@only_sqlite  # PostgreSQL takes no text where bytes belong
def test_a_value_of_another_type_differs(connection: Connection) -> None:
    connection.execute(sql("UPDATE record SET identity = CAST('i' AS TEXT) WHERE [index] = 3"))
    assert rebuilt.count_differing(connection) == 1
    assert _stored(connection) == ROWS


def test_only_the_active_record_is_withdrawn(connection: Connection) -> None:
    rebuilt.withdraw(connection, 4, "revoked", 1)
    rebuilt.withdraw(connection, 5, "superseded", 1)
    rebuilt.withdraw(connection, 5, "revoked", 99)
    found = _stored(connection)
    assert found[1] == replace(ROWS[1], status="revoked", related=4)
    assert found[:1] + found[2:] == ROWS[:1] + ROWS[2:]


def test_a_period_takes_active_records_of_the_issuer_before_the_entry(
    connection: Connection,
) -> None:
    rebuilt.withdraw(connection, 2, "superseded", 1)
    rebuilt.withdraw_period(connection, 5, "revoked", "org-a", ("2025-02-15", "2025-06-15"))
    found = {row.index: (row.status, row.related) for row in _stored(connection)}
    assert found == {
        0: ("active", None),
        1: ("superseded", 2),
        2: ("active", None),
        3: ("revoked", 5),
        4: ("active", None),
        5: ("active", None),
    }


def test_the_tables_go_when_dropped_and_are_made_anew_where_some_are_left(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    with trying(engine) as connection:
        rebuilt.create(connection)
        rebuilt.insert_records(connection, ROWS)
        rebuilt.create(connection)
        assert rebuilt.count(connection) == (0, 0)
        rebuilt.drop(connection)
        rebuilt.drop(connection)
    engine.dispose()
