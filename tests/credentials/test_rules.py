from dataclasses import replace
from datetime import date

import pytest

from ledger.core.entry import Entry
from ledger.credentials.rules import (
    StatedRecord,
    is_credit_right,
    is_entitled,
    is_schedule_of,
    is_withdrawn_by,
    restated,
    superseded_index,
)
from ledger.domain.bodies import schedule_body
from ledger.domain.organisations import Scope
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.domain.withdrawals import (
    RevokeIssuer,
    RevokeRecord,
    issuer_revocation_body,
    revocation_body,
)
from ledger.errors import MalformedError, RefusedError
from tests.verify.ledger_fixture import (
    ELECTRICIAN,
    SCHOOL,
    certificate,
    completion,
    school,
    small_ledger,
)

LEDGER = small_ledger(completion(), certificate(), completion(ELECTRICIAN))
RECORD, BODY = LEDGER.entries[4], LEDGER.body(4)
SCHEDULE = schedule_body(EXAMPLE_SCHEDULE)


def test_an_organisation_is_entitled_within_its_scope_on_all_days_of_a_class() -> None:
    assert is_entitled(school(), "completion", BODY)
    late = school(scope=(Scope("*", frozenset({1}), date(2023, 5, 5), None),))
    other = school(scope=(Scope("6-31-01-03", frozenset({1}), date(2020, 1, 1), None),))
    higher = school(scope=(Scope("*", frozenset({2}), date(2020, 1, 1), None),))
    for refused in (late, other, higher, school(status="suspended"), school(scope=())):
        assert not is_entitled(refused, "completion", BODY)
    assert is_entitled(school(), "certificate", LEDGER.body(5))


def test_a_credit_is_right_if_the_schedule_gives_it_again() -> None:
    assert is_credit_right(SCHEDULE, "completion", BODY)
    assert is_credit_right(SCHEDULE, "certificate", LEDGER.body(5))
    for field, value in (
        ("granted", "8.0"),
        ("exact", "8"),
        ("reasons", ["attendance"]),
        ("version", 2),
        ("schedule_hash", "ab" * 32),
    ):
        wrong = {**BODY, "credit": {**BODY["credit"], field: value}}
        assert not is_credit_right(SCHEDULE, "completion", wrong)


def test_a_schedule_is_known_by_its_hash() -> None:
    assert is_schedule_of(SCHEDULE, "completion", BODY)
    other = schedule_body(replace(EXAMPLE_SCHEDULE, version=2))
    assert not is_schedule_of(other, "completion", BODY)


def entry(index: int, kind: str, issuer: str) -> Entry:
    return Entry(index, RECORD.time_ms, kind, issuer, bytes(32), bytes(32))


def test_a_record_is_withdrawn_by_its_issuer_or_the_operator_only() -> None:
    body = revocation_body(RevokeRecord(4, "entered-in-error"))
    assert is_withdrawn_by(RECORD, BODY, entry(9, "revocation", SCHOOL), body)
    assert is_withdrawn_by(RECORD, BODY, entry(9, "revocation", "ledger"), body)
    assert not is_withdrawn_by(RECORD, BODY, entry(9, "revocation", "org-" + "b" * 26), body)
    assert not is_withdrawn_by(RECORD, BODY, entry(3, "revocation", SCHOOL), body)
    other = revocation_body(RevokeRecord(6, "entered-in-error"))
    assert not is_withdrawn_by(RECORD, BODY, entry(9, "revocation", SCHOOL), other)
    assert not is_withdrawn_by(RECORD, BODY, entry(9, "completion", SCHOOL), body)


def test_an_issuer_revocation_takes_back_what_happened_in_its_period() -> None:
    def order(start: date, end: date, issuer: str = SCHOOL) -> dict[str, object]:
        return issuer_revocation_body(RevokeIssuer(issuer, start, end, "issuer-misconduct"))

    on = date(2023, 6, 24)
    by_ledger = entry(9, "issuer-revocation", "ledger")
    assert is_withdrawn_by(RECORD, BODY, by_ledger, order(on, on))
    assert not is_withdrawn_by(RECORD, BODY, by_ledger, order(date(2023, 6, 25), date(2024, 1, 1)))
    assert not is_withdrawn_by(RECORD, BODY, by_ledger, order(on, on, "org-" + "b" * 26))
    by_school = entry(9, "issuer-revocation", SCHOOL)
    assert not is_withdrawn_by(RECORD, BODY, by_school, order(on, on))


def test_a_correction_names_what_it_corrects() -> None:
    assert superseded_index("completion", BODY) is None
    assert superseded_index("completion", {**BODY, "corrects": 4}) == 4
    with pytest.raises(MalformedError):
        superseded_index("schedule", SCHEDULE)


def test_a_statement_is_reckoned_again_with_its_total() -> None:
    records = [StatedRecord(LEDGER.entries[index], LEDGER.body(index)) for index in (4, 6)]
    lines, total = restated(records, [SCHEDULE, SCHEDULE], "2026-11-22")
    assert lines == [(4, "active", "7.5", ()), (6, "active", "7.5", ())]
    assert total == "15.0"
    revoked = replace(
        records[0], revoked_by=9, order=revocation_body(RevokeRecord(4, "entered-in-error"))
    )
    lines, total = restated([revoked, records[1]], [SCHEDULE], "2026-11-22")
    assert lines[0] == (4, "revoked", "0.0", ("revoked", "entered-in-error"))
    assert total == "7.5"


def test_a_statement_without_its_schedule_or_date_cannot_be_reckoned() -> None:
    record = StatedRecord(RECORD, BODY)
    with pytest.raises(RefusedError):
        restated([record], [], "2026-11-22")
    with pytest.raises(MalformedError):
        restated([record], [SCHEDULE], "today")
