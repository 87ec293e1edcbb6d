"""Checks of what a transcript states as a whole: which records stand, and the sum of credits.

A revocation or correction that the bundle proves counts even where the statement calls the record
active; one that only the statement tells of is believed too, since it speaks against its bearer.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from ledger.core.instant import format_instant
from ledger.credentials.bundle import Bundle, BundledEntry
from ledger.credentials.claims import total_of
from ledger.credentials.clr import WITHDRAWN, Clr, StatementLine
from ledger.credentials.jsonld import Document
from ledger.credentials.rules import (
    ROUNDED,
    StatedRecord,
    is_withdrawn_by,
    restated,
    superseded_index,
)
from ledger.errors import LedgerError, RefusedError
from ledger.verify.bundle_checks import Proven, body_of
from ledger.verify.credential_checks import has_expired
from ledger.verify.report import Checklist, RecordReport, Verdict

_BY_STATUS: Final[dict[str, Verdict]] = {
    "active": "valid",
    "expired": "expired",
    "superseded": "replaced",
    "revoked": "revoked",
}


def record_verdicts(clr: Clr, proven: Proven, now_ms: int) -> dict[int, Verdict]:
    """Give the verdict of each line by index, as the statement and the proofs tell it."""
    documents = {badge.claims.index: member for member, badge in clr.members}
    return {
        line.index: _verdict(_BY_STATUS[line.status], line.index, documents, proven, now_ms)
        for line in clr.statement.lines
    }


def check_status(checks: Checklist, clr: Clr, verdicts: dict[int, Verdict]) -> None:
    """Check that no member is withdrawn and that not all have expired: ``status``.

    A transcript in which some records expired still is a valid transcript; each line says so
    itself.
    """
    members = [badge.claims.index for _, badge in clr.members]
    for reason in ("revoked", "replaced"):
        found = [index for index in members if verdicts[index] == reason]
        if found:
            checks.failed("status", reason, found)
            return
    if all(verdicts[index] == "expired" for index in members):
        checks.failed("status", "expired", members)
    else:
        checks.passed("status")


def check_statement(checks: Checklist, clr: Clr, proven: Proven) -> None:
    """Reckon the whole statement again from the proven records and schedules: ``totals``.

    A partial statement cannot be reckoned, because what was left out may have displaced something;
    there only the sum is checked.
    """
    if clr.statement.partial:
        check_sum(checks, clr)
        return
    records = [_stated_record(line, proven) for line in clr.statement.lines]
    found = [record for record in records if record is not None]
    if len(found) < len(records):
        checks.unchecked("totals", "entry-missing")
        return
    schedules = [body_of(one) for one in proven.of_kind("schedule")]
    try:
        lines, total = restated(found, schedules, clr.statement.on)
    except RefusedError:
        checks.unchecked("totals", "schedule-missing")
        return
    except LedgerError as error:
        checks.failed_by("totals", error, "total-differs")
        return
    told = [(line.index, line.status, line.counted, line.notes) for line in clr.statement.lines]
    if (told, clr.statement.total) == (lines, total):
        checks.passed("totals")
    else:
        checks.failed("totals", "total-differs")


def check_sum(checks: Checklist, clr: Clr) -> None:
    """Check that the total is the sum of lines, and withdrawn ones count nothing: ``totals``."""
    lines = clr.statement.lines
    if any(ROUNDED in line.notes for line in lines):
        checks.unchecked("totals", "not-in-file")
        return
    try:
        withdrawn = total_of([line.counted for line in lines if line.status in WITHDRAWN])
        counted = total_of([line.counted for line in lines])
        is_right = not withdrawn and counted == total_of([clr.statement.total])
    except LedgerError as error:
        checks.failed_by("totals", error, "total-differs")
        return
    checks.settle("totals", "total-differs", () if is_right else [line.index for line in lines])


def _stated_record(line: StatementLine, proven: Proven) -> StatedRecord | None:
    one = proven.record(line.index)
    if one is None:
        return None
    order = None if line.related is None else proven.entries.get(line.related)
    is_revoked = line.status == "revoked"
    if is_revoked and order is None:
        return None
    return StatedRecord(
        one.entry,
        body_of(one),
        superseded_by=line.related if line.status == "superseded" else None,
        revoked_by=line.related if is_revoked else None,
        order=body_of(order) if is_revoked and order is not None else None,
    )


def check_same_dates(checks: Checklist, bundle: Bundle, clr: Clr, whole: Document) -> None:
    """Check that bundle, statement and proof tell one instant and date, else ``validity`` fails."""
    instant = format_instant(bundle.exported_at_ms)
    told = (clr.statement.issued_at, whole["proof"]["created"], clr.statement.on)
    if told != (instant, instant, bundle.on):
        checks.failed("validity", "dates-differ")


def _verdict(
    stated: Verdict,
    index: int,
    documents: dict[int, Document],
    proven: Proven,
    now_ms: int,
) -> Verdict:
    if stated in {"revoked", "replaced"}:
        return stated
    one = proven.record(index)
    if one is not None:
        found = _withdrawal(one, proven)
        if found is not None:
            return found
    if index in documents and has_expired(documents[index], now_ms):
        return "expired"
    return stated


def _withdrawal(one: BundledEntry, proven: Proven) -> Verdict | None:
    orders = proven.of_kind("revocation", "issuer-revocation")
    if _is_revoked(one, orders):
        return "revoked"
    for later in proven.of_kind("completion", "certificate"):
        # A correction that was itself revoked replaces nothing.
        if _corrects(later, one) and not _is_revoked(later, orders):
            return "replaced"
    return None


def _is_revoked(one: BundledEntry, orders: Sequence[BundledEntry]) -> bool:
    return any(_withdraws(order, one) for order in orders)


def _withdraws(order: BundledEntry, one: BundledEntry) -> bool:
    try:
        return is_withdrawn_by(one.entry, body_of(one), order.entry, body_of(order))
    except LedgerError:
        return False


def _corrects(later: BundledEntry, one: BundledEntry) -> bool:
    if later.entry.index <= one.entry.index or later.entry.issuer != one.entry.issuer:
        return False
    try:
        return superseded_index(later.entry.kind, body_of(later)) == one.entry.index
    except LedgerError:
        return False


def record_reports(clr: Clr, verdicts: dict[int, Verdict]) -> tuple[RecordReport, ...]:
    """Give the report of each line."""
    badges = {badge.claims.index: badge for _, badge in clr.members}
    reports = []
    for line in clr.statement.lines:
        facts: dict[str, object] = {"counted": line.counted, "notes": list(line.notes)}
        if line.related is not None:
            facts["related"] = line.related
        if line.index in badges:
            facts |= asdict(badges[line.index].claims)
        reports.append(RecordReport(line.index, verdicts[line.index], facts))
    return tuple(reports)
