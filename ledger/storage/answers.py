"""First answers by idempotency key, and import reports.

An answer is stored in the transaction that it answers for, so a retry gets the first answer or
finds nothing done. It carries a tag over the whole row: an edited answer is noticed when it is
read.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from ledger.errors import DamagedError, NotFoundError
from ledger.storage.sealing import Sealer
from ledger.storage.tables import ANSWER, REPORT


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer given under a key, and the tag of the request that it answered."""

    request_tag: bytes
    answer: bytes


def _seal(sealer: Sealer, issuer: str, key: str, stored: StoredAnswer) -> bytes:
    return sealer.tag("answer", issuer.encode(), key.encode(), stored.request_tag, stored.answer)


def store_answer(
    connection: Connection, sealer: Sealer, issuer: str, key: str, stored: StoredAnswer
) -> None:
    """Keep the answer to the first request under this key."""
    connection.execute(
        insert(ANSWER),
        [
            {
                "issuer": issuer,
                "key": key,
                "request_tag": stored.request_tag,
                "answer": stored.answer,
                "seal": _seal(sealer, issuer, key, stored),
            }
        ],
    )


def read_answer(
    connection: Connection, sealer: Sealer, issuer: str, key: str
) -> StoredAnswer | None:
    """Read the first answer under this key; None if the key is new.

    Raises:
        DamagedError: The row was changed.
    """
    row = connection.execute(
        select(ANSWER).where(ANSWER.c.issuer == issuer, ANSWER.c.key == key)
    ).one_or_none()
    if row is None:
        return None
    stored = StoredAnswer(row.request_tag, row.answer)
    if row.seal != _seal(sealer, issuer, key, stored):
        raise DamagedError("stored answer: its seal does not fit; the row was changed")
    return stored


def count_damaged_answers(connection: Connection, sealer: Sealer) -> int:
    """Count the answers whose seal does not fit."""
    return sum(
        row.seal != _seal(sealer, row.issuer, row.key, StoredAnswer(row.request_tag, row.answer))
        for row in connection.execute(select(ANSWER))
    )


def store_report(
    connection: Connection,
    sealer: Sealer,
    report_id: str,
    issuer: str,
    created_at_ms: int,
    content: bytes,
) -> None:
    """Keep an import report, sealed under the vault key; one for each id."""
    version = sealer.version.to_bytes(2, "big")
    context = _report_context(report_id, issuer, created_at_ms)
    sealed = sealer.ledger_cipher(sealer.version).seal(content, context)
    connection.execute(delete(REPORT).where(REPORT.c.id == report_id))
    connection.execute(
        insert(REPORT),
        [
            {
                "id": report_id,
                "issuer": issuer,
                "created_at_ms": created_at_ms,
                "content": version + sealed,
            }
        ],
    )


def read_report(connection: Connection, sealer: Sealer, report_id: str) -> tuple[str, bytes]:
    """Read (issuer, content) of a report.

    Raises:
        NotFoundError: No such report.
        DamagedError: It was changed.
    """
    row = connection.execute(select(REPORT).where(REPORT.c.id == report_id)).one_or_none()
    if row is None:
        raise NotFoundError("report: no such import report")
    return row.issuer, _open_report(sealer, row)


def count_damaged_reports(connection: Connection, sealer: Sealer) -> int:
    """Count the import reports that do not open."""
    damaged = 0
    for row in connection.execution_options(yield_per=1).execute(select(REPORT)):
        try:
            _open_report(sealer, row)
        except DamagedError:
            damaged += 1
    return damaged


def _open_report(sealer: Sealer, row: Row[Any]) -> bytes:
    context = _report_context(row.id, row.issuer, row.created_at_ms)
    try:
        cipher = sealer.ledger_cipher(int.from_bytes(row.content[:2], "big"))
    except KeyError:
        raise DamagedError("report: sealed under a vault key that is not in the keyring") from None
    return cipher.open(row.content[2:], context)


def _report_context(report_id: str, issuer: str, created_at_ms: int) -> bytes:
    return f"report\0{report_id}\0{issuer}\0{created_at_ms}".encode()


def report_ids(connection: Connection) -> list[str]:
    """Give the ids of the kept reports."""
    return list(connection.execute(select(REPORT.c.id)).scalars())


def delete_report(connection: Connection, report_id: str) -> None:
    """Forget a report."""
    connection.execute(delete(REPORT).where(REPORT.c.id == report_id))
