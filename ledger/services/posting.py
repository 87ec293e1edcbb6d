"""Decide postings one after the other, in the state that their batch knows."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

from ledger.core.canonical import Json
from ledger.core.entry import decode_entry
from ledger.domain.decisions import (
    Accepted,
    Duplicate,
    ExistingRecord,
    RecordState,
    Refused,
    Terms,
    class_terms,
    decide_certificate,
    decide_completion,
)
from ledger.domain.record_facts import FactsWriter, RecordFacts
from ledger.domain.records import RecordCompletion
from ledger.errors import LedgerError
from ledger.services.batch import Batch, Subject
from ledger.services.known_state import RecordCommand
from ledger.services.person_facts import facts_of_new
from ledger.services.projection import (
    content_tag,
    identity_tag,
    record_row,
)
from ledger.storage import log, projections, vault


class Outcome(NamedTuple):
    """What became of one command.

    Attributes:
        outcome: ``accepted``, ``rejected`` or ``duplicate``.
        code: Why it was not accepted; None if it was.
        message: The same in words; names nobody.
        entry_index: The new entry, or the one that it repeats or that is in the way.
        credits: Granted credits as decimal text, for an accepted command.
        notices: Codes of what was accepted and is yet worth a look.
    """

    outcome: str
    code: str | None = None
    message: str | None = None
    entry_index: int | None = None
    credits: str | None = None
    notices: tuple[str, ...] = ()

    def moved(self, shift: int) -> Self:
        """Give the outcome of a command whose entry was stored further back than it was decided."""
        if self.outcome != "accepted" or self.entry_index is None:
            return self
        return type(self)(
            "accepted", None, None, self.entry_index + shift, self.credits, self.notices
        )

    def to_json(self) -> tuple[Json, ...]:
        """Give the fields in their order, as they stand in a stored answer."""
        return tuple(self)

    @classmethod
    def from_json(cls, value: Any) -> Self:  # noqa: ANN401 - decoded JSON
        """Read an outcome out of a stored answer."""
        outcome, code, message, entry_index, credits_, notices = value
        return cls(outcome, code, message, entry_index, credits_, tuple(notices))


class Posted(NamedTuple):
    """A command with its facts, encoded once; ``error`` where they cannot be written."""

    command: RecordCommand
    facts: RecordFacts | None
    error: LedgerError | None = None


def with_facts(commands: Iterable[RecordCommand]) -> list[Posted]:
    """Work out the facts of commands."""
    facts_of, posted = FactsWriter().facts_of, list[Posted]()
    for command in commands:
        try:
            posted.append(Posted(command, facts_of(command)))
        except LedgerError as error:
            posted.append(Posted(command, None, error))
    return posted


def request_of(posted: Sequence[Posted]) -> bytes:
    """Give the bytes by which a repeated request is known."""
    parts: list[bytes] = []
    for each in posted:
        person = each.command.person
        named = f"{person.name}\0{person.id_number}\0".encode()
        content = b"" if each.facts is None else each.facts.content
        parts += (b"%d %d " % (len(named), len(content)), named, content)
    return b"".join(parts)


class Posting:
    """Decides what one issuer posts, in the state that its batch knows."""

    def __init__(self, batch: Batch, issuer: str, *, correcting: bool) -> None:
        self._batch = batch
        self._known = batch.known
        self._sealer = batch.sealer
        registry = batch.ledger.registry.read(batch.connection)
        self._issuer = registry.organisation(issuer)
        self._new_person = RecordState(
            organisation=self._issuer,
            book=registry.book,
            correcting=correcting,
            recorded_on=batch.ledger.today(),
        )

    def decide(self, posted: Posted) -> Outcome:
        """Decide one command and, if it is accepted, add its entry to the batch."""
        command, facts = posted.command, posted.facts
        if facts is None:
            error = posted.error or LedgerError("facts: they cannot be written")
            return Outcome("rejected", error.code, error.message)
        known = self._known
        subject = known.subjects.get(known.person_tags[command.person.id_number])
        number = facts.certificate_number
        holder = None if number is None else known.certificates.get(known.certificate_tags[number])
        state = self._new_person
        if subject is not None or holder is not None:
            state = state._replace(
                name_on_file=None if subject is None else known.facts_of(subject).name,
                existing=None if subject is None else self._existing(subject, facts),
                certificate_holder=holder,
            )
        if isinstance(command, RecordCompletion):
            decision = decide_completion(state, command, self._class_terms(command, facts))
        else:
            decision = decide_certificate(state, command)
        if isinstance(decision, Refused):
            self._batch.refer_to(decision.entry_index)
            return Outcome("rejected", decision.code, decision.message, decision.entry_index)
        if isinstance(decision, Duplicate):
            repeats = decision.entry_index
            self._batch.refer_to(repeats)
            message = (
                f"与第 {repeats} 号条目相同，未重复登记 / Repeats entry {repeats}; nothing new"
            )
            return Outcome("duplicate", decision.code, message, repeats)
        return self._accept(command, facts, subject, decision)

    def _class_terms(self, command: RecordCompletion, facts: RecordFacts) -> Terms:
        key = (self._issuer.id, facts.shared)
        terms = self._known.terms.get(key)
        if terms is None:
            terms = class_terms(self._new_person, command, facts.hours)
            self._known.terms[key] = terms
        return terms

    def _accept(
        self,
        command: RecordCommand,
        facts: RecordFacts,
        subject: Subject | None,
        decision: Accepted,
    ) -> Outcome:
        if subject is None:
            subject = self._new_subject(command)
        else:
            self._join_facts(command, subject)
        known, number = self._known, facts.certificate_number
        certificate = None if number is None else known.certificate_tags[number]
        row = record_row(
            self._sealer,
            self._batch.next_index,
            self._issuer.id,
            subject.id,
            facts,
            certificate,
        )
        self._batch.add_record(row, facts, decision, subject)
        if decision.corrects is not None:
            self._correct(decision.corrects, row)
        known.records[row.identity] = row
        if certificate is not None:
            known.certificates[certificate] = row.index
        return Outcome("accepted", None, None, row.index, decision.award.granted, decision.notices)

    def _correct(self, corrected: int, row: projections.RecordRow) -> None:
        self._batch.refer_to(corrected)
        before = self._known.records.get(row.identity)
        if before is not None and before.status == "active":
            self._batch.set_status(corrected, "superseded", row.index)
            if before.certificate is not None:
                self._known.certificates.pop(before.certificate, None)

    def _new_subject(self, command: RecordCommand) -> vault.NewSubject:
        tag = self._known.person_tags[command.person.id_number]
        subject = self._batch.new_subject(tag, facts_of_new(command.person))
        self._known.subjects[tag] = subject
        return subject

    def _join_facts(self, command: RecordCommand, subject: Subject) -> None:
        known = self._known.facts_of(subject)
        joined = known.joined(command.person)
        if joined != known:
            self._known.facts[subject.id] = joined
            self._batch.replace_facts(subject, joined.encode())

    def _existing(self, subject: Subject, facts: RecordFacts) -> ExistingRecord | None:
        row = self._known.records.get(identity_tag(self._sealer, subject.id, facts.identity))
        if row is None:
            return None
        same = content_tag(self._sealer, subject.id, facts.content) == row.content
        revoked_by = None
        if row.status == "revoked" and row.related is not None:
            withdrawal = log.read_entry(self._batch.connection, row.related)
            revoked_by = decode_entry(withdrawal.bytes).issuer
        return ExistingRecord(row.index, row.issuer, same, revoked_by)
