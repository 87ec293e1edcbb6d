"""Many rows at once, the way the engine likes them.

Goes around SQLAlchemy's handling of each row's parameters, which costs more than the insert itself;
the statement is still made from the table, and values are bound, never written into it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table


@lru_cache(maxsize=32)
def _insert_statement(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = ", ".join("?" for _ in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'  # noqa: S608 - our own names


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert ``rows``, each a tuple of all the table's columns in their order."""
    if rows:
        connection.exec_driver_sql(_insert_statement(table), list(rows))
