from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.core.canonical import decode, encode
from ledger.domain import bodies
from ledger.domain.body_reading import parse_completion, parse_schedule_body
from ledger.domain.credits import Award
from ledger.domain.records import Assessment, Certificate, Occupation, RecordCompletion
from ledger.domain.schedule_terms import CreditSchedule
from ledger.domain.schedules import EXAMPLE_SCHEDULE, schedule_hash
from ledger.errors import MalformedError
from tests.domain.specimens import (
    SKILL,
    SUBJECT,
    body_of,
    body_with,
    certificate,
    completion,
    facts_of,
    schedule,
    taught,
)

SEVEN = Award(Fraction(7), "7.0")


def test_a_completions_body_has_the_shape_of_the_architecture_page() -> None:
    """docs/architecture.md, Bodies."""
    body = body_with(completion(), SEVEN, EXAMPLE_SCHEDULE, None)
    assert body == {
        "v": 1,
        "subject": SUBJECT,
        "corrects": None,
        "facts": {
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
                "assessor": None,
            },
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


def test_one_writer_gives_each_award_and_schedule_its_own_credit() -> None:
    """Awards that are made and dropped one by one may all have stood in one place of memory."""
    writer, content = bodies.RecordBodyWriter(), facts_of(completion()).content

    def credit(award: Award, rule: CreditSchedule) -> tuple[str, int]:
        before, behind = writer.around_subject(content, award, rule, None)
        body: Any = decode(before + behind)
        return body["credit"]["granted"], body["credit"]["version"]

    for units in (*range(50), *range(50)):
        assert credit(Award(Fraction(units), f"{units}.0"), EXAMPLE_SCHEDULE) == (f"{units}.0", 1)
    later = schedule(version=2)
    for rule in (EXAMPLE_SCHEDULE, later, EXAMPLE_SCHEDULE):
        assert credit(SEVEN, rule) == ("7.0", rule.version)


def test_a_certificates_body_has_the_shape_of_the_architecture_page() -> None:
    body = body_with(certificate(), SEVEN, EXAMPLE_SCHEDULE, 4)
    assert set(body) == {"v", "subject", "corrects", "credit", "facts"}
    assert set(body["facts"]) == {"certificate", "occupation", "level"}
    assert set(body["facts"]["certificate"]) == {"type", "number", "issued", "assessor"}
    assert body["corrects"] == 4


def test_no_body_holds_anything_of_the_person() -> None:
    """docs/architecture.md: no name, ID number or phone stands in any body."""
    for command in (completion(), certificate()):
        for data in (
            encode(body_of(command, EXAMPLE_SCHEDULE)),
            facts_of(command).identity,
            facts_of(command).content,
        ):
            assert command.person.name.encode() not in data
            assert command.person.id_number.encode() not in data


def test_a_schedules_body_is_the_schedule() -> None:
    body = bodies.schedule_body(EXAMPLE_SCHEDULE)
    assert parse_schedule_body(decode(encode(body))) == EXAMPLE_SCHEDULE


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
        body = body_with(command, SEVEN, EXAMPLE_SCHEDULE, 3)
    except MalformedError:
        return
    stored = parse_completion(body)
    assert bodies.ends_with_subject(encode(body), stored.subject)
    assert not bodies.ends_with_subject(encode(body), stored.subject[1:] + "x")
    assert stored.training_class == command.training_class
    assert stored.hours == {mode: amount for mode, amount in command.hours.items() if amount}
    assert (stored.level, stored.attendance) == (command.level, command.attendance)
    assert stored.certificate == command.certificate
    assert (stored.corrects, stored.credit.exact, stored.credit.granted) == (3, 7, "7.0")


def test_an_awards_rule_is_named_with_its_hash() -> None:
    rule = schedule(version=2, rounding="ceil")
    credit = body_with(completion(), SEVEN, rule, None)["credit"]
    assert (credit["version"], credit["schedule_hash"]) == (2, schedule_hash(rule))
