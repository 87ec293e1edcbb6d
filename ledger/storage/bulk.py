"""Many rows at once, in and out, the way the engine likes them.

Goes around SQLAlchemy's handling of each row's parameters, which costs more than the insert itself;
the statement is still made from the table, and values are bound, never written into it. SQLite
takes rows one by one without leaving the process; PostgreSQL takes a whole column as one array, so
that any number of rows is one round trip.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Row, Table

# SQLite binds at most 32,766 values in one statement.
IN_LIST_MAX: Final = 1_000
SQLITE: Final = "sqlite"


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert ``rows``, each a tuple of all the table's columns in their order."""
    if not rows:
        return
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql(_insert_for_each(table), list(rows))
    else:
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        connection.exec_driver_sql(_insert_arrays(table), columns)


def select_in(
    connection: Connection,
    table: Table,
    column: str,
    values: Iterable[str | int | bytes],
    also: tuple[str, str] | None = None,
) -> Iterator[Row[Any]]:
    """Read the rows whose ``column`` is one of ``values``, all columns, in no order.

    ``also``: another column, and the value that it must have.
    """
    wanted = list(values)
    other, first = (None, ()) if also is None else (also[0], also[1:])
    if connection.dialect.name != SQLITE:
        if wanted:
            statement = _select_any(table, column, other)
            yield from connection.exec_driver_sql(statement, (*first, wanted))
        return
    for start in range(0, len(wanted), IN_LIST_MAX):
        chunk = wanted[start : start + IN_LIST_MAX]
        statement = _select_listed(table, column, len(chunk), other)
        yield from connection.exec_driver_sql(statement, (*first, *chunk))


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


@lru_cache(maxsize=32)
def _insert_for_each(table: Table) -> str:
    places = ", ".join("?" for _ in table.columns)
    return f'INSERT INTO "{table.name}" ({_names(table)}) VALUES ({places})'  # noqa: S608 - our own names


@lru_cache(maxsize=32)
def _insert_arrays(table: Table) -> str:
    arrays = ", ".join(f"%b::{_array_type(column)}" for column in table.columns)
    return f'INSERT INTO "{table.name}" ({_names(table)}) SELECT * FROM unnest({arrays})'  # noqa: S608 - our own names


@lru_cache(maxsize=64)
def _select_listed(table: Table, column: str, count: int, other: str | None) -> str:
    places = ", ".join("?" * count)
    also = "" if other is None else f'"{other}" = ? AND '
    return f'SELECT {_names(table)} FROM "{table.name}" WHERE {also}"{column}" IN ({places})'  # noqa: S608 - our own names


@lru_cache(maxsize=64)
def _select_any(table: Table, column: str, other: str | None) -> str:
    array = _array_type(table.columns[column])
    also = "" if other is None else f'"{other}" = %s AND '
    return f'SELECT {_names(table)} FROM "{table.name}" WHERE {also}"{column}" = ANY(%b::{array})'  # noqa: S608 - our own names


def _array_type(column: Column[Any]) -> str:
    kind = column.type.python_type
    return {int: "bigint[]", bytes: "bytea[]", str: "text[]"}[kind]
