"""Status and totals: what a transcript states, against what its entries prove."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.core.instant import format_instant
from ledger.credentials.jsonld import encode_json
from ledger.domain.withdrawals import (
    RevokeIssuer,
    RevokeRecord,
    issuer_revocation_body,
    revocation_body,
)
from ledger.verify import Report, verify
from tests.verify.ledger_fixture import (
    ELECTRICIAN,
    EXPORTED_MS,
    MANAGER,
    NOW_MS,
    SCHOOL,
    TRUST,
    SmallLedger,
    check,
    completion,
    line,
    only_failure,
    small_ledger,
    transcript,
    with_credential,
)

REVOKED = ("revoked", "entered-in-error")


def report_of(
    ledger: SmallLedger, *lines: object, total: str | None = None, **changes: object
) -> Report:
    members = [ledger.badge(one.index) for one in lines if one.status in {"active", "expired"}]
    statement = replace(ledger.statement(*lines, total=total), **changes)
    return check(ledger.bundle(transcript(statement, members)))


def verdicts(report: Report) -> dict[int, str]:
    return {one.index: one.verdict for one in report.records}


def test_a_revoked_line_is_marked_and_the_transcript_stays_valid() -> None:
    ledger = small_ledger(completion(), completion(ELECTRICIAN))
    ledger.append("revocation", SCHOOL, revocation_body(RevokeRecord(4, "entered-in-error")))
    report = report_of(ledger, line(4, "0.0", "revoked", related=6, notes=REVOKED), line(5))
    assert report.verdict == "valid"
    assert verdicts(report) == {4: "revoked", 5: "valid"}
    assert report.records[0].facts == {"counted": "0.0", "notes": list(REVOKED), "related": 6}


def test_a_superseded_line_is_marked_replaced() -> None:
    ledger = small_ledger(completion(), completion(corrects=4))
    report = report_of(
        ledger, line(4, "0.0", "superseded", related=5, notes=("superseded",)), line(5)
    )
    assert report.verdict == "valid"
    assert verdicts(report) == {4: "replaced", 5: "valid"}


@pytest.mark.parametrize("issuer", [SCHOOL, "ledger"])
def test_a_record_that_the_bundle_proves_revoked_is_revoked_whatever_is_stated(issuer: str) -> None:
    ledger = small_ledger()
    ledger.append("revocation", issuer, revocation_body(RevokeRecord(4, "entered-in-error")))
    report = report_of(ledger, line(4))
    assert only_failure(report) == ("status", "revoked", "revoked")
    assert report.check("status").entries == (4,)
    assert verdicts(report) == {4: "revoked"}


def test_a_record_of_a_revoked_issuer_is_revoked() -> None:
    ledger = small_ledger()
    order = RevokeIssuer(SCHOOL, date(2023, 1, 1), date(2023, 12, 31), "issuer-misconduct")
    ledger.append("issuer-revocation", "ledger", issuer_revocation_body(order))
    assert only_failure(report_of(ledger, line(4))) == ("status", "revoked", "revoked")


def test_another_school_cannot_revoke() -> None:
    ledger = small_ledger()
    body = revocation_body(RevokeRecord(4, "entered-in-error"))
    ledger.append("revocation", "org-" + "b" * 26, body)
    assert report_of(ledger, line(4)).verdict == "valid"


def test_a_record_that_the_bundle_proves_corrected_is_replaced() -> None:
    ledger = small_ledger(completion(), completion(corrects=4))
    bundle = ledger.bundle(transcript(ledger.statement(line(4)), [ledger.badge(4)]))
    report = check(bundle)
    assert only_failure(report) == ("status", "replaced", "replaced")
    assert verdicts(report) == {4: "replaced"}


def test_another_school_cannot_replace_a_record() -> None:
    ledger = small_ledger()
    ledger.append("completion", "org-" + "b" * 26, completion(corrects=4))
    assert report_of(ledger, line(4)).verdict == "valid"


def test_a_correction_that_was_itself_revoked_replaces_nothing() -> None:
    ledger = small_ledger(completion(), completion(corrects=4))
    ledger.append("revocation", SCHOOL, revocation_body(RevokeRecord(5, "entered-in-error")))
    report = report_of(ledger, line(4), line(5, "0.0", "revoked", related=6, notes=REVOKED))
    assert verdicts(report) == {4: "valid", 5: "revoked"}


def test_one_expired_record_marks_its_line_and_all_expired_the_transcript() -> None:
    ledger = small_ledger(completion(), completion(ELECTRICIAN))
    ended = ledger.badge(4, valid_until="2026-01-01T00:00:00+08:00")
    statement = ledger.statement(line(4), line(5))
    mixed = check(ledger.bundle(transcript(statement, [ended, ledger.badge(5)])))
    assert mixed.verdict == "valid"
    assert verdicts(mixed) == {4: "expired", 5: "valid"}
    alone = check(ledger.bundle(transcript(ledger.statement(line(4)), [ended])))
    assert only_failure(alone) == ("status", "expired", "expired")


def test_a_revocation_that_is_stated_but_not_in_the_bundle_leaves_the_total_unchecked() -> None:
    ledger = small_ledger(completion(), completion(ELECTRICIAN))
    report = report_of(ledger, line(4, "0.0", "revoked", related=9, notes=REVOKED), line(5))
    assert report.verdict == "cannot-check"
    assert report.check("totals").reason == "entry-missing"
    assert verdicts(report)[4] == "revoked"


@pytest.mark.parametrize("total", ["8.0", "7.50", "15.0", "0.0", "x"])
def test_a_wrong_total_fails(total: str) -> None:
    report = report_of(small_ledger(), line(4), total=total)
    assert only_failure(report) == ("totals", "total-differs", "altered")


@pytest.mark.parametrize(
    "bad", [line(4, "8.0"), line(4, "7.5", notes=("late-record",)), line(4, "7.5", "expired")]
)
def test_a_line_that_the_rules_do_not_give_fails(bad: object) -> None:
    failed = {one.name for one in report_of(small_ledger(), bad).checks if one.result == "fail"}
    assert "totals" in failed


def test_the_same_achievement_counted_twice_fails() -> None:
    ledger = small_ledger(completion(MANAGER), completion(MANAGER))
    report = report_of(ledger, line(4), line(5))
    assert only_failure(report) == ("totals", "total-differs", "altered")


def test_of_a_partial_statement_the_sum_alone_is_checked() -> None:
    ledger = small_ledger(completion(), completion(ELECTRICIAN))
    assert report_of(ledger, line(5), partial=True).verdict == "valid"
    wrong = report_of(ledger, line(5), partial=True, total="8.0")
    assert only_failure(wrong) == ("totals", "total-differs", "altered")


def test_a_withdrawn_line_that_counts_fails_in_a_lone_transcript() -> None:
    ledger = small_ledger(completion(), completion(ELECTRICIAN))
    lines = (line(4, "7.5", "revoked", related=6), line(5))
    document = transcript(ledger.statement(*lines), [ledger.badge(5)])
    report = verify(encode_json(document), TRUST, NOW_MS)
    assert only_failure(report) == ("totals", "total-differs", "altered")


def test_lines_that_are_rounded_in_the_total_need_the_bundle() -> None:
    ledger = small_ledger()
    statement = ledger.statement(line(4, notes=("rounded-in-total",)), total="8.0")
    report = verify(encode_json(transcript(statement, [ledger.badge(4)])), TRUST, NOW_MS)
    assert report.check("totals").reason == "not-in-file"


@pytest.mark.parametrize(
    "changes", [{"on": "2026-11-21"}, {"issued_at": format_instant(EXPORTED_MS - 1)}]
)
def test_a_statement_with_other_dates_than_the_bundle_fails(changes: dict[str, str]) -> None:
    report = report_of(small_ledger(), line(4), **changes)
    assert only_failure(report) == ("validity", "dates-differ", "altered")


def test_a_bundle_with_another_instant_than_its_credential_fails() -> None:
    ledger = small_ledger()
    bundle = ledger.bundle(transcript(ledger.statement(line(4)), [ledger.badge(4)]))
    later = replace(bundle, exported_at_ms=EXPORTED_MS + 1)
    assert only_failure(check(later)) == ("validity", "dates-differ", "altered")
    other = with_credential(bundle, bundle.credential)
    assert check(other).verdict == "valid"
