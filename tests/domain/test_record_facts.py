from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from string import ascii_lowercase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.canonical import decode, encode
from ledger.domain.record_facts import CONTENT_BYTES_MAX, FactsWriter, facts_of_body
from ledger.domain.records import Assessment, Certificate, Occupation, RecordCompletion
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.errors import MalformedError
from tests.domain.specimens import CARER, SKILL, body_of, certificate, completion, facts_of, taught

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
    assert facts_of(after).identity == facts_of(before).identity
    assert facts_of(after).content != facts_of(before).content


OTHERS = {
    "class": {"training_class": taught("ZJ20230009")},
    "occupation": {"occupation": CARER},
    "year": {"training_class": taught(end=date(2024, 6, 24))},
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_class_occupation_or_year_is_another_record(other: str) -> None:
    changed = completion(**OTHERS[other])
    assert facts_of(changed).identity != facts_of(completion(training_class=taught())).identity


def test_a_certificate_is_known_by_its_number() -> None:
    assert facts_of(certificate(n=1)).identity != facts_of(certificate(n=2)).identity
    moved = replace(certificate(), level=4)
    assert facts_of(moved).identity == facts_of(certificate()).identity
    assert facts_of(moved).content != facts_of(certificate()).content


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
    assert facts_of(spelled).content == facts_of(completion()).content


def test_a_certificates_facts_are_checked_before_they_are_written() -> None:
    wrong: list[dict[str, Any]] = [
        {"level": 8},
        {"occupation": Occupation("", "电工")},
        {"certificate": Certificate(SKILL, " 1", date(2023, 1, 1))},
        {"certificate": Certificate(SKILL, "1", date(2023, 1, 1), "")},
    ]
    for change in wrong:
        with pytest.raises(MalformedError):
            assert facts_of(replace(certificate(), **change))


@given(
    st.builds(
        completion,
        training_class=st.builds(
            taught, st.sampled_from(["ZJ1", "第8期", 'a"b']), end=st.dates(date(2023, 6, 1))
        ),
        hours=st.dictionaries(
            st.sampled_from(["theory", "online"]), st.fractions(0, 90, max_denominator=3)
        ),
        attendance=st.none() | st.fractions(0, 1, max_denominator=9),
        assessment=st.builds(
            Assessment,
            st.none() | st.dates(date(1900, 1, 1)),
            passed=st.booleans(),
            scores=st.dictionaries(
                st.from_regex(r"[a-z][a-z_]{0,5}", fullmatch=True),
                st.decimals(0, 100, places=1).map(str),
            ),
        ),
        certificate=st.none()
        | st.builds(
            Certificate,
            st.sampled_from([SKILL, 'a"b\\']),
            st.sampled_from(["S1", "浙\u2028a", 'x"\\y\x01z']),
            st.dates(),
            st.none() | st.just("评价机构"),
        ),
    )
)
def test_facts_joined_from_two_parts_are_the_canonical_bytes_of_the_whole(
    command: RecordCompletion,
) -> None:
    """RFC 8785: the members that a class shares sort behind those of one person."""
    content = facts_of(command).content
    assert encode(decode(content)) == content
    facts: Any = decode(content)
    stated = command.assessment
    assert facts["assessment"]["passed"] is stated.passed
    assert facts["assessment"]["on"] == (None if stated.on is None else stated.on.isoformat())
    assert {part: Fraction(score) for part, score in facts["assessment"]["scores"].items()} == {
        part: Fraction(score) for part, score in stated.scores.items()
    }
    shown = command.certificate
    assert facts["certificate"] == (
        None
        if shown is None
        else {
            "type": shown.type,
            "number": shown.number,
            "issued": shown.issued.isoformat(),
            "assessor": shown.assessor,
        }
    )


@pytest.mark.parametrize(("parts", "fits"), [(1_500, True), (2_000, False)])
def test_more_facts_than_a_body_can_hold_are_refused(parts: int, *, fits: bool) -> None:
    letters = ascii_lowercase
    names = [f"a_long_name_of_a_part_{x}{y}{z}" for x in letters for y in letters for z in letters]
    scores = dict.fromkeys(names[:parts], "100")
    command = completion(assessment=Assessment(None, passed=True, scores=scores))
    if fits:
        assert len(body_of(command, EXAMPLE_SCHEDULE)["facts"]["assessment"]["scores"]) == parts
        return
    with pytest.raises(MalformedError, match=f"expected at most {CONTENT_BYTES_MAX}"):
        facts_of(command)


def test_a_recorded_body_gives_the_facts_that_were_posted() -> None:
    for command in (completion(), completion(certificate=None), certificate()):
        recorded = facts_of_body(body_of(command, EXAMPLE_SCHEDULE))
        assert recorded == facts_of(command)._replace(hours=(), shared=b"")


def test_one_writer_gives_each_posting_the_facts_of_its_own_class() -> None:
    """A posting that is refused between two of one class is not taken for one of them either."""
    changed = [change(completion()) for change in CHANGES.values()]
    late = completion(training_class=replace(taught(), end=date(2020, 1, 1)))
    writer = FactsWriter()
    for command in (completion(), *changed, completion(), certificate(), *reversed(changed)):
        assert writer.facts_of(command) == facts_of(command)
        with pytest.raises(MalformedError, match="before the start"):
            writer.facts_of(late)
        assert writer.facts_of(replace(command, person=completion().person)) == facts_of(command)
