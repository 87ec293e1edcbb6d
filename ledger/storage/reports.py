"""Import reports, sealed under the vault key: a head, the rows in parts, and whom rows tell of.

A report tells of a person only where a row of theirs was refused or warned about; those persons are
listed by tag, so that an erasure finds every report that may hold something of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select

from ledger.errors import DamagedError, NotFoundError
from ledger.storage.bulk import insert_rows
from ledger.storage.sealing import TAG_BYTES, Sealer
from ledger.storage.tables import REPORT, REPORT_PART, REPORT_PERSON

VERSION_BYTES = 2
COUNT_BYTES = 4


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report to keep: id, head and parts as the caller encoded them, and the persons' tags."""

    id: str
    head: bytes
    parts: Sequence[bytes]
    persons: Collection[bytes]


def store_report(
    connection: Connection, sealer: Sealer, report: KeptReport, created_at_ms: int
) -> None:
    """Keep a report; one for each id, the newest."""
    delete_report(connection, report.id)
    persons = sorted(report.persons)
    # The head seals the list of persons too, so that nobody can hide a report from an erasure.
    head = len(persons).to_bytes(COUNT_BYTES, "big") + b"".join(persons) + report.head
    sealed = _seal(sealer, _head_context(report.id, created_at_ms), head)
    insert_rows(connection, REPORT, [(report.id, created_at_ms, sealed)])
    insert_rows(
        connection,
        REPORT_PART,
        [
            (report.id, n, _seal(sealer, _part_context(report.id, n), part))
            for n, part in enumerate(report.parts)
        ],
    )
    insert_rows(connection, REPORT_PERSON, [(report.id, tag) for tag in persons])


def read_head(connection: Connection, sealer: Sealer, report_id: str) -> bytes:
    """Read a report's head.

    Raises:
        NotFoundError: No such report.
        DamagedError: It was changed.
    """
    row = connection.execute(select(REPORT).where(REPORT.c.id == report_id)).one_or_none()
    if row is None:
        raise NotFoundError("report: no such import report")
    return _open_head(sealer, row)[1]


def read_part(connection: Connection, sealer: Sealer, report_id: str, part: int) -> bytes | None:
    """Read one part of a report; None behind the last.

    Raises:
        DamagedError: It was changed.
    """
    query = select(REPORT_PART.c.content).where(
        REPORT_PART.c.report == report_id, REPORT_PART.c.part == part
    )
    content = connection.execute(query).scalar_one_or_none()
    if content is None:
        return None
    return _open(sealer, _part_context(report_id, part), content)


def delete_report(connection: Connection, report_id: str) -> None:
    """Forget a report."""
    connection.execute(delete(REPORT_PERSON).where(REPORT_PERSON.c.report == report_id))
    connection.execute(delete(REPORT_PART).where(REPORT_PART.c.report == report_id))
    connection.execute(delete(REPORT).where(REPORT.c.id == report_id))


def delete_reports_about(connection: Connection, tag: bytes) -> None:
    """Forget the reports that may hold something of the person with this tag."""
    query = select(REPORT_PERSON.c.report).where(REPORT_PERSON.c.tag == tag)
    for report_id in list(connection.execute(query).scalars()):
        delete_report(connection, report_id)


def reseal_reports(connection: Connection, sealer: Sealer) -> None:
    """Seal every report under the current vault key."""
    for row in connection.execute(select(REPORT)).all():
        persons, head = _open_head(sealer, row)
        parts = connection.execute(_parts_of(row.id)).all()
        opened = [_open(sealer, _part_context(row.id, n), sealed) for _, n, sealed in parts]
        store_report(
            connection, sealer, KeptReport(row.id, head, opened, persons), row.created_at_ms
        )


def count_damaged_reports(connection: Connection, sealer: Sealer) -> int:
    """Count the reports that do not open, or whose list of persons was changed."""
    rows = connection.execute(select(REPORT)).all()
    damaged = sum(not _is_sound(connection, sealer, row) for row in rows)
    known = select(REPORT.c.id)
    for table in (REPORT_PART, REPORT_PERSON):
        stray = select(func.count()).select_from(table).where(table.c.report.not_in(known))
        damaged += connection.execute(stray).scalar_one()
    return damaged


def _is_sound(connection: Connection, sealer: Sealer, row: Row[Any]) -> bool:
    query = select(REPORT_PERSON.c.tag).where(REPORT_PERSON.c.report == row.id)
    listed = set(connection.execute(query).scalars())
    try:
        persons, _ = _open_head(sealer, row)
        for place, (_, n, sealed) in enumerate(connection.execute(_parts_of(row.id))):
            _open(sealer, _part_context(row.id, n), sealed)
            if n != place:
                return False
    except (DamagedError, TypeError):
        return False
    return persons == listed


def _parts_of(report_id: str) -> Select[Any]:
    return select(REPORT_PART).where(REPORT_PART.c.report == report_id).order_by(REPORT_PART.c.part)


def _open_head(sealer: Sealer, row: Row[Any]) -> tuple[set[bytes], bytes]:
    plain = _open(sealer, _head_context(row.id, row.created_at_ms), row.content)
    count = int.from_bytes(plain[:COUNT_BYTES], "big")
    end = COUNT_BYTES + count * TAG_BYTES
    return {plain[i : i + TAG_BYTES] for i in range(COUNT_BYTES, end, TAG_BYTES)}, plain[end:]


def _seal(sealer: Sealer, context: bytes, plain: bytes) -> bytes:
    version = sealer.version.to_bytes(VERSION_BYTES, "big")
    return version + sealer.ledger_cipher(sealer.version).seal(plain, context)


def _open(sealer: Sealer, context: bytes, content: bytes) -> bytes:
    version = int.from_bytes(content[:VERSION_BYTES], "big")
    try:
        cipher = sealer.ledger_cipher(version)
    except KeyError:
        raise DamagedError("report: sealed under a vault key that is not in the keyring") from None
    return cipher.open(content[VERSION_BYTES:], context)


def _head_context(report_id: str, created_at_ms: int) -> bytes:
    return f"report head\0{report_id}\0{created_at_ms}".encode()


def _part_context(report_id: str, part: int) -> bytes:
    return f"report part\0{report_id}\0{part}".encode()
