"""The vault: who a subject is, in the only table of names, ID numbers and phones, all sealed.

A person is a random id. They are found by the tag of their ID number and in no other way. Facts are
JSON bytes that the caller makes and reads; the vault knows only that they are sealed under the
person's key.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from ledger.errors import NotFoundError
from ledger.storage.bulk import insert_rows, select_in
from ledger.storage.log import STREAMED
from ledger.storage.sealing import Cipher, Sealer, facts_context
from ledger.storage.tables import SUBJECT

SubjectRow: TypeAlias = tuple[str, bytes, int, bytes, bytes]
"""Id, look-up tag, version of the vault key, wrapped key, sealed facts."""

_UPDATE_FACTS: Final = (
    update(SUBJECT).where(SUBJECT.c.id == bindparam("of_id")).values(facts=bindparam("facts"))
)


@dataclass(slots=True)
class StoredSubject:
    """A person as the vault keeps them, and their key at work."""

    id: str
    tag: bytes
    key_version: int
    wrapped_key: bytes
    facts: bytes
    cipher: Cipher

    def open_facts(self) -> bytes:
        """Decrypt the facts.

        Raises:
            DamagedError: They were changed or belong to another subject.
        """
        return self.cipher.open(self.facts, facts_context(self.id.encode()))


@dataclass(slots=True)
class NewSubject:
    """A person whom the vault does not know yet: id, tag, and facts and key in the clear."""

    id: str
    tag: bytes
    facts: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def open_facts(self) -> bytes:
        """Give the facts, as of a stored person."""
        return self.facts


def insert_subjects(connection: Connection, rows: Sequence[SubjectRow]) -> None:
    """Store new persons."""
    insert_rows(connection, SUBJECT, rows)


def reseal_facts(stored: StoredSubject, facts: bytes) -> None:
    """Seal new facts into a person's row; ``update_facts`` stores it."""
    stored.facts = stored.cipher.seal(facts, facts_context(stored.id.encode()))


def update_facts(connection: Connection, changed: Iterable[StoredSubject]) -> None:
    """Store persons' facts anew."""
    rows = [{"of_id": stored.id, "facts": stored.facts} for stored in changed]
    if rows:
        connection.execute(_UPDATE_FACTS, rows)


def rewrap_all(connection: Connection, sealer: Sealer) -> int:
    """Wrap every person's key under the current vault key; give how many were wrapped anew."""
    rows = connection.execute(select(SUBJECT).where(SUBJECT.c.key_version != sealer.version)).all()
    for row in rows:
        wrapped = sealer.rewrap(row.id, row.key_version, row.wrapped_key)
        connection.execute(
            update(SUBJECT)
            .where(SUBJECT.c.id == row.id)
            .values(wrapped_key=wrapped, key_version=sealer.version)
        )
    return len(rows)


def find_by_tags(
    connection: Connection, sealer: Sealer, tags: Iterable[bytes]
) -> dict[bytes, StoredSubject]:
    """Find the persons with these look-up tags."""
    rows = select_in(connection, SUBJECT, "tag", tags)
    return {row.tag: open_row(sealer, row) for row in rows}


def read_subject(connection: Connection, sealer: Sealer, subject: str) -> StoredSubject:
    """Read one person.

    Raises:
        NotFoundError: No such subject, or erased.
    """
    row = connection.execute(select(SUBJECT).where(SUBJECT.c.id == subject)).one_or_none()
    if row is None:
        raise NotFoundError("subject: no such person in the vault (never there, or erased)")
    return open_row(sealer, row)


def read_ciphers(
    connection: Connection, sealer: Sealer, subjects: Iterable[str]
) -> dict[str, Cipher]:
    """Open the keys of these persons; those who are not in the vault are left out.

    Raises:
        DamagedError: A wrapped key was changed or belongs to another subject.
    """
    rows = select_in(connection, SUBJECT, "id", subjects)
    return {row.id: sealer.unwrap(row.id, row.key_version, row.wrapped_key) for row in rows}


def read_rows(connection: Connection) -> Iterator[Row[Any]]:
    """Stream every person's row, unopened; ``open_row`` opens one."""
    yield from connection.execute(
        select(SUBJECT).order_by(SUBJECT.c.id), execution_options=STREAMED
    )


def delete_subject(connection: Connection, subject: str) -> None:
    """Destroy a person's key and facts. What was sealed under the key is noise from then on."""
    connection.execute(delete(SUBJECT).where(SUBJECT.c.id == subject))


def open_row(sealer: Sealer, row: Row[Any]) -> StoredSubject:
    """Open a person's row.

    Raises:
        DamagedError: The wrapped key was changed or belongs to another subject.
    """
    cipher = sealer.unwrap(row.id, row.key_version, row.wrapped_key)
    return StoredSubject(row.id, row.tag, row.key_version, row.wrapped_key, row.facts, cipher)
