"""Many rows at once, in and out, the way the engine likes them.

Goes around SQLAlchemy's handling of each row's parameters, which costs more than the insert itself;
the statement is still made from the table, and values are bound, never written into it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Row, Table

# SQLite binds at most 32,766 values in one statement.
IN_LIST_MAX: Final = 1_000


@lru_cache(maxsize=32)
def _insert_statement(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = ", ".join("?" for _ in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'  # noqa: S608 - our own names


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert ``rows``, each a tuple of all the table's columns in their order."""
    if rows:
        connection.exec_driver_sql(_insert_statement(table), list(rows))


def select_in(
    connection: Connection, table: Table, column: str, values: Iterable[str | int | bytes]
) -> Iterator[Row[Any]]:
    """Read the rows whose ``column`` is one of ``values``, all columns, in no order."""
    wanted = list(values)
    for start in range(0, len(wanted), IN_LIST_MAX):
        chunk = wanted[start : start + IN_LIST_MAX]
        statement = _select_statement(table, column, len(chunk))
        yield from connection.exec_driver_sql(statement, tuple(chunk))


@lru_cache(maxsize=64)
def _select_statement(table: Table, column: str, count: int) -> str:
    names = ", ".join(f'"{each.name}"' for each in table.columns)
    places = ", ".join("?" * count)
    return f'SELECT {names} FROM "{table.name}" WHERE "{column}" IN ({places})'  # noqa: S608 - our own names
