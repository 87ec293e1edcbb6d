"""The entries that one transaction will append.

Work adds entries to a ``Batch`` while it decides, against one state of the ledger. When all is
decided the batch is sealed, and stored under the write lock: chained and written. Where others have
written since it was decided, ``still_holds`` says whether that makes a difference.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Connection

from ledger.core.canonical import Json, encode
from ledger.core.digest import SALT_BYTES, commitment
from ledger.domain.bodies import RecordBodyWriter
from ledger.domain.decisions import Accepted
from ledger.domain.record_facts import RecordFacts
from ledger.services.context import Ledger
from ledger.services.known_state import KnownState, RecordCommand
from ledger.storage import bodies, log, projections, vault
from ledger.storage.sealing import KEY_BYTES
from ledger.storage.sealing_rows import DRAW_BYTES, Job, seal_rows

if TYPE_CHECKING:
    from ledger.core.entry import Draft

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
    """Collects entries behind the log's head as ``connection`` sees it, under one set of keys.

    Attributes:
        ledger: The open ledger.
        connection: The transaction whose state the work decides against.
        base: The log's head in that state.
        sealer: The keys at work, of one state of the keyring.
        known: What that state says of those whom ``commands`` are about.
        shift: By how much the entries moved back when they were stored.
    """

    def __init__(
        self,
        ledger: Ledger,
        connection: Connection,
        head: log.Head,
        commands: Sequence[RecordCommand] = (),
    ) -> None:
        self.ledger = ledger
        self.connection = connection
        self.base = head
        self.sealer = ledger.sealer
        self.know(commands)
        self.shift = 0
        self._now_ms = ledger.clock()
        self._entries: list[_Public | _Personal] = []
        self._records: list[projections.RecordRow] = []
        self._public: list[tuple[int, str]] = []
        self._statuses: list[tuple[int, str, int]] = []
        self._facts: dict[str, vault.StoredSubject] = {}
        self._drafts: list[Draft] = []
        self._bodies: list[tuple[str | None, bytes | None, bytes]] = []
        self._subjects: list[vault.SubjectRow] = []
        self._refers_to_itself = False

    def know(self, commands: Sequence[RecordCommand]) -> None:
        """Load what the ledger knows of those whom ``commands`` are about."""
        self.known = KnownState(self.connection, self.sealer, commands)

    @property
    def next_index(self) -> int:
        """Index that the next added entry will have, if nothing else is written before."""
        return self.base.size + len(self._entries)

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
        self._facts[subject.id] = subject

    def set_status(self, index: int, status: str, related: int) -> None:
        """Mark a record, stored or of this batch, as superseded or revoked by ``related``."""
        if index < self.base.size:
            self._statuses.append((index, status, related))
            return
        place = bisect_left(self._records, index, key=attrgetter("index"))
        self._records[place] = replace(self._records[place], status=status, related=related)

    def refer_to(self, index: int | None) -> None:
        """Say that something in this batch names an entry; one of its own may yet move."""
        if index is not None and index >= self.base.size:
            self._refers_to_itself = True

    def seal(self) -> None:
        """Seal the bodies, and the keys and facts of new persons.

        Raises:
            MalformedError: A body is longer than an entry bundle can hold.
        """
        version = self.sealer.version
        # Plain tuples, as they will be written: objects would cost as much again.
        drafts, stored, subjects = self._drafts, self._bodies, self._subjects
        sealed = seal_rows(self.sealer.vault_key, self._jobs())
        for entry in self._entries:
            if isinstance(entry, _Public):
                salt = self.ledger.random(SALT_BYTES)
                committed = commitment(salt, entry.content)
                stored.append((None, salt, entry.content))
            else:
                committed, content, wrapped, facts = next(sealed)
                subject = entry.subject
                stored.append((subject.id, None, content))
                if wrapped:
                    subjects.append((subject.id, subject.tag, version, wrapped, facts))
            drafts.append((entry.kind, entry.issuer, committed))

    def still_holds(self, connection: Connection, head: log.Head) -> bool:
        """Tell whether all would be decided alike in the state that ``connection`` sees.

        Asked under the write lock, for a batch of records that was decided before. ``head`` is the
        log's head in that state.
        """
        if self.sealer is not self.ledger.sealer:
            return False
        if head == self.base:
            return True
        # A server that took over may lack what this was decided on.
        if not log.holds(connection, head, self.base):
            return False
        return not self._refers_to_itself and not self.known.touched_since(
            connection, self.base.size
        )

    def store(self, connection: Connection, head: log.Head) -> log.Head:
        """Write everything that was added behind ``head``; committing is the caller's.

        Gives the new head.

        Raises:
            DamagedError: Rows stand where the entries belong.
            UnavailableError: Another writer moved the head; nothing of this batch holds.
        """
        self._move(head.size - self.base.size)
        projections.set_statuses(connection, self._statuses)
        vault.update_facts(connection, self._facts.values())
        if not self._entries:
            return head
        moved = log.append(connection, head, self._drafts, self._now_ms)
        vault.insert_subjects(connection, self._subjects)
        stored = [(index, *body) for index, body in enumerate(self._bodies, head.size)]
        bodies.insert_bodies(connection, stored)
        projections.insert_records(connection, self._records)
        projections.insert_public_entries(connection, self._public)
        return moved

    def _move(self, shift: int) -> None:
        """Take the places behind what others have written since."""
        self.shift = shift
        if not shift:
            return
        for row in self._records:
            row.index += shift
            if row.related is not None:
                row.related += shift
        self._public = [(index + shift, kind) for index, kind in self._public]
        self._statuses = [(i, status, related + shift) for i, status, related in self._statuses]

    def _jobs(self) -> Iterator[Job]:
        """Give what is to be sealed, in the order of the entries."""
        random, around_subject = self.ledger.random, RecordBodyWriter().around_subject
        met: set[str] = set()
        for entry in self._entries:
            if isinstance(entry, _Public):
                continue
            decision, subject = entry.decision, entry.subject
            before, behind = around_subject(
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
            yield Job(subject.id, key, facts, random(DRAW_BYTES), before, behind)
