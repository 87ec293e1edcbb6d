"""Record completions and certificates, one batch in one transaction.

State for the whole batch is loaded in a few queries, and kept in step while the commands are
decided one after the other, so that a repeat inside a file is seen like one of last year. A refused
command never touches its neighbours, except in an all-or-nothing batch.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final, Self

from ledger.core.canonical import Json, encode
from ledger.core.entry import decode_entry
from ledger.domain.bodies import facts_of, identity_of_facts
from ledger.domain.decisions import (
    Accepted,
    Duplicate,
    ExistingRecord,
    RecordState,
    Refused,
    decide_certificate,
    decide_completion,
)
from ledger.domain.records import RecordCertificate, RecordCompletion
from ledger.errors import RefusedError
from ledger.services.context import Ledger
from ledger.services.facts import Facts
from ledger.services.projection import certificate_tag, content_tag, id_number_tag, identity_tag
from ledger.services.record import Batch, Once, write
from ledger.services.registry import load_registry
from ledger.storage import log, projections, vault

RecordCommand = RecordCompletion | RecordCertificate

# The ledger is kept in China: "today" in a rule is the day there.
CHINA: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Outcome:
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

    @classmethod
    def from_json(cls, value: Any) -> Self:  # noqa: ANN401 - decoded JSON
        """Read an outcome out of a stored answer."""
        return cls(**{**value, "notices": tuple(value["notices"])})


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcomes of a batch, in the order of its commands.

    ``replayed`` if they are an earlier batch's.
    """

    outcomes: tuple[Outcome, ...]
    replayed: bool


def record(
    ledger: Ledger,
    issuer: str,
    commands: Sequence[RecordCommand],
    *,
    key: str | None = None,
    correcting: bool = False,
    all_or_nothing: bool = False,
) -> Recorded:
    """Record what an issuer posts.

    Args:
        ledger: The open ledger.
        issuer: Organisation id, taken from the caller's credentials.
        commands: At most some thousand; they are one transaction.
        key: Idempotency key. The same key with the same commands gets the first answer.
        correcting: Whether a command that differs from a record of the same identity corrects it.
        all_or_nothing: Whether one refused command refuses all.

    Raises:
        NotFoundError: The issuer is not registered.
        ConflictError: The key was used for other commands.
        RefusedError: ``all_or_nothing``, and a command was refused; nothing was recorded.
        UnavailableError: The ledger cannot be written now; nothing was recorded.
    """

    def work(batch: Batch) -> Json:
        posting = _Posting(batch, issuer, commands, correcting=correcting)
        outcomes = [posting.decide(command) for command in commands]
        refused = [o for o in outcomes if o.outcome == "rejected"]
        if all_or_nothing and refused:
            raise RefusedError(
                f"batch: {len(refused)} of {len(outcomes)} records were refused, so none was "
                f"recorded "
                f"(the first: {refused[0].code})",
                code="all-or-nothing",
            )
        return [asdict(outcome) for outcome in outcomes]

    once = None
    if key is not None:
        once = Once(issuer, key, encode([_request(c) for c in commands], bytes_max=2**31))
    written = write(ledger, work, once)
    answer: Any = written.answer
    return Recorded(tuple(map(Outcome.from_json, answer)), written.replayed)


def _request(command: RecordCommand) -> Json:
    person = command.person
    return [person.name, person.id_number, facts_of(command)]


class _Posting:
    """The state that decides one batch.

    Loaded at the start, kept in step as commands are accepted.
    """

    def __init__(
        self, batch: Batch, issuer: str, commands: Sequence[RecordCommand], *, correcting: bool
    ) -> None:
        self._batch = batch
        self._sealer = batch.ledger.sealer
        self._correcting = correcting
        self._registry = load_registry(batch.connection)
        self._issuer = self._registry.organisation(issuer)
        self._today: date = (
            datetime.fromtimestamp(batch.ledger.clock() / 1000, UTC).astimezone(CHINA).date()
        )
        self._tags = {
            c.person.id_number: id_number_tag(self._sealer, c.person.id_number) for c in commands
        }
        self._subjects = vault.find_by_tags(
            batch.connection, self._sealer, set(self._tags.values())
        )
        self._facts: dict[str, Facts] = {}
        self._records: dict[bytes, projections.RecordRow] = {}
        self._certificates: dict[bytes, int] = {}
        for row in projections.records_of_subjects(
            batch.connection, [s.id for s in self._subjects.values()]
        ):
            self._records[row.identity] = row
        numbers = {c.certificate.number for c in commands if c.certificate is not None}
        tags = [certificate_tag(self._sealer, number) for number in numbers]
        for row in projections.records_of_certificates(batch.connection, tags):
            if row.status == "active" and row.certificate is not None:
                self._certificates[row.certificate] = row.index

    def decide(self, command: RecordCommand) -> Outcome:
        """Decide one command and, if it is accepted, add its entry to the batch."""
        subject = self._subjects.get(self._tags[command.person.id_number])
        state = RecordState(
            organisation=self._issuer,
            book=self._registry.book,
            name_on_file=None if subject is None else self._facts_of(subject).name,
            existing=None if subject is None else self._existing(subject, command),
            certificate_holder=self._certificate_holder(command),
            correcting=self._correcting,
            recorded_on=self._today,
        )
        if isinstance(command, RecordCompletion):
            decision = decide_completion(state, command)
        else:
            decision = decide_certificate(state, command)
        if isinstance(decision, Refused):
            return Outcome("rejected", decision.code, decision.message, decision.entry_index)
        if isinstance(decision, Duplicate):
            return Outcome("duplicate", decision.code, None, decision.entry_index)
        return self._accept(command, subject, decision)

    def _accept(
        self, command: RecordCommand, subject: vault.StoredSubject | None, decision: Accepted
    ) -> Outcome:
        if subject is None:
            subject = self._new_subject(command)
        else:
            self._join_facts(command, subject)
        kind = "completion" if isinstance(command, RecordCompletion) else "certificate"
        row = self._batch.add_personal(kind, self._issuer.id, decision.body, subject)
        corrected = decision.body["corrects"]
        before = self._records.get(row.identity)
        if before is not None and corrected is not None and before.status == "active":
            self._batch.set_status(corrected, "superseded", row.index)
            if before.certificate is not None:
                self._certificates.pop(before.certificate, None)
        self._records[row.identity] = row
        if row.certificate is not None:
            self._certificates[row.certificate] = row.index
        return Outcome("accepted", None, None, row.index, decision.award.granted, decision.notices)

    def _new_subject(self, command: RecordCommand) -> vault.StoredSubject:
        facts = Facts.of(command.person)
        tag = self._tags[command.person.id_number]
        subject = vault.new_subject(
            self._sealer, self._batch.ledger.new_subject_id(), tag, facts.encode()
        )
        self._batch.add_subject(subject)
        self._subjects[tag] = subject
        self._facts[subject.id] = facts
        return subject

    def _facts_of(self, subject: vault.StoredSubject) -> Facts:
        if subject.id not in self._facts:
            self._facts[subject.id] = Facts.decode(subject.open_facts())
        return self._facts[subject.id]

    def _join_facts(self, command: RecordCommand, subject: vault.StoredSubject) -> None:
        known = self._facts_of(subject)
        joined = known.joined(command.person)
        if joined != known:
            self._facts[subject.id] = joined
            self._batch.replace_facts(subject, joined.encode())

    def _existing(
        self, subject: vault.StoredSubject, command: RecordCommand
    ) -> ExistingRecord | None:
        facts = facts_of(command)
        row = self._records.get(identity_tag(self._sealer, subject.id, identity_of_facts(facts)))
        if row is None:
            return None
        same = content_tag(self._sealer, subject.id, encode(facts)) == row.content
        revoked_by = None
        if row.status == "revoked" and row.related is not None:
            revoked_by = decode_entry(
                log.read_entry(self._batch.connection, row.related).bytes
            ).issuer
        return ExistingRecord(row.index, row.issuer, same, revoked_by)

    def _certificate_holder(self, command: RecordCommand) -> int | None:
        if command.certificate is None:
            return None
        return self._certificates.get(certificate_tag(self._sealer, command.certificate.number))
