from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.canonical import decode, encode
from ledger.domain import bodies
from ledger.domain.credits import Award
from ledger.domain.records import Assessment, Certificate, Occupation, RecordCompletion
from ledger.domain.schedules import EXAMPLE_SCHEDULE, schedule_hash
from ledger.errors import MalformedError
from tests.domain.specimens import (
    CARER,
    SKILL,
    SUBJECT,
    body_of,
    certificate,
    completion,
    schedule,
    taught,
)

SEVEN = Award(Fraction(7), "7.0")


def test_a_completions_body_has_the_shape_of_the_architecture_page() -> None:
    """docs/architecture.md, Bodies."""
    body = bodies.record_body(bodies.facts_of(completion()), SEVEN, EXAMPLE_SCHEDULE, None)
    assert body == {
        "v": 1,
        "corrects": None,
        "class": {
            "number": "ZJ20230008",
            "name": "电工初级工第8期",
            "training_type": "岗前培训",
            "start": "2023-05-04",
            "end": "2023-06-24",
        },
        "occupation": {"code": "6-31-01-03", "name": "电工"},
        "level": 1,
        "hours": {"online": "16", "practice": "72", "theory": "48"},
        "attendance": "0.86",
        "assessment": {
            "on": "2023-06-25",
            "passed": True,
            "scores": {"practice": "83", "theory": "72"},
        },
        "certificate": {
            "type": SKILL,
            "number": "S000033840776235000001",
            "issued": "2023-07-22",
        },
        "credit": {
            "schedule": "example",
            "version": 1,
            "schedule_hash": schedule_hash(EXAMPLE_SCHEDULE),
            "exact": "7",
            "granted": "7.0",
            "reasons": [],
        },
    }


def test_a_certificates_body_has_the_shape_of_the_architecture_page() -> None:
    body = bodies.record_body(bodies.facts_of(certificate()), SEVEN, EXAMPLE_SCHEDULE, 4)
    assert set(body) == {"v", "corrects", "certificate", "occupation", "level", "credit"}
    assert set(body["certificate"]) == {"type", "number", "issued", "assessor"}
    assert body["corrects"] == 4


def test_no_body_holds_anything_of_the_person() -> None:
    """docs/architecture.md: no name, ID number or phone stands in any body."""
    for command in (completion(), certificate()):
        for data in (
            encode(body_of(command, EXAMPLE_SCHEDULE)),
            bodies.identity_of(bodies.facts_of(command)),
            encode(bodies.facts_of(command)),
        ):
            assert command.person.name.encode() not in data
            assert command.person.id_number.encode() not in data


def test_a_schedules_body_is_the_schedule() -> None:
    body = bodies.schedule_body(EXAMPLE_SCHEDULE)
    assert bodies.parse_schedule_body(decode(encode(body))) == EXAMPLE_SCHEDULE


CHANGES: dict[str, Callable[[RecordCompletion], RecordCompletion]] = {
    "hours": lambda c: replace(c, hours={"theory": Fraction(40)}),
    "attendance": lambda c: replace(c, attendance=None),
    "verdict": lambda c: replace(c, assessment=replace(c.assessment, passed=False)),
    "scores": lambda c: replace(c, assessment=replace(c.assessment, scores={"theory": "73"})),
    "examination day": lambda c: replace(c, assessment=replace(c.assessment, on=None)),
    "level": lambda c: replace(c, level=2),
    "last day": lambda c: replace(
        c, training_class=replace(c.training_class, end=date(2023, 6, 30))
    ),
    "class name": lambda c: replace(c, training_class=replace(c.training_class, name=None)),
    "certificate": lambda c: replace(c, certificate=None),
    "occupation name": lambda c: replace(c, occupation=Occupation("6-31-01-03", "维修电工")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_resent_row_with_other_values_is_the_same_record_with_other_content(change: str) -> None:
    """Domain notes 5.3, last row: corrections become correction events."""
    before, after = completion(), CHANGES[change](completion())
    assert bodies.identity_of(bodies.facts_of(after)) == bodies.identity_of(bodies.facts_of(before))
    assert encode(bodies.facts_of(after)) != encode(bodies.facts_of(before))


OTHERS = {
    "class": {"training_class": taught("ZJ20230009")},
    "occupation": {"occupation": CARER},
    "year": {"training_class": taught(end=date(2024, 6, 24))},
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_class_occupation_or_year_is_another_record(other: str) -> None:
    changed = completion(**OTHERS[other])
    assert bodies.identity_of(bodies.facts_of(changed)) != bodies.identity_of(
        bodies.facts_of(completion(training_class=taught()))
    )


def test_a_certificate_is_known_by_its_number() -> None:
    assert bodies.identity_of(bodies.facts_of(certificate(n=1))) != bodies.identity_of(
        bodies.facts_of(certificate(n=2))
    )
    moved = replace(certificate(), level=4)
    assert bodies.identity_of(bodies.facts_of(moved)) == bodies.identity_of(
        bodies.facts_of(certificate())
    )
    assert encode(bodies.facts_of(moved)) != encode(bodies.facts_of(certificate()))


def test_two_spellings_of_one_fact_have_one_content() -> None:
    spelled = completion(
        hours={
            "theory": Fraction("48.0"),
            "practice": Fraction(144, 2),
            "online": Fraction(16),
            "self_study": Fraction(0),
        },
        assessment=Assessment(
            date(2023, 6, 25), passed=True, scores={"practice": "83.0", "theory": "072"}
        ),
    )
    assert encode(bodies.facts_of(spelled)) == encode(bodies.facts_of(completion()))


TEXTS = st.sampled_from(["", " ", "a ", "电工", "a" * 501, "ZJ1"])
SCORES = st.dictionaries(
    st.sampled_from(["theory", "Theory", "x y"]), st.sampled_from(["72", "72.0", "-1", "", "1/2"])
)


@given(
    st.builds(
        completion,
        training_class=st.builds(
            lambda number, name, end: replace(taught(number), name=name, end=end),
            TEXTS,
            st.none() | TEXTS,
            st.dates(date(2023, 6, 1), date(2023, 7, 30)),
        ),
        occupation=st.builds(Occupation, st.just("6-31-01-03"), TEXTS),
        level=st.integers(-1, 8),
        hours=st.dictionaries(
            st.sampled_from(["theory", "magic"]), st.fractions(-1, 90, max_denominator=3)
        ),
        attendance=st.none() | st.fractions(-1, 2, max_denominator=9),
        assessment=st.builds(Assessment, st.none(), st.booleans(), SCORES),
        certificate=st.none()
        | st.builds(Certificate, TEXTS, TEXTS, st.just(date(2023, 7, 1)), st.none()),
    )
)
def test_whatever_a_writer_lets_through_its_reader_takes(command: RecordCompletion) -> None:
    """What a reader refuses would be recorded and never readable again."""
    try:
        body = bodies.record_body(bodies.facts_of(command), SEVEN, EXAMPLE_SCHEDULE, 3)
    except MalformedError:
        return
    stored = bodies.parse_completion(decode(encode({**body, "subject": SUBJECT})))
    assert stored.training_class == command.training_class
    assert stored.hours == {mode: amount for mode, amount in command.hours.items() if amount}
    assert (stored.level, stored.attendance) == (command.level, command.attendance)
    assert stored.certificate == command.certificate
    assert (stored.corrects, stored.credit.exact, stored.credit.granted) == (3, 7, "7.0")


def test_a_certificates_facts_are_checked_before_they_are_written() -> None:
    wrong: list[dict[str, Any]] = [
        {"level": 8},
        {"occupation": Occupation("", "电工")},
        {"certificate": Certificate(SKILL, " 1", date(2023, 1, 1))},
        {"certificate": Certificate(SKILL, "1", date(2023, 1, 1), "")},
    ]
    for change in wrong:
        with pytest.raises(MalformedError):
            encode(bodies.facts_of(replace(certificate(), **change)))


def test_an_awards_rule_is_named_with_its_hash() -> None:
    rule = schedule(version=2, rounding="ceil")
    credit = bodies.record_body(bodies.facts_of(completion()), SEVEN, rule, None)["credit"]
    assert (credit["version"], credit["schedule_hash"]) == (2, schedule_hash(rule))
