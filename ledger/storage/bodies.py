"""Bodies of entries: public ones in the clear beside their salt, personal ones sealed with it.

A sealed body is bound to its subject and to the commitment in its entry, so that neither can be
exchanged unnoticed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, delete, or_, select

from ledger.core.digest import SALT_BYTES
from ledger.errors import NotFoundError
from ledger.storage.bulk import insert_rows, select_in
from ledger.storage.sealing import Cipher, body_context
from ledger.storage.tables import BODY

BodyRow: TypeAlias = tuple[int, str | None, bytes | None, bytes]
"""Index, subject, salt and content; of subject and salt exactly one is None."""


@dataclass(slots=True)
class StoredBody:
    """A body row that was read back."""

    index: int
    subject: str | None
    salt: bytes | None
    content: bytes


@dataclass(slots=True)
class OpenBody:
    """A body in the clear: what the commitment in the entry commits to."""

    salt: bytes
    content: bytes


def open_body(cipher: Cipher, subject: str, commitment: bytes, sealed: bytes) -> OpenBody:
    """Open a sealed body.

    Raises:
        DamagedError: It was changed, or belongs to another subject or entry.
    """
    plain = cipher.open(sealed, body_context(subject.encode(), commitment))
    return OpenBody(plain[:SALT_BYTES], plain[SALT_BYTES:])


def insert_bodies(connection: Connection, rows: Sequence[BodyRow]) -> None:
    """Store the bodies of new entries."""
    insert_rows(connection, BODY, rows)


def read_bodies(connection: Connection, indices: Iterable[int]) -> dict[int, StoredBody]:
    """Read the bodies of these entries; those that are erased are left out."""
    found: dict[int, StoredBody] = {}
    for row in select_in(connection, BODY, "index", indices):
        columns: tuple[Any, ...] = tuple(row)
        body = StoredBody(*columns)
        found[body.index] = body
    return found


def read_body(connection: Connection, index: int) -> StoredBody:
    """Read one body.

    Raises:
        NotFoundError: There is none: no such entry, or erased.
    """
    found = read_bodies(connection, [index])
    if index not in found:
        raise NotFoundError(
            f"body of entry {index}: there is none (no such entry, or the person was erased)"
        )
    return found[index]


def indices_from(connection: Connection, start: int) -> list[int]:
    """Read the indices of bodies outside 0 <= index < ``start``: there should be none."""
    query = select(BODY.c.index).where(or_(BODY.c.index >= start, BODY.c.index < 0))
    return list(connection.execute(query).scalars())


def delete_bodies_of(connection: Connection, subject: str) -> list[int]:
    """Delete the bodies about a person whose vault row is gone already; give their indices."""
    indices = list(
        connection.execute(
            select(BODY.c.index).where(BODY.c.subject == subject).order_by(BODY.c.index)
        ).scalars()
    )
    connection.execute(delete(BODY).where(BODY.c.subject == subject))
    return indices
