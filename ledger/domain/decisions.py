"""The rules by which a posted record is accepted, refused, or known as a repeat.

    decide_completion(state, command, class_terms(state, command, hours))
        ->  Accepted | Refused | Duplicate

Pure: the state holds just what the rules read; the service loads it and writes what was decided.
Rules run from the person, over what is already recorded, to what the issuer may do, so that a
re-sent file is answered as a repeat even after its issuer was suspended. No rule reads the type or
ownership of an organisation: 民辦 and 公辦 are treated alike (policy, M10).

Messages say what was found, what was expected and what to do, and name nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from ledger.domain.credits import (
    Award,
    CertificateInputs,
    Numbers,
    award,
    completion_inputs,
    earns_in_full,
    full_award,
)
from ledger.domain.organisations import Organisation
from ledger.domain.records import RecordCertificate, RecordCompletion
from ledger.domain.schedule_terms import CreditSchedule
from ledger.domain.schedules import ScheduleBook
from ledger.errors import LedgerError

CODES: Final = (
    "id-name-conflict", "record-differs", "not-your-record", "already-revoked",
    "issuer-inactive", "issuer-scope", "certificate-number-taken", "event-in-future",
    "schedule-missing",
)  # fmt: skip
"""Every code with which a rule refuses a record; a malformed fact keeps its error's own code."""

NOTICES: Final = {
    "late-record": "recorded later after the event than the schedule expects",
    "certificate-before-assessment": "the certificate is dated before the assessment",
    "replaces-revoked": "posted anew after an entry of the same record was revoked",
}
"""What is accepted and yet worth a look: late filing and dates out of order are fraud signs."""


@dataclass(frozen=True, slots=True)
class ExistingRecord:
    """The newest entry with the posting's identity and subject, or the one it says it corrects.

    Attributes:
        index: Of that entry.
        issuer: Who recorded it.
        same_content: Whether the facts are equal.
        revoked_by: Who revoked it, ``ledger`` for the operator, or None while it stands.
    """

    index: int
    issuer: str
    same_content: bool
    revoked_by: str | None = None


class RecordState(NamedTuple):
    """What the rules for a posted record read.

    Attributes:
        organisation: The issuer as it is now.
        book: All credit schedules.
        name_on_file: The name that the vault knows for this ID number, None for a new person.
        existing: The newest entry of the same identity, None if there is none.
        certificate_holder: Index of the standing record that has this certificate number, of
            whatever person, None if no record has it.
        correcting: Whether the issuer says that differing rows are corrections.
        recorded_on: Today where the ledger is kept, None to leave out the rules that need it.
    """

    organisation: Organisation
    book: ScheduleBook
    name_on_file: str | None = None
    existing: ExistingRecord | None = None
    certificate_holder: int | None = None
    correcting: bool = False
    recorded_on: date | None = None


class Accepted(NamedTuple):
    """To be recorded.

    Attributes:
        award: What the record earns.
        schedule: Under which schedule.
        corrects: Index of the entry that it supersedes, or None.
        notices: Codes of ``NOTICES``.
    """

    award: Award
    schedule: CreditSchedule
    corrects: int | None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Not recorded, with a stable code; ``entry_index`` points to the entry that is in the way."""

    code: str
    message: str
    entry_index: int | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Recorded already, word for word, at ``entry_index``. The code for reports is below."""

    entry_index: int
    code: str = "duplicate-row"


class Terms(NamedTuple):
    """What does not depend on the person, worked out once for everybody of a class.

    Attributes:
        refusal: Why the issuer may not record this, or not yet; None if it may.
        reckoned: What most of a class get, all but those who have the record already or earn less;
            or why nothing can be reckoned.
        late: Whether it is recorded later than the schedule expects.
    """

    refusal: Refused | None
    reckoned: Accepted | Refused
    late: bool


def class_terms(state: RecordState, command: RecordCompletion, hours: Numbers) -> Terms:
    """Give the terms of a class, by the schedule of its last day.

    They are the same for all commands of a batch that state one class, occupation, level and hours.
    ``hours`` are the command's as ``numbers_of`` gives them, which its facts hold already.
    """
    taught = command.training_class
    return _terms(
        state,
        command,
        (taught.start, taught.end),
        lambda schedule: full_award(schedule, hours, command.level),
    )


def decide_completion(
    state: RecordState, command: RecordCompletion, terms: Terms
) -> Accepted | Refused | Duplicate:
    """Decide on a completion; ``terms`` are those of its class."""
    certificate, examined_on = command.certificate, command.assessment.on
    answer = _against(state, command.person.name, terms, certified=certificate is not None)
    if answer is not None:
        return answer
    if isinstance(terms.reckoned, Refused):
        return terms.reckoned
    earned, schedule, _, _ = terms.reckoned
    if not earns_in_full(schedule, command.assessment, command.attendance):
        inputs = completion_inputs(
            command.hours, command.level, command.assessment, command.attendance
        )
        try:
            earned = award(schedule, inputs)
        except LedgerError as error:
            return Refused(error.code, error.message)
    early = certificate is not None and examined_on is not None and certificate.issued < examined_on
    if state.existing is None and not early and earned is terms.reckoned.award:
        return terms.reckoned
    return _accepted(state, schedule, earned, late=terms.late, early=early)


def decide_certificate(
    state: RecordState, command: RecordCertificate
) -> Accepted | Refused | Duplicate:
    """Decide on a certificate gained without a class, by the schedule of its day of issue."""
    issued = command.certificate.issued
    inputs = CertificateInputs(command.certificate.type, command.level)
    terms = _terms(state, command, (issued, issued), lambda schedule: award(schedule, inputs))
    answer = _against(state, command.person.name, terms, certified=True)
    if answer is not None:
        return answer
    if isinstance(terms.reckoned, Refused):
        return terms.reckoned
    earned, schedule, _, _ = terms.reckoned
    return _accepted(state, schedule, earned, late=terms.late, early=False)


def _terms(
    state: RecordState,
    command: RecordCompletion | RecordCertificate,
    period: tuple[date, date],
    earn: Callable[[CreditSchedule], Award],
) -> Terms:
    event_on, today = period[1], state.recorded_on
    refusal = _about_issuer(state, command, period) or _about_day(state, event_on)
    try:
        schedule = state.book.for_event(event_on, today)
        earned = earn(schedule)
    except LedgerError as error:
        return Terms(refusal, Refused(error.code, error.message), late=False)
    late = today is not None and schedule.is_late(event_on, today)
    return Terms(refusal, Accepted(earned, schedule, None, _notices(late=late)), late)


def _against(
    state: RecordState, name: str, terms: Terms, *, certified: bool
) -> Refused | Duplicate | None:
    if state.name_on_file is not None or state.existing is not None:
        answer = _about_person(state, name) or _about_existing(state)
        if answer is not None:
            return answer
    return terms.refusal or (_about_number(state) if certified else None)


def _accepted(
    state: RecordState, schedule: CreditSchedule, earned: Award, *, late: bool, early: bool
) -> Accepted:
    existing = state.existing
    anew = existing is not None and existing.revoked_by is not None
    notices = _notices(late=late, early=early, anew=anew)
    return Accepted(earned, schedule, None if existing is None else existing.index, notices)


def _notices(*, late: bool, early: bool = False, anew: bool = False) -> tuple[str, ...]:
    flags = {"late-record": late, "certificate-before-assessment": early, "replaces-revoked": anew}
    return tuple(code for code, raised in flags.items() if raised)


def _about_person(state: RecordState, name: str) -> Refused | None:
    if state.name_on_file is None or state.name_on_file == name:
        return None
    return Refused(
        "id-name-conflict",
        "person: found another name on file for this ID number, expected the same; check both, and"
        " have the name on file corrected if the row is right",
    )


def _about_existing(state: RecordState) -> Refused | Duplicate | None:
    existing = state.existing
    if existing is None:
        return None
    if existing.revoked_by is not None:
        return _about_revoked(state, existing, existing.revoked_by)
    if existing.same_content:
        return Duplicate(existing.index)
    if not state.correcting:
        return Refused(
            "record-differs",
            f"record: entry {existing.index} has the same class or certificate with other values,"
            " expected the same; post it as a correction if these values are the right ones",
            existing.index,
        )
    return _unless_theirs(state, existing)


def _about_revoked(state: RecordState, existing: ExistingRecord, revoked_by: str) -> Refused | None:
    # A file sent again must not undo a revocation by accident, so a plain repeat is refused.
    # Posting anew on purpose is how an issuer brings a record back after revoking it by mistake: a
    # new entry that names the old one. What the operator revoked, no issuer can bring back alone.
    ours = state.organisation.id
    if revoked_by not in (existing.issuer, ours):
        return Refused(
            "already-revoked",
            f"record: entry {existing.index} was revoked by the ledger's operator, expected a"
            " record that stands; object to the revocation with the operator",
            existing.index,
        )
    if not state.correcting:
        return Refused(
            "already-revoked",
            f"record: entry {existing.index} was revoked by its issuer, expected a record that"
            " stands; post it as a correction to record it anew",
            existing.index,
        )
    return _unless_theirs(state, existing)


def _unless_theirs(state: RecordState, existing: ExistingRecord) -> Refused | None:
    if existing.issuer == state.organisation.id:
        return None
    return Refused(
        "not-your-record",
        f"record: entry {existing.index} was recorded by another issuer, expected one of your own;"
        " ask that issuer to correct it",
        existing.index,
    )


def _about_issuer(
    state: RecordState,
    command: RecordCompletion | RecordCertificate,
    period: tuple[date, date],
) -> Refused | None:
    organisation = state.organisation
    if organisation.status != "active":
        return Refused(
            "issuer-inactive",
            f"issuer: found status {organisation.status}, expected active; ask the operator",
        )
    code, level = command.occupation.code, command.level
    for day in period:
        if not organisation.covers(code, level, day):
            return Refused(
                "issuer-scope",
                f"issuer: found no accreditation for occupation {code} at level rank {level} on"
                f" {day}, expected one from {period[0]} to {period[1]}; have the scope extended"
                " first",
            )
    return None


def _about_day(state: RecordState, event_on: date) -> Refused | None:
    today = state.recorded_on
    if today is None or event_on <= today:
        return None
    return Refused(
        "event-in-future",
        f"record: found an event on {event_on}, expected none after {today}; post it when it has"
        " taken place",
    )


def _about_number(state: RecordState) -> Refused | None:
    existing, holder = state.existing, state.certificate_holder
    if holder is None or (existing is not None and holder == existing.index):
        return None
    return Refused(
        "certificate-number-taken",
        f"certificate: entry {holder} has this number already, expected a number for one record"
        " only; check the number, or have that entry corrected",
        holder,
    )
