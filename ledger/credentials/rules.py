"""The domain's rules that a verifier applies again to proven bodies: scope, credit, withdrawal.

The verifier imports core and credentials; what it needs of the domain comes through here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.core.entry import LEDGER_ISSUER, Entry
from ledger.credentials.claims import read_record
from ledger.domain.body_reading import Completion, parse_schedule_body
from ledger.domain.credits import CertificateInputs, award, completion_inputs
from ledger.domain.organisations import Organisation, parse_organisation_body
from ledger.domain.schedules import ScheduleBook, schedule_hash
from ledger.domain.transcript import LedgerRecord, transcript
from ledger.domain.withdrawals import parse_issuer_revocation, parse_revocation
from ledger.errors import MalformedError

__all__ = [
    "ROUNDED",
    "Organisation",
    "StatedRecord",
    "is_credit_right",
    "is_entitled",
    "is_schedule_of",
    "is_withdrawn_by",
    "parse_organisation_body",
    "restated",
    "superseded_index",
]

ROUNDED: Final = "rounded-in-total"
"""Note on a line whose credits are rounded in the total only, so that the lines need not add up."""


@dataclass(frozen=True, slots=True)
class StatedRecord:
    """A proven record with what a statement says was done to it.

    Attributes:
        entry: Its entry.
        body: Its body.
        superseded_by: Index of the correction, if there is one.
        revoked_by: Index of the revocation, if there is one.
        order: The body of that revocation.
    """

    entry: Entry
    body: Mapping[str, Any]
    superseded_by: int | None = None
    revoked_by: int | None = None
    order: Mapping[str, Any] | None = None


def restated(
    records: Sequence[StatedRecord], schedule_bodies: Sequence[Mapping[str, Any]], on: str
) -> tuple[list[tuple[int, str, str, tuple[str, ...]]], str]:
    """Reckon a transcript again: lines as (index, status, counted, notes) by index, and the total.

    Args:
        records: All records of one person.
        schedule_bodies: Every schedule that they name.
        on: Date of the transcript, ISO.

    Raises:
        MalformedError: A body or the date is not in its form.
        RefusedError: A schedule is missing, with code ``schedule-missing``.
    """
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise MalformedError("transcript: expected an ISO date") from None
    book = ScheduleBook(tuple(dict.fromkeys(map(parse_schedule_body, schedule_bodies))))
    found = transcript("", [_ledger_record(one) for one in records], book, day)
    lines = sorted((line.index, line.status, line.counted, line.notes) for line in found.lines)
    return lines, found.total


def is_entitled(organisation: Organisation, kind: str, body: Mapping[str, Any]) -> bool:
    """Tell whether an organisation was filed for a record's occupation and level on its days.

    Raises:
        MalformedError: The body is not one of a record.
    """
    record = read_record(kind, body)
    days = {record.event_on}
    if isinstance(record, Completion):
        days.add(record.training_class.start)
    return all(organisation.covers(record.occupation.code, record.level, day) for day in days)


def is_schedule_of(schedule_body: Mapping[str, Any], kind: str, body: Mapping[str, Any]) -> bool:
    """Tell whether a schedule is the one under which a record's credit was granted.

    Raises:
        MalformedError: One of the bodies is not in its form.
    """
    schedule = parse_schedule_body(schedule_body)
    return schedule_hash(schedule) == read_record(kind, body).credit.schedule_hash


def is_credit_right(schedule_body: Mapping[str, Any], kind: str, body: Mapping[str, Any]) -> bool:
    """Reckon a record's credit again and tell whether the body states the same.

    Raises:
        MalformedError: One of the bodies is not in its form, or cannot be reckoned.
    """
    schedule = parse_schedule_body(schedule_body)
    record = read_record(kind, body)
    if isinstance(record, Completion):
        inputs = completion_inputs(record.hours, record.level, record.assessment, record.attendance)
        found = award(schedule, inputs)
    else:
        found = award(schedule, CertificateInputs(record.certificate.type, record.level))
    stated = record.credit
    named = (schedule.schedule_id, schedule.version, schedule_hash(schedule))
    return named == (stated.schedule_id, stated.version, stated.schedule_hash) and (
        found.exact,
        found.granted,
        found.reasons,
    ) == (stated.exact, stated.granted, stated.reasons)


def is_withdrawn_by(
    record: Entry, body: Mapping[str, Any], later: Entry, later_body: Mapping[str, Any]
) -> bool:
    """Tell whether a later entry takes a record back: its issuer, or the operator, may do that.

    Raises:
        MalformedError: One of the bodies is not in its form.
    """
    if later.index <= record.index:
        return False
    if later.kind == "revocation":
        by_right = later.issuer in {record.issuer, LEDGER_ISSUER}
        return by_right and parse_revocation(later_body).entry == record.index
    if later.kind == "issuer-revocation" and later.issuer == LEDGER_ISSUER:
        order = parse_issuer_revocation(later_body)
        return order.covers(record.issuer, read_record(record.kind, body).event_on)
    return False


def superseded_index(kind: str, body: Mapping[str, Any]) -> int | None:
    """Give the index of the record that a record corrects, if it corrects one.

    Raises:
        MalformedError: The body is not one of a record.
    """
    return read_record(kind, body).corrects


def _ledger_record(one: StatedRecord) -> LedgerRecord:
    reason = one.order.get("reason") if one.order is not None else None
    return LedgerRecord(
        index=one.entry.index,
        kind=one.entry.kind,
        issuer=one.entry.issuer,
        recorded_at_ms=one.entry.time_ms,
        body=one.body,
        superseded_by=one.superseded_by,
        revoked_by=one.revoked_by,
        revocation_reason=reason if isinstance(reason, str) else None,
    )
