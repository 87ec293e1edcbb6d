"""First answers by idempotency key.

An answer is stored in the transaction that it answers for, so a retry gets the first answer or
finds nothing done. It carries a tag over the whole row: an edited answer is noticed when it is
read.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from ledger.errors import DamagedError
from ledger.storage.sealing import Sealer
from ledger.storage.tables import ANSWER

_READ: Final = select(ANSWER).where(
    ANSWER.c.issuer == bindparam("of_issuer"), ANSWER.c.key == bindparam("under_key")
)
_STORE: Final = insert(ANSWER)


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
        _STORE,
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
    row = connection.execute(_READ, {"of_issuer": issuer, "under_key": key}).one_or_none()
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
