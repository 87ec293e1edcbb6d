"""The one pipe through which every entry is written.

Idempotency key first, then the work decides, then append, project and answer, in one transaction.

A use case hands over its work, a function that adds entries to a ``Batch`` and returns the answer
as JSON. It runs under the write lock. Whatever it raises rolls everything back; an answer is given
only after COMMIT. If the process dies before, nothing happened; if it dies after, a retry with the
same key gets the first answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ledger.core.canonical import Json, decode, encode
from ledger.core.digest import commitment, subject_tag
from ledger.domain.bodies import encode_record_body
from ledger.domain.decisions import Accepted
from ledger.domain.record_facts import RecordFacts
from ledger.errors import ConflictError
from ledger.services.checkpointing import hold_against_last_checkpoint
from ledger.services.context import Ledger
from ledger.services.projection import record_row
from ledger.storage import answers, bodies, log, projections, vault
from ledger.storage.engine import writing
from ledger.storage.sealing import SALT_BYTES

ANSWER_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key: what is asked twice under one key is done once.

    ``request`` is the content by which a repeated request is known to be the same; only its tag is
    stored.
    """

    issuer: str
    key: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """The answer of a write; ``replayed`` if it was first given to an earlier request."""

    answer: Json
    replayed: bool


class Batch:
    """The entries that one transaction will append, collected while the work decides."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self.ledger = ledger
        self.connection = connection
        self.head = log.read_head(connection)
        self._sealer = ledger.sealer
        self._random = ledger.random
        self._drafts: list[log.Draft] = []
        self._bodies: list[bodies.StoredBody] = []
        self._subjects: list[vault.StoredSubject] = []
        self._records: list[projections.RecordRow] = []
        self._public: list[tuple[int, str]] = []
        self._places: dict[int, int] = {}
        self._new: set[str] = set()

    @property
    def next_index(self) -> int:
        """Index that the next added entry will have."""
        return self.head.size + len(self._drafts)

    def add_public(self, kind: str, issuer: str, body: Json) -> int:
        """Add an entry whose body anyone may read; give its index."""
        index = self.next_index
        salt = self._random(SALT_BYTES)
        content = encode(body)
        self._drafts.append(log.Draft(kind, issuer, commitment(salt, content)))
        self._bodies.append(bodies.StoredBody(index, None, salt, content))
        self._public.append((index, kind))
        return index

    def add_personal(
        self,
        kind: str,
        issuer: str,
        facts: RecordFacts,
        decision: Accepted,
        subject: vault.StoredSubject,
    ) -> projections.RecordRow:
        """Add a record about a person, and give its row."""
        index = self.next_index
        salt = self._random(SALT_BYTES)
        content = encode_record_body(
            facts.content,
            decision.award,
            decision.schedule,
            decision.corrects,
            subject_tag(salt, subject.id),
        )
        committed = commitment(salt, content)
        sealed = bodies.seal_body(
            subject.cipher, subject.id, committed, bodies.OpenBody(salt, content)
        )
        self._drafts.append(log.Draft(kind, issuer, committed))
        self._bodies.append(bodies.StoredBody(index, subject.id, None, sealed))
        row = record_row(self._sealer, index, kind, issuer, subject.id, facts)
        self._places[index] = len(self._records)
        self._records.append(row)
        return row

    def add_subject(self, subject: vault.StoredSubject) -> None:
        """Add a person to the vault, together with the entries."""
        self._subjects.append(subject)
        self._new.add(subject.id)

    def replace_facts(self, subject: vault.StoredSubject, facts: bytes) -> None:
        """Seal new facts for a person, stored or of this batch."""
        vault.reseal_facts(subject, facts)
        if subject.id not in self._new:
            vault.update_facts(self.connection, subject)

    def set_status(self, index: int, status: str, related: int) -> None:
        """Mark a record, stored or of this batch, as superseded or revoked by ``related``."""
        place = self._places.get(index)
        if place is not None:
            self._records[place] = replace(self._records[place], status=status, related=related)
            return
        projections.set_status(self.connection, index, status, related)

    def flush(self) -> None:
        """Write everything that was added; committing is the caller's."""
        if not self._drafts:
            return
        log.append(self.connection, self.head, self._drafts, self.ledger.clock())
        vault.insert_subjects(self.connection, self._subjects)
        bodies.insert_bodies(self.connection, self._bodies)
        projections.insert_records(self.connection, self._records)
        projections.insert_public_entries(self.connection, self._public)


def write(ledger: Ledger, work: Callable[[Batch], Json], once: Once | None = None) -> Written:
    """Do ``work`` in one transaction under the write lock.

    Raises:
        ConflictError: The idempotency key was used before for another request.
        DamagedError: The database is behind its last checkpoint, or contradicts it.
        UnavailableError: The database cannot be written now; nothing was recorded.
    """
    ledger.renew_keys()
    sealer = ledger.sealer
    request_tag = b"" if once is None else sealer.tag("request", once.request)
    with ledger.lock.held(), writing(ledger.engine) as connection:
        hold_against_last_checkpoint(ledger, connection)
        if once is not None:
            first = answers.read_answer(connection, sealer, once.issuer, once.key)
            if first is not None:
                if first.request_tag != request_tag:
                    raise ConflictError(
                        "idempotency key: it was used for another request; take a new key for a "
                        "new request",
                        code="idempotency-key-reused",
                    )
                return Written(decode(first.answer, bytes_max=ANSWER_BYTES_MAX), replayed=True)
        batch = Batch(ledger, connection)
        answer = work(batch)
        batch.flush()
        if once is not None:
            encoded = encode(answer, bytes_max=ANSWER_BYTES_MAX)
            answers.store_answer(
                connection,
                sealer,
                once.issuer,
                once.key,
                answers.StoredAnswer(request_tag, encoded),
            )
    return Written(answer, replayed=False)
