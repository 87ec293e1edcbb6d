"""Projections: what is read often, derived from entries and bodies and rebuilt from them.

``record`` has a row for each completion and certificate; ``public_entry`` names the entries whose
bodies are public. Identity, content and certificate are tags (``Sealer.tag``), so that a projection
gives away nothing of a body.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update

from ledger.storage.bulk import insert_rows, select_in
from ledger.storage.tables import PUBLIC_ENTRY, RECORD, SUBJECT

# Every write asks for what is new of some kinds.
_PUBLIC: Final = (
    select(PUBLIC_ENTRY.c.index, PUBLIC_ENTRY.c.kind)
    .where(PUBLIC_ENTRY.c.index > bindparam("after"))
    .order_by(PUBLIC_ENTRY.c.index)
)
_PUBLIC_OF_KINDS: Final = _PUBLIC.where(PUBLIC_ENTRY.c.kind.in_(bindparam("kinds", expanding=True)))
_SET_STATUS: Final = (
    update(RECORD)
    .where(RECORD.c.index == bindparam("of_index"))
    .values(status=bindparam("status"), related=bindparam("related"))
)
_TOUCHED: Final = (
    select(SUBJECT.c.tag, RECORD.c.certificate)
    .join_from(RECORD, SUBJECT, SUBJECT.c.id == RECORD.c.subject)
    .where(RECORD.c.index >= bindparam("start"))
)


@dataclass(slots=True)
class RecordRow:
    """A record as the projection keeps it.

    ``status`` is ``active``, ``superseded`` or ``revoked``; ``related`` is the entry that made it
    so.
    """

    index: int
    subject: str
    issuer: str
    kind: str
    event_on: str
    identity: bytes
    content: bytes
    certificate: bytes | None
    status: str = "active"
    related: int | None = None

    def as_tuple(self) -> tuple[int | str | bytes | None, ...]:
        """Give the columns in the table's order."""
        return (
            self.index,
            self.subject,
            self.issuer,
            self.kind,
            self.event_on,
            self.identity,
            self.content,
            self.certificate,
            self.status,
            self.related,
        )


def insert_records(connection: Connection, rows: Sequence[RecordRow]) -> None:
    """Store the rows of new records."""
    insert_rows(connection, RECORD, [row.as_tuple() for row in rows])


def insert_public_entries(connection: Connection, entries: Sequence[tuple[int, str]]) -> None:
    """Store (index, kind) of new public entries."""
    insert_rows(connection, PUBLIC_ENTRY, entries)


def set_statuses(connection: Connection, changes: Sequence[tuple[int, str, int]]) -> None:
    """Mark records (index, status, related) as superseded or revoked by the entry ``related``."""
    if changes:
        connection.execute(
            _SET_STATUS,
            [{"of_index": i, "status": status, "related": n} for i, status, n in changes],
        )


def records_of_subjects(connection: Connection, subjects: Iterable[str]) -> list[RecordRow]:
    """Read every record of these persons, by index."""
    return _sorted(select_in(connection, RECORD, "subject", subjects))


def records_of_certificates(connection: Connection, tags: Iterable[bytes]) -> list[RecordRow]:
    """Read every record that carries one of these certificate tags, by index."""
    return _sorted(select_in(connection, RECORD, "certificate", tags))


def records_of_issuer(connection: Connection, issuer: str, start: str, end: str) -> list[RecordRow]:
    """Read an issuer's records whose event date (ISO) lies from ``start`` to ``end``."""
    query = select(RECORD).where(RECORD.c.issuer == issuer, RECORD.c.event_on.between(start, end))
    return [_row(row) for row in connection.execute(query.order_by(RECORD.c.index))]


def read_records(connection: Connection, indices: Iterable[int]) -> dict[int, RecordRow]:
    """Read the rows of these entries; those that are no record, or erased, are left out."""
    rows = _sorted(select_in(connection, RECORD, "index", indices))
    return {row.index: row for row in rows}


def touched_from(connection: Connection, start: int) -> tuple[set[bytes], set[bytes]]:
    """Give the tags of the persons, and of the certificates, of the records from ``start`` on.

    An erased person has no tag any more.
    """
    rows = connection.execute(_TOUCHED, {"start": start}).all()
    return {row[0] for row in rows}, {row[1] for row in rows if row[1] is not None}


def record_indices_from(connection: Connection, start: int) -> list[int]:
    """Read the indices of record rows outside 0 <= index < ``start``: there should be none."""
    query = select(RECORD.c.index).where(or_(RECORD.c.index >= start, RECORD.c.index < 0))
    return list(connection.execute(query).scalars())


def count_records(connection: Connection) -> dict[str, int]:
    """Count the records of each subject."""
    query = select(RECORD.c.subject, func.count()).group_by(RECORD.c.subject)
    return {row[0]: row[1] for row in connection.execute(query)}


def public_entries(
    connection: Connection, after: int = -1, kinds: Iterable[str] = ()
) -> list[tuple[int, str]]:
    """Read (index, kind) of the public entries behind index ``after``, of some kinds or of all."""
    wanted = list(kinds)
    query = _PUBLIC_OF_KINDS if wanted else _PUBLIC
    rows = connection.execute(
        query, {"after": after, "kinds": wanted} if wanted else {"after": after}
    )
    return [(index, kind) for index, kind in rows]


def delete_records_of(connection: Connection, subject: str) -> None:
    """Forget the records of an erased person."""
    connection.execute(delete(RECORD).where(RECORD.c.subject == subject))


def _sorted(rows: Iterable[Row[Any]]) -> list[RecordRow]:
    return sorted(map(_row, rows), key=lambda row: row.index)


def _row(row: Row[Any]) -> RecordRow:
    columns: tuple[Any, ...] = tuple(row)
    return RecordRow(*columns)
