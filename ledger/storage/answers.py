"""First answers by idempotency key.

An answer is stored in the transaction that it answers for, so a retry gets the first answer or
finds nothing done. It carries a tag over the whole row: an edited answer is noticed when it is
read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, select

from ledger.errors import DamagedError
from ledger.storage.bulk import insert_rows, select_in
from ledger.storage.sealing import Sealer
from ledger.storage.tables import ANSWER

AnswerKey: TypeAlias = tuple[str, str]
"""Issuer and idempotency key."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer given under a key, and the tag of the request that it answered."""

    request_tag: bytes
    answer: bytes


def _seal(sealer: Sealer, issuer: str, key: str, stored: StoredAnswer) -> bytes:
    return sealer.tag("answer", issuer.encode(), key.encode(), stored.request_tag, stored.answer)


def store_answers(
    connection: Connection, sealer: Sealer, fresh: Mapping[AnswerKey, StoredAnswer]
) -> None:
    """Keep the answers to the first requests under their keys."""
    rows = [
        (issuer, key, stored.request_tag, stored.answer, _seal(sealer, issuer, key, stored))
        for (issuer, key), stored in fresh.items()
    ]
    insert_rows(connection, ANSWER, rows)


def read_answers(
    connection: Connection, sealer: Sealer, keys: Collection[AnswerKey]
) -> dict[AnswerKey, StoredAnswer]:
    """Read the first answers under these keys; keys that are new are left out.

    Raises:
        DamagedError: A row was changed.
    """
    by_issuer: dict[str, list[str]] = {}
    for issuer, key in keys:
        by_issuer.setdefault(issuer, []).append(key)
    found: dict[AnswerKey, StoredAnswer] = {}
    for issuer, wanted in by_issuer.items():
        for row in select_in(connection, ANSWER, "key", wanted, also=("issuer", issuer)):
            stored = StoredAnswer(row.request_tag, row.answer)
            if row.seal != _seal(sealer, issuer, row.key, stored):
                raise DamagedError("stored answer: its seal does not fit; the row was changed")
            found[issuer, row.key] = stored
    return found


def count_damaged_answers(connection: Connection, sealer: Sealer) -> int:
    """Count the answers whose seal does not fit."""
    return sum(
        row.seal != _seal(sealer, row.issuer, row.key, StoredAnswer(row.request_tag, row.answer))
        for row in connection.execute(select(ANSWER))
    )
