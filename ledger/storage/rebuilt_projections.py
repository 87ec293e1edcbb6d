"""The projections once more, in passing tables beside the stored ones, to compare or to replace.

The tables are temporary ones of the connection: nobody else sees them, and they go with it.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from ledger.storage.bulk import insert_rows
from ledger.storage.projections import RecordRow
from ledger.storage.tables import PUBLIC_ENTRY, RECORD

_PASSING: Final = MetaData()


def _like(table: Table) -> Table:
    columns = [
        Column(c.name, c.type, primary_key=c.primary_key, nullable=c.nullable, autoincrement=False)
        for c in table.columns
    ]
    return Table(f"rebuilt_{table.name}", _PASSING, *columns, prefixes=["TEMPORARY"])


_RECORD: Final = _like(RECORD)
_PUBLIC_ENTRY: Final = _like(PUBLIC_ENTRY)
_PAIRS: Final = ((RECORD, _RECORD), (PUBLIC_ENTRY, _PUBLIC_ENTRY))

_OF_ACTIVE: Final = (
    update(_RECORD)
    .where(_RECORD.c.status == "active", _RECORD.c.index < bindparam("by"))
    .values(status=bindparam("as"), related=bindparam("by"))
)
_OF_ENTRY: Final = _OF_ACTIVE.where(_RECORD.c.index == bindparam("of"))
_OF_PERIOD: Final = _OF_ACTIVE.where(
    _RECORD.c.issuer == bindparam("of"),
    _RECORD.c.event_on.between(bindparam("start"), bindparam("end")),
)


def create(connection: Connection) -> None:
    """Make the passing tables, empty."""
    drop(connection)  # a connection of a pool may still have those of an earlier use
    _PASSING.create_all(connection, checkfirst=False)


def drop(connection: Connection) -> None:
    """Drop the passing tables, if they are there."""
    for _, passing in _PAIRS:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {passing.name}")


def insert_records(connection: Connection, rows: Sequence[RecordRow]) -> None:
    """Add the rows of records, in the order of their entries."""
    insert_rows(connection, _RECORD, [row.as_tuple() for row in rows])


def insert_public_entries(connection: Connection, entries: Sequence[tuple[int, str]]) -> None:
    """Add (index, kind) of public entries."""
    insert_rows(connection, _PUBLIC_ENTRY, entries)


def withdraw(connection: Connection, by: int, status: str, index: int) -> None:
    """Give the active record of entry ``index`` a status that entry ``by`` behind it gave it."""
    _withdraw(connection, _OF_ENTRY, {"by": by, "as": status, "of": index})


def withdraw_period(
    connection: Connection, by: int, status: str, issuer: str, period: tuple[str, str]
) -> None:
    """Give the active records before entry ``by`` of an issuer and period (ISO days) a status."""
    start, end = period
    of_period = {"by": by, "as": status, "of": issuer, "start": start, "end": end}
    _withdraw(connection, _OF_PERIOD, of_period)


def _withdraw(connection: Connection, statement: Update, values: dict[str, Any]) -> None:
    connection.execute(statement, values)


def count(connection: Connection) -> tuple[int, int]:
    """Count the rebuilt records and public entries."""
    records, public = (
        connection.execute(select(func.count()).select_from(passing)).scalar_one()
        for _, passing in _PAIRS
    )
    return records, public


def count_differing(connection: Connection) -> int:
    """Count the rows that are not the same, column by column, in the stored tables."""
    return sum(_differing(connection, stored, passing) for stored, passing in _PAIRS)


def _differing(connection: Connection, stored: Table, passing: Table) -> int:
    same_row = stored.c.index == passing.c.index
    other: ColumnElement[bool] = or_(
        *(
            column.is_distinct_from(passing.c[column.name])
            for column in stored.columns
            if not column.primary_key
        )
    )
    in_both = select(func.count()).select_from(stored).join(passing, same_row)
    differing = connection.execute(in_both.where(other)).scalar_one()
    both = connection.execute(in_both).scalar_one()
    alone = sum(
        connection.execute(select(func.count()).select_from(table)).scalar_one() - both
        for table in (stored, passing)
    )
    return int(differing + alone)


def replace(connection: Connection) -> None:
    """Put the rebuilt rows in the place of all that the stored tables hold."""
    for stored, passing in _PAIRS:
        connection.execute(delete(stored))
        names = [column.name for column in stored.columns]
        rebuilt = select(passing).order_by(passing.c.index)
        connection.execute(insert(stored).from_select(names, rebuilt))
