"""The entries that one transaction will append.

Work under the write lock adds entries to a ``Batch`` while it decides. When all is decided the
batch is flushed: sealed, chained and stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from sqlalchemy import Connection

from ledger.core.canonical import Json, encode
from ledger.core.digest import commitment, subject_tag
from ledger.domain.bodies import RecordBodyWriter
from ledger.domain.decisions import Accepted
from ledger.domain.record_facts import RecordFacts
from ledger.services.context import Ledger
from ledger.storage import bodies, log, projections, vault
from ledger.storage.sealing import SALT_BYTES, Cipher

Subject: TypeAlias = vault.StoredSubject | vault.NewSubject
Ciphers: TypeAlias = Mapping[str, Cipher]


@dataclass(slots=True)
class _Public:
    # An entry whose body anyone may read.
    kind: str
    issuer: str
    content: bytes

    def seal(
        self, index: int, salt: bytes, _writer: RecordBodyWriter, _new: Ciphers
    ) -> tuple[log.Draft, bodies.StoredBody]:
        draft = log.Draft(self.kind, self.issuer, commitment(salt, self.content))
        return draft, bodies.StoredBody(index, None, salt, self.content)


@dataclass(slots=True)
class _Personal:
    # An entry about a person, whose key is that of the stored row or, for a new one, in ``new``.
    kind: str
    issuer: str
    facts: RecordFacts
    decision: Accepted
    subject: Subject

    def seal(
        self, index: int, salt: bytes, writer: RecordBodyWriter, new: Ciphers
    ) -> tuple[log.Draft, bodies.StoredBody]:
        decision, subject = self.decision, self.subject
        content = writer.encode(
            self.facts.content,
            decision.award,
            decision.schedule,
            decision.corrects,
            subject_tag(salt, subject.id),
        )
        committed = commitment(salt, content)
        cipher = new[subject.id] if isinstance(subject, vault.NewSubject) else subject.cipher
        sealed = bodies.seal_body(cipher, subject.id, committed, salt, content)
        draft = log.Draft(self.kind, self.issuer, committed)
        return draft, bodies.StoredBody(index, subject.id, None, sealed)


class Batch:
    """Collects entries behind the log's head as ``connection`` sees it."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self.ledger = ledger
        self.connection = connection
        self.head = log.read_head(connection)
        self._sealer = ledger.sealer
        self._now_ms = ledger.clock()
        self._entries: list[_Public | _Personal] = []
        self._subjects: list[vault.NewSubject] = []
        self._records: list[projections.RecordRow] = []
        self._public: list[tuple[int, str]] = []
        self._places: dict[int, int] = {}

    @property
    def next_index(self) -> int:
        """Index that the next added entry will have."""
        return self.head.size + len(self._entries)

    def add_public(self, kind: str, issuer: str, body: Json) -> int:
        """Add an entry whose body anyone may read; give its index."""
        index = self.next_index
        self._entries.append(_Public(kind, issuer, encode(body)))
        self._public.append((index, kind))
        return index

    def add_record(
        self, row: projections.RecordRow, facts: RecordFacts, decision: Accepted, subject: Subject
    ) -> None:
        """Add a record about a person; its row's index is ``next_index``."""
        self._places[row.index] = len(self._records)
        self._records.append(row)
        self._entries.append(_Personal(row.kind, row.issuer, facts, decision, subject))

    def add_subject(self, tag: bytes, facts: bytes) -> vault.NewSubject:
        """Add a person to the vault, together with the entries."""
        subject = vault.NewSubject(self.ledger.new_subject_id(self._now_ms), tag, facts)
        self._subjects.append(subject)
        return subject

    def replace_facts(self, subject: Subject, facts: bytes) -> None:
        """Keep new facts of a person, stored or of this batch."""
        if isinstance(subject, vault.NewSubject):
            subject.facts = facts
            return
        vault.reseal_facts(subject, facts)
        vault.update_facts(self.connection, subject)

    def set_status(self, index: int, status: str, related: int) -> None:
        """Mark a record, stored or of this batch, as superseded or revoked by ``related``."""
        place = self._places.get(index)
        if place is not None:
            self._records[place] = replace(self._records[place], status=status, related=related)
            return
        projections.set_status(self.connection, index, status, related)

    def flush(self) -> None:
        """Seal and write everything that was added; committing is the caller's.

        Raises:
            MalformedError: A body is longer than an entry bundle can hold.
            UnavailableError: Another writer moved the head; nothing of this batch holds.
        """
        if not self._entries:
            return
        connection, sealer, random = self.connection, self._sealer, self.ledger.random
        subjects = [vault.seal_subject(sealer, new) for new in self._subjects]
        new = {subject.id: subject.cipher for subject in subjects}
        drafts, stored, writer = [], [], RecordBodyWriter()
        for index, entry in enumerate(self._entries, self.head.size):
            draft, body = entry.seal(index, random(SALT_BYTES), writer, new)
            drafts.append(draft)
            stored.append(body)
        log.append(connection, self.head, drafts, self._now_ms)
        vault.insert_subjects(connection, subjects)
        bodies.insert_bodies(connection, stored)
        projections.insert_records(connection, self._records)
        projections.insert_public_entries(connection, self._public)
