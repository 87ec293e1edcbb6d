"""The entries that one transaction will append.

Work under the write lock adds entries to a ``Batch`` while it decides. When all is decided the
batch is flushed: sealed, chained and stored.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TypeAlias

from sqlalchemy import Connection

from ledger.core.canonical import Json, encode
from ledger.core.digest import SALT_BYTES, commitment
from ledger.domain.bodies import RecordBodyWriter
from ledger.domain.decisions import Accepted
from ledger.domain.record_facts import RecordFacts
from ledger.services.context import Ledger
from ledger.storage import bodies, log, projections, vault
from ledger.storage.sealing import KEY_BYTES
from ledger.storage.sealing_rows import DRAW_BYTES, Job, seal_rows

Subject: TypeAlias = vault.StoredSubject | vault.NewSubject


@dataclass(slots=True)
class _Public:
    # An entry whose body anyone may read.
    kind: str
    issuer: str
    content: bytes


@dataclass(slots=True)
class _Personal:
    # An entry about a person.
    kind: str
    issuer: str
    facts: RecordFacts
    decision: Accepted
    subject: Subject


class Batch:
    """Collects entries behind the log's head as ``connection`` sees it, under one set of keys."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self.ledger = ledger
        self.connection = connection
        self.head = log.read_head(connection)
        self.sealer = ledger.sealer
        self._now_ms = ledger.clock()
        self._entries: list[_Public | _Personal] = []
        self._records: list[projections.RecordRow] = []
        self._public: list[tuple[int, str]] = []

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
        self._records.append(row)
        self._entries.append(_Personal(row.kind, row.issuer, facts, decision, subject))

    def new_subject(self, tag: bytes, facts: bytes) -> vault.NewSubject:
        """Make a person, who enters the vault together with the first record about them."""
        ledger = self.ledger
        subject = ledger.new_subject_id(self._now_ms)
        return vault.NewSubject(subject, tag, facts, ledger.random(KEY_BYTES))

    def replace_facts(self, subject: Subject, facts: bytes) -> None:
        """Keep new facts of a person, stored or of this batch."""
        if isinstance(subject, vault.NewSubject):
            subject.facts = facts
            return
        vault.reseal_facts(subject, facts)
        vault.update_facts(self.connection, subject)

    def set_status(self, index: int, status: str, related: int) -> None:
        """Mark a record, stored or of this batch, as superseded or revoked by ``related``."""
        if index < self.head.size:
            projections.set_status(self.connection, index, status, related)
            return
        place = bisect_left(self._records, index, key=attrgetter("index"))
        self._records[place] = replace(self._records[place], status=status, related=related)

    def flush(self) -> None:
        """Seal and write everything that was added; committing is the caller's.

        Raises:
            MalformedError: A body is longer than an entry bundle can hold.
            UnavailableError: Another writer moved the head; nothing of this batch holds.
        """
        if not self._entries:
            return
        connection, version = self.connection, self.sealer.version
        drafts: list[log.Draft] = []
        stored: list[bodies.StoredBody] = []
        subjects: list[vault.SubjectRow] = []
        sealed = iter(seal_rows(self.sealer.vault_key, self._jobs()))
        for index, entry in enumerate(self._entries, self.head.size):
            if isinstance(entry, _Public):
                salt = self.ledger.random(SALT_BYTES)
                committed = commitment(salt, entry.content)
                stored.append(bodies.StoredBody(index, None, salt, entry.content))
            else:
                committed, content, wrapped, facts = next(sealed)
                subject = entry.subject
                stored.append(bodies.StoredBody(index, subject.id, None, content))
                if wrapped:
                    subjects.append((subject.id, subject.tag, version, wrapped, facts))
            drafts.append(log.Draft(entry.kind, entry.issuer, committed))
        log.append(connection, self.head, drafts, self._now_ms)
        vault.insert_subjects(connection, subjects)
        bodies.insert_bodies(connection, stored)
        projections.insert_records(connection, self._records)
        projections.insert_public_entries(connection, self._public)

    def _jobs(self) -> list[Job]:
        """Give what is to be sealed, in the order of the entries."""
        random, writer = self.ledger.random, RecordBodyWriter()
        jobs: list[Job] = []
        met: set[str] = set()
        for entry in self._entries:
            if isinstance(entry, _Public):
                continue
            decision, subject = entry.decision, entry.subject
            before, behind = writer.around_subject(
                entry.facts.content, decision.award, decision.schedule, decision.corrects
            )
            facts = None
            if isinstance(subject, vault.StoredSubject):
                key = subject.cipher.key
            else:
                key = subject.key
                if subject.id not in met:
                    facts = subject.facts
                    met.add(subject.id)
            jobs.append(Job(subject.id, key, facts, random(DRAW_BYTES), before, behind))
        return jobs
