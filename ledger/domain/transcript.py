"""The transcript of one person at a date, reckoned anew each time from what was recorded.

    records, schedules, date  ->  transcript  ->  lines with what counts, and why not more

Order of the steps: leave out what had not happened; mark what was revoked, superseded or expired;
let one achievement count once; fill the caps in order of (event date, index); add up. Nothing of
this is written: expiry is reckoned at the date, and when a higher level is revoked the lower one
counts again. A withdrawal holds for every date: what was withdrawn should never have counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

from ledger.domain.allotment import Claim, apply_caps, dedupe
from ledger.domain.body_reading import (
    CertificateRecord,
    Completion,
    parse_certificate,
    parse_completion,
)
from ledger.domain.china_time import day_in_china
from ledger.domain.credits import round_credit
from ledger.domain.number_text import format_at_scale, parse_scaled
from ledger.domain.schedule_terms import CreditSchedule
from ledger.domain.schedules import ScheduleBook
from ledger.errors import MalformedError

MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """One entry about a person, with what was later done to it.

    Attributes:
        index: Of the entry.
        kind: ``completion`` or ``certificate``.
        issuer: Organisation id.
        recorded_at_ms: Entry time, milliseconds since 1970, UTC.
        body: The body as recorded.
        superseded_by: Index of the entry that corrects it.
        revoked_by: Index of the entry that revoked it, by itself or with its issuer's others.
        revocation_reason: Code of that revocation.
    """

    index: int
    kind: str
    issuer: str
    recorded_at_ms: int
    body: Mapping[str, Any]
    superseded_by: int | None = None
    revoked_by: int | None = None
    revocation_reason: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One record as a transcript shows it.

    Attributes:
        index: Index of the entry.
        kind: ``completion`` or ``certificate``.
        issuer: Organisation id.
        recorded_at_ms: Entry time, milliseconds since 1970, UTC.
        body: The body as recorded.
        status: ``active``, ``superseded``, ``revoked`` or ``expired``, at the transcript's date.
        counted: Credits that count in the total, decimal text at the schedule's quantum.
        notes: Codes that explain why ``counted`` differs from what was granted.
        related: Index of the entry that superseded, revoked or displaced this one, if any.
    """

    index: int
    kind: str
    issuer: str
    recorded_at_ms: int
    body: Mapping[str, Any]
    status: str
    counted: str
    notes: tuple[str, ...] = ()
    related: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """All records of one person at a date, with the credits that count."""

    subject: str
    on: date
    lines: tuple[TranscriptLine, ...]
    total: str


@dataclass(slots=True)
class _Item:
    # A record on its way to a line.
    record: LedgerRecord
    fact: Completion | CertificateRecord
    schedule: CreditSchedule
    status: str
    claim: Claim


def transcript(
    subject: str, records: Iterable[LedgerRecord], book: ScheduleBook, on: date
) -> Transcript:
    """Reckon what counts for a person on a date.

    Args:
        subject: The person's id, for the transcript's head only.
        records: All entries about the person, in any order.
        book: Holds at least every schedule version that the entries name.
        on: The date. Events after it are left out.

    Raises:
        MalformedError: A body is not in its form, or an index stands twice.
        RefusedError: ``schedule-missing``: an entry names a version that the book lacks.
    """
    items = [_read(record, book, on) for record in records]
    if len({item.record.index for item in items}) < len(items):
        raise MalformedError("transcript: found one entry twice, expected each once")
    items = sorted(
        (item for item in items if item.fact.event_on <= on), key=lambda item: item.claim.order
    )
    counting = [item.claim for item in items if _counts(item)]
    dedupe(counting)
    apply_caps(counting, on)
    scale = max((item.schedule.scale for item in items), default=0)
    lines = tuple(_line(item, on, scale) for item in items)
    return Transcript(subject, on, lines, _format(_total(items, on), scale))


def expires_on(schedule: CreditSchedule, event_on: date) -> date | None:
    """Give the first day on which a record's credits have expired, or None if they never do.

    Under an annual schedule that is the next 1 January; credits carried into a later year live on.
    """
    expiry = schedule.expiry
    if expiry.kind == "annual":
        return date(event_on.year + 1, 1, 1)
    if expiry.months is None:
        return None
    return _add_months(event_on, expiry.months)


def _parse(record: LedgerRecord) -> Completion | CertificateRecord:
    if record.kind == "completion":
        return parse_completion(record.body)
    if record.kind == "certificate":
        return parse_certificate(record.body)
    raise MalformedError(f"transcript: found kind {record.kind}, expected one about a person")


def _read(record: LedgerRecord, book: ScheduleBook, on: date) -> _Item:
    fact = _parse(record)
    credit = fact.credit
    schedule = book.version(credit.schedule_id, credit.version)
    at_statement = schedule.round_at == "statement"
    number = fact.training_class.number if isinstance(fact, Completion) else fact.certificate.number
    claim = Claim(
        index=record.index,
        issuer=record.issuer,
        event_on=fact.event_on,
        occupation=fact.occupation.code,
        level=fact.level,
        class_number=number,
        schedule=schedule,
        amount=credit.exact if at_statement else parse_scaled(credit.granted),
    )
    return _Item(record, fact, schedule, _status(record, schedule, fact.event_on, on), claim)


def _status(record: LedgerRecord, schedule: CreditSchedule, event_on: date, on: date) -> str:
    if record.revoked_by is not None:
        return "revoked"
    if record.superseded_by is not None:
        return "superseded"
    expired_on = expires_on(schedule, event_on)
    return "expired" if expired_on is not None and expired_on <= on else "active"


def _counts(item: _Item) -> bool:
    # Whether the record takes part in dedupe and caps. One that has expired must not displace the
    # one that renewed it; one of an annual schedule may still live on in what it carried over.
    if item.status == "expired":
        expiry = item.schedule.expiry
        return expiry.on_expiry == "still_counted" or expiry.kind == "annual"
    return item.status == "active"


def _counted(item: _Item, on: date) -> Fraction:
    expiry = item.schedule.expiry
    one_year = expiry.kind == "annual" and expiry.on_expiry == "not_counted"
    return sum(
        (amount for day, amount in item.claim.portions if not one_year or day.year == on.year),
        Fraction(),
    )


def _total(items: Iterable[_Item], on: date) -> Fraction:
    # What is rounded in the total is added up exactly and rounded once, by the latest rule.
    rounded, exact = Fraction(), Fraction()
    rule: CreditSchedule | None = None
    for item in items:
        if item.schedule.round_at == "statement":
            exact += _counted(item, on)
            rule = item.schedule
        else:
            rounded += _counted(item, on)
    return rounded if rule is None else rounded + round_credit(exact, rule)


def _line(item: _Item, on: date, scale: int) -> TranscriptLine:
    record, schedule = item.record, item.schedule
    counted = _counted(item, on)
    notes = list(item.claim.notes)
    if schedule.round_at == "statement":
        rounded = round_credit(counted, schedule)
        if rounded != counted:
            notes.append("rounded-in-total")
        counted = rounded
    status = "active" if item.status == "expired" and _lives_on(item, on) else item.status
    # Why the record itself earned less than its hours: attendance, not passed ...
    notes += [reason for reason in item.fact.credit.reasons if reason not in notes]
    if status != "active":
        notes.append(status)
    if record.revocation_reason is not None:
        notes.append(record.revocation_reason)
    if schedule.is_late(item.fact.event_on, day_in_china(record.recorded_at_ms)):
        notes.append("late-record")
    return TranscriptLine(
        record.index,
        record.kind,
        record.issuer,
        record.recorded_at_ms,
        record.body,
        status,
        _format(counted, scale),
        tuple(notes),
        _related(item),
    )


def _lives_on(item: _Item, on: date) -> bool:
    return item.schedule.expiry.kind == "annual" and any(
        day.year == on.year for day, _ in item.claim.portions
    )


def _related(item: _Item) -> int | None:
    record = item.record
    if record.revoked_by is not None:
        return record.revoked_by
    return item.claim.displaced_by if record.superseded_by is None else record.superseded_by


def _format(value: Fraction, scale: int) -> str:
    # Only where versions of different rounding meet in one cap or group can a digit be cut here.
    steps = value * 10**scale
    return format_at_scale(Fraction(steps.numerator // steps.denominator, 10**scale), scale)


def _add_months(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, MONTHS)
    for last in range(day.day, 0, -1):
        try:
            return date(day.year + years, month + 1, last)
        except ValueError:
            # 31 January and one month end with February.
            continue
    raise MalformedError("expiry: found a date out of range, expected a year up to 9999")
