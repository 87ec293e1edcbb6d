from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.body_reading import parse_completion
from ledger.domain.decisions import (
    CODES,
    NOTICES,
    Accepted,
    Duplicate,
    ExistingRecord,
    RecordState,
    Refused,
)
from ledger.domain.organisations import Scope
from ledger.domain.records import Certificate, Person, RecordCertificate
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.errors import MalformedError
from tests.domain.specimens import (
    ELECTRICIAN,
    OTHER_SCHOOL,
    SCHOOL,
    SKILL,
    body_with,
    book,
    certificate,
    completion,
    decided,
    facts_of,
    organisation,
    schedule,
    taught,
)

TODAY = date(2023, 7, 25)


def state(**changes: object) -> RecordState:
    return RecordState(
        **{
            "organisation": organisation(),
            "book": book(EXAMPLE_SCHEDULE),
            "recorded_on": TODAY,
            **changes,
        }
    )


def existing(**changes: object) -> ExistingRecord:
    return ExistingRecord(**{"index": 4, "issuer": SCHOOL, "same_content": False, **changes})


def test_a_right_row_is_accepted_with_its_credit_and_a_readable_body() -> None:
    answer = decided(state(), completion())
    assert isinstance(answer, Accepted)
    assert answer.award.granted == "7.0"
    assert answer.notices == ()
    stored = parse_completion(body_with(completion(), answer.award, answer.schedule, None))
    assert stored.credit.granted == "7.0"
    assert answer.corrects is None


def test_a_certificate_is_accepted_by_the_schedule_of_its_day() -> None:
    new = schedule(version=2, effective_from=date(2023, 7, 22))
    answer = decided(state(book=book(EXAMPLE_SCHEDULE, new)), certificate())
    assert isinstance(answer, Accepted)
    assert answer.schedule.version == 2
    assert answer.award.reasons == ("no-fixed-credit",)


def test_vector_8_the_same_class_twice_gives_one_award_and_a_pointer() -> None:
    """Domain notes 2.5, vector 8: uploaded twice, or by two accounts."""
    for issuer in (SCHOOL, OTHER_SCHOOL):
        known = existing(issuer=issuer, same_content=True)
        assert decided(state(existing=known), completion()) == Duplicate(4)


def test_a_repeat_stays_a_repeat_when_the_issuer_has_been_suspended() -> None:
    closed = organisation(status="suspended")
    known = existing(same_content=True)
    answer = decided(state(organisation=closed, existing=known), completion())
    assert answer == Duplicate(4)


REFUSED: dict[str, tuple[str, int | None, dict[str, Any]]] = {
    "another name": ("id-name-conflict", None, {"name_on_file": "胡芳"}),
    "another name, though the record exists": (
        "id-name-conflict",
        None,
        {"name_on_file": "胡芳", "existing": existing(same_content=True)},
    ),
    "other values": ("record-differs", 4, {"existing": existing()}),
    "a correction of another's record": (
        "not-your-record",
        4,
        {"existing": existing(issuer=OTHER_SCHOOL), "correcting": True},
    ),
    "a repeat of what was revoked": (
        "already-revoked",
        4,
        {"existing": existing(same_content=True, revoked_by=SCHOOL)},
    ),
    "anew after the operator's revocation": (
        "already-revoked",
        4,
        {"existing": existing(revoked_by="ledger"), "correcting": True},
    ),
    "anew after another issuer's revocation": (
        "not-your-record",
        4,
        {"existing": existing(issuer=OTHER_SCHOOL, revoked_by=OTHER_SCHOOL), "correcting": True},
    ),
    "suspended issuer": (
        "issuer-inactive",
        None,
        {"organisation": organisation(status="suspended")},
    ),
    "no accreditation": ("issuer-scope", None, {"organisation": organisation(scope=())}),
    "accreditation for another level": (
        "issuer-scope",
        None,
        {
            "organisation": organisation(
                scope=(Scope(ELECTRICIAN.code, frozenset({2}), date(2020, 1, 1), None),)
            )
        },
    ),
    "accreditation that ends during the class": (
        "issuer-scope",
        None,
        {
            "organisation": organisation(
                scope=(Scope("*", frozenset({1}), date(2020, 1, 1), date(2023, 6, 23)),)
            )
        },
    ),
    "accreditation that begins during the class": (
        "issuer-scope",
        None,
        {"organisation": organisation(scope=(Scope("*", frozenset({1}), date(2023, 5, 5), None),))},
    ),
    "certificate number of another record": (
        "certificate-number-taken",
        9,
        {"certificate_holder": 9},
    ),
    "a class that has not ended": ("event-in-future", None, {"recorded_on": date(2023, 6, 23)}),
    "no schedule": ("schedule-missing", None, {"book": book()}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_row_is_refused_with_a_code_a_pointer_and_advice(why: str) -> None:
    code, index, changes = REFUSED[why]
    answer = decided(state(**changes), completion())
    assert isinstance(answer, Refused)
    assert (answer.code, answer.entry_index) == (code, index)
    assert code in CODES
    assert "expected" in answer.message
    for personal in ("胡芳", "330199199505192154", "S000033840776235000001"):
        assert personal not in answer.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("another name", "other values"),
        ("other values", "suspended issuer"),
        ("another name", "suspended issuer"),
        ("no accreditation", "a class that has not ended"),
        ("suspended issuer", "certificate number of another record"),
        ("a class that has not ended", "certificate number of another record"),
        ("certificate number of another record", "no schedule"),
    ],
)
def test_of_two_reasons_the_one_nearer_to_the_person_is_given(first: str, second: str) -> None:
    """So that a file that is sent again gets the answer that it got before."""
    changes = {**REFUSED[second][2], **REFUSED[first][2]}
    answer = decided(state(**changes), completion())
    assert isinstance(answer, Refused)
    assert answer.code == REFUSED[first][0]


def test_every_code_of_the_list_is_tried_above() -> None:
    assert {code for code, _, _ in REFUSED.values()} == set(CODES)


def test_a_malformed_fact_is_refused_before_any_rule_is_asked() -> None:
    with pytest.raises(MalformedError, match="unknown mode"):
        facts_of(completion(hours={"magic": Fraction(1)}))


def test_a_correction_names_the_entry_that_it_supersedes() -> None:
    corrected = completion(hours={"theory": Fraction(32)})
    answer = decided(state(existing=existing(), correcting=True), corrected)
    assert isinstance(answer, Accepted)
    assert (answer.corrects, answer.award.granted) == (4, "2.0")
    unchanged = state(existing=existing(same_content=True), correcting=True)
    assert decided(unchanged, completion()) == Duplicate(4)


def test_a_correction_may_keep_its_own_certificate_number() -> None:
    asked = state(existing=existing(), correcting=True, certificate_holder=4)
    assert isinstance(decided(asked, completion()), Accepted)
    without = completion(certificate=None)
    assert isinstance(decided(state(certificate_holder=9), without), Accepted)


def test_an_issuer_may_record_anew_what_it_revoked_if_it_says_so() -> None:
    """A repeat by accident must not undo a revocation; a deliberate new entry may."""
    known = existing(same_content=True, revoked_by=SCHOOL)
    answer = decided(state(existing=known, correcting=True), completion())
    assert isinstance(answer, Accepted)
    assert answer.corrects == 4
    assert answer.notices == ("replaces-revoked",)


def test_late_and_disordered_dates_are_accepted_with_a_notice() -> None:
    rule = schedule(late_after_days=20)
    early = completion(certificate=Certificate(SKILL, "S1", date(2023, 6, 24)))
    answer = decided(state(book=book(rule)), early)
    assert isinstance(answer, Accepted)
    assert answer.notices == ("late-record", "certificate-before-assessment")
    assert set(answer.notices) <= NOTICES.keys()
    unasked = decided(state(book=book(rule), recorded_on=None), completion())
    assert isinstance(unasked, Accepted)
    assert unasked.notices == ()


def test_vector_10_a_late_record_is_reckoned_by_its_events_day() -> None:
    """Domain notes 2.5, vector 10: event 2023-12-31, recorded 2024-02-01, new rule from 2024."""
    old = schedule(late_after_days=30)
    new = schedule(version=2, effective_from=date(2024, 1, 1), quantum=Fraction(1))
    asked = state(book=book(old, new), recorded_on=date(2024, 2, 1))
    answer = decided(asked, completion(training_class=taught(end=date(2023, 12, 31))))
    assert isinstance(answer, Accepted)
    assert answer.schedule.version == 1
    assert answer.notices == ("late-record",)


@given(st.sampled_from(["private-school", "public-school", "enterprise", "association"]), st.data())
def test_no_rule_reads_the_type_or_ownership_of_an_organisation(
    kind: str, data: st.DataObject
) -> None:
    """Policy, M10: 民辦 = 公辦 in 招生 and 補貼."""
    _, _, changes = REFUSED[data.draw(st.sampled_from(sorted(REFUSED)))]
    for change in (changes, {}):
        asked = state(**change)
        other = asked._replace(organisation=replace(asked.organisation, type=kind))
        assert decided(other, completion()) == decided(asked, completion())


@given(
    st.builds(
        RecordCertificate,
        st.just(Person("易海", "3")),
        st.just(certificate().certificate),
        st.just(ELECTRICIAN),
        st.integers(-2, 10),
    )
)
def test_a_known_level_is_accepted_and_another_is_malformed(command: RecordCertificate) -> None:
    if command.level in range(8):
        assert isinstance(decided(state(), command), Accepted)
        return
    with pytest.raises(MalformedError, match="level"):
        facts_of(command)
