import csv
import json
import math
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import credits as rules
from ledger.domain.body_reading import parse_completion
from ledger.domain.credits import (
    REASONS,
    Award,
    CertificateInputs,
    CompletionInputs,
    award,
    completion_inputs,
    earns_in_full,
    full_award,
    numbers_of,
    round_credit,
)
from ledger.domain.number_text import parse_scaled
from ledger.domain.records import RecordCompletion
from ledger.domain.schedule_reading import parse_schedule
from ledger.domain.schedule_terms import Cap, CreditSchedule, FixedCredit, PassRule
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.errors import MalformedError
from tests.domain.specimens import SKILL, body_of, completion, schedule
from tests.shared_data import shared


def hours(
    theory: int = 0, practice: int = 0, online: int = 0, **changes: object
) -> CompletionInputs:
    parts = (("theory", theory), ("practice", practice), ("online", online))
    taken = tuple((mode, Fraction(n)) for mode, n in parts if n)
    return replace(CompletionInputs(taken, level=1, passed=True), **changes)


FORTY_AND_EIGHTY = (("theory", Fraction(40)), ("practice", Fraction(80)))


@pytest.mark.parametrize(
    ("rounding", "quantum", "granted"),
    [("floor", "1/2", "5.5"), ("half_up", "1/2", "6.0"), ("half_up", "1", "6")],
)
def test_vector_1_forty_theory_and_eighty_practice_hours(
    rounding: str, quantum: str, granted: str
) -> None:
    """Domain notes 2.5, vector 1: 2.5 + 3.333... = 5.8333."""
    rule = schedule(rounding=rounding, quantum=Fraction(quantum))
    assert award(rule, hours(40, 80)) == Award(Fraction(35, 6), granted)


@pytest.mark.parametrize(("rounding", "granted"), [("floor", "4.5"), ("half_up", "5.0")])
def test_vector_2_just_enough_attendance_per_class(rounding: str, granted: str) -> None:
    """Domain notes 2.5, vector 2: 96 of 120 is 80.0 %, so 2.25 + 2.5 = 4.75 are earned."""
    outcome = award(schedule(rounding=rounding), hours(36, 60, planned=FORTY_AND_EIGHTY))
    assert outcome == Award(Fraction(19, 4), granted)


def test_vector_2_asked_of_each_mode_the_practice_falls_short() -> None:
    """Domain notes 2.5, vector 2: practice alone is 75 %, so only the theory earns."""
    rule = schedule(attendance_scope="mode")
    outcome = award(rule, hours(36, 60, planned=FORTY_AND_EIGHTY))
    assert outcome == Award(Fraction(9, 4), "2.0", ("attendance-in-part",))


def test_vector_3_too_little_attendance_earns_nothing() -> None:
    """Domain notes 2.5, vector 3: 95 of 120 is 79.17 %."""
    nothing = Award(Fraction(), "0.0", ("attendance",))
    assert award(EXAMPLE_SCHEDULE, hours(35, 60, planned=FORTY_AND_EIGHTY)) == nothing
    assert award(EXAMPLE_SCHEDULE, hours(40, 80, attendance=Fraction(95, 120))) == nothing


@pytest.mark.parametrize(("rounding", "granted"), [("half_up", "13"), ("half_even", "12")])
def test_vector_4_tenths_of_total_qualification_time(rounding: str, granted: str) -> None:
    """Domain notes 2.5, vector 4: TQT 125 / 10 = 12.5."""
    rule = schedule(
        hours_per_credit={"theory": Fraction(10)}, quantum=Fraction(1), rounding=rounding
    )
    assert award(rule, hours(125)) == Award(Fraction(25, 2), granted)


@pytest.mark.parametrize(("a_credit", "granted"), [(25, "4.8"), (30, "4.0")])
def test_vector_5_ects_by_25_and_by_30_hours(a_credit: int, granted: str) -> None:
    """Domain notes 2.5, vector 5: 120 h."""
    rule = schedule(hours_per_credit={"theory": Fraction(a_credit)}, quantum=Fraction(1, 10))
    assert award(rule, hours(120)).granted == granted


@pytest.mark.parametrize(
    "name", ["completions.csv", "completions_dirty.csv", "completions_dirty.xlsx"]
)
def test_the_rosters_earn_what_their_notes_say(name: str) -> None:
    """rosters/README.md: totals 407.5, 53 and 66, row by row."""
    expected = json.loads(shared("data/rosters/expected.json").read_text("utf-8"))[name]
    rows: list[dict[str, str]] = []
    if name == "completions.csv":
        with shared("data/rosters/completions.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    total = Fraction()
    for row in expected:
        if row["outcome"] != "accepted":
            continue
        fact = row["normalized"]
        attendance = None
        if rows:
            attendance = Fraction(rows[row["row"] - 1]["出勤率"].rstrip("%") or "100") / 100
        elif fact["passed"] and fact["credits"] == "0.0":
            # Without the row itself: this one is short of attendance or of hours.
            continue
        inputs = hours(
            fact["theory_hours"],
            fact["practice_hours"],
            fact["online_hours"],
            passed=fact["passed"],
            attendance=attendance,
        )
        granted = award(EXAMPLE_SCHEDULE, inputs).granted
        assert granted == fact["credits"], row
        total += parse_scaled(granted)
    sums = {
        "completions.csv": "407.5",
        "completions_dirty.csv": "53",
        "completions_dirty.xlsx": "66",
    }
    assert total == Fraction(sums[name])


MODES = {
    "floor": ROUND_FLOOR,
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "ceil": ROUND_CEILING,
}


@given(
    st.decimals(min_value=0, max_value=1000, places=3),
    st.sampled_from(sorted(MODES)),
    st.sampled_from(["1", "0.1", "0.01"]),
)
def test_rounding_agrees_with_decimal_arithmetic(value: Decimal, mode: str, step: str) -> None:
    rule = schedule(rounding=mode, quantum=Fraction(step))
    expected = value.quantize(Decimal(step), rounding=MODES[mode])
    assert round_credit(Fraction(value), rule) == Fraction(expected)


@given(
    st.fractions(0, 100, max_denominator=60),
    st.sampled_from(sorted(MODES)),
    st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(5)]),
)
def test_rounding_moves_less_than_a_quantum_to_a_whole_number_of_them(
    value: Fraction, mode: str, step: Fraction
) -> None:
    rounded = round_credit(value, schedule(rounding=mode, quantum=step))
    assert (rounded / step).denominator == 1
    assert abs(rounded - value) < step
    if "half" in mode:
        assert abs(rounded - value) <= step / 2


def test_a_session_is_rounded_by_itself_where_the_schedule_says_so() -> None:
    sessions = CompletionInputs(
        (("theory", Fraction(15)), ("theory", Fraction(15))), 1, passed=True
    )
    by_session = schedule(round_at="session")
    assert award(by_session, sessions) == Award(Fraction(15, 8), "1.0")
    assert award(EXAMPLE_SCHEDULE, sessions) == Award(Fraction(15, 8), "1.5")


def test_a_roster_row_without_attendance_counts_as_attended() -> None:
    assert award(EXAMPLE_SCHEDULE, hours(16, attendance=None)).granted == "1.0"
    assert award(EXAMPLE_SCHEDULE, hours(16, attendance=Fraction(4, 5))).granted == "1.0"


@pytest.mark.parametrize(
    ("rule", "passed", "scores", "reasons"),
    [
        (PassRule("result"), False, {}, ("not-passed",)),
        (PassRule("none"), False, {}, ()),
        (
            PassRule("each_part", Fraction(60)),
            True,
            {"theory": "72", "practice": "59.5"},
            ("not-passed",),
        ),
        (PassRule("each_part", Fraction(60)), True, {"theory": "60", "practice": "60"}, ()),
        (PassRule("each_part", Fraction(60)), True, {}, ("score-missing",)),
        (PassRule("total", Fraction(60)), True, {"overall": "60", "practice": "20"}, ()),
        (PassRule("total", Fraction(60)), True, {"theory": "90"}, ("score-missing",)),
        (PassRule("total", Fraction(60)), False, {"overall": "90"}, ("not-passed",)),
    ],
)
def test_an_examination_is_passed_as_the_schedule_says(
    rule: PassRule,
    passed: bool,  # noqa: FBT001 - a row of the table
    scores: dict[str, str],
    reasons: tuple[str, ...],
) -> None:
    outcome = award(
        schedule(pass_rule=rule), hours(16, passed=passed, scores=tuple(scores.items()))
    )
    assert outcome.reasons == reasons
    assert outcome.granted == ("0.0" if reasons else "1.0")


def test_all_reasons_are_given_together() -> None:
    outcome = award(EXAMPLE_SCHEDULE, hours(16, passed=False, attendance=Fraction(1, 2)))
    assert outcome.reasons == ("not-passed", "attendance")


def test_a_mode_without_a_rate_earns_nothing_and_says_so() -> None:
    inputs = CompletionInputs(
        (("theory", Fraction(16)), ("self_study", Fraction(99))), 1, passed=True
    )
    assert award(EXAMPLE_SCHEDULE, inputs) == Award(Fraction(1), "1.0", ("mode-not-rated",))


def test_hours_beyond_the_plan_earn_nothing() -> None:
    """Domain notes 4.2: credited hours are at most the session's."""
    outcome = award(EXAMPLE_SCHEDULE, hours(64, planned=(("theory", Fraction(32)),)))
    assert outcome == Award(Fraction(2), "2.0", ("over-planned",))


def test_online_hours_keep_to_their_share() -> None:
    """企業新型學徒制: online at most half of what is taught."""
    rule = schedule(caps=(Cap("mode_share", Fraction(1, 2), modes=("online",)),))
    assert award(rule, hours(16, 0, 48)) == Award(Fraction(2), "2.0", ("mode-share",))
    assert award(rule, hours(16, 0, 16)) == Award(Fraction(2), "2.0")


def test_one_record_earns_at_most_the_class_cap() -> None:
    rule = schedule(caps=(Cap("class", Fraction(3)),))
    assert award(rule, hours(160)) == Award(Fraction(3), "3.0", ("cap-class",))


def test_levels_may_weigh_differently() -> None:
    rule = schedule(level_weight={5: Fraction(3, 2)})
    assert award(rule, hours(32, level=5)).granted == "3.0"
    assert award(rule, hours(32, level=4)).granted == "2.0"


def test_a_certificate_earns_its_fixed_credit() -> None:
    rule = schedule(
        fixed_credit=(
            FixedCredit(SKILL, 3, Fraction(20)),
            FixedCredit(SKILL, None, Fraction(5)),
        )
    )
    assert award(rule, CertificateInputs(SKILL, 3)) == Award(Fraction(20), "20.0")
    assert award(rule, CertificateInputs(SKILL, 2)) == Award(Fraction(5), "5.0")
    nothing = Award(Fraction(), "0.0", ("no-fixed-credit",))
    assert award(rule, CertificateInputs("专项职业能力证书", 3)) == nothing


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": (("theory", Fraction(-1)),)},
        {"hours": (("magic", Fraction(1)),)},
        {"attendance": Fraction(11, 10)},
        {"attendance": Fraction(-1, 10)},
    ],
)
def test_impossible_inputs_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        award(EXAMPLE_SCHEDULE, hours(16, **wrong))


INPUTS = st.builds(
    completion,
    hours=st.dictionaries(
        st.sampled_from(["theory", "practice", "online", "self_study"]),
        st.fractions(0, 300, max_denominator=4),
    ),
    attendance=st.none() | st.fractions(0, 1, max_denominator=40),
    level=st.integers(0, 7),
)
RULES = st.builds(
    schedule,
    rounding=st.sampled_from(sorted(MODES)),
    round_at=st.sampled_from(["session", "class", "statement"]),
    quantum=st.sampled_from([Fraction(1), Fraction(1, 2)]),
    caps=st.sampled_from([(), (Cap("class", Fraction(3)),)]),
    level_weight=st.dictionaries(st.integers(0, 7), st.fractions(0, 2, max_denominator=3)),
)


@given(INPUTS, RULES)
def test_an_entrys_outcome_can_be_recomputed_from_what_it_stores(
    command: RecordCompletion, rule: CreditSchedule
) -> None:
    """Domain notes 2.4: the inputs, the schedule and the outcome stand in the entry."""
    stored = parse_completion(body_of(command, rule))
    published = parse_schedule(rule.to_json())
    inputs = completion_inputs(stored.hours, stored.level, stored.assessment, stored.attendance)
    rules._earned.cache_clear()
    again = award(published, inputs)
    credit = stored.credit
    assert (again.exact, again.granted, again.reasons) == (
        credit.exact,
        credit.granted,
        credit.reasons,
    )
    assert set(again.reasons) <= REASONS.keys()


@given(
    INPUTS,
    RULES,
    st.booleans(),
    st.sampled_from([None, Fraction(1, 2), Fraction(4, 5), Fraction(1)]),
    st.sampled_from(
        [
            PassRule("none"),
            PassRule("result"),
            PassRule("each_part", Fraction(60)),
            PassRule("total", Fraction(60)),
        ]
    ),
    st.sampled_from([{}, {"theory": "59"}, {"theory": "60", "practice": "80"}, {"overall": "80"}]),
)
def test_what_earns_in_full_earns_what_the_hours_do(
    command: RecordCompletion,
    rule: CreditSchedule,
    passed: bool,  # noqa: FBT001 - from hypothesis
    floor: Fraction | None,
    pass_rule: PassRule,
    scores: dict[str, str],
) -> None:
    """The short way for a whole class agrees with the long way for each row."""
    rule = replace(rule, min_attendance_ratio=floor, pass_rule=pass_rule)
    verdict = replace(command.assessment, passed=passed, scores=scores)
    long_way = award(
        rule, completion_inputs(command.hours, command.level, verdict, command.attendance)
    )
    if earns_in_full(rule, verdict, command.attendance):
        hours_alone = full_award(rule, numbers_of(command.hours.items()), command.level)
        assert long_way == hours_alone
    elif floor is not None and pass_rule.kind == "result":
        assert set(long_way.reasons) & {"not-passed", "attendance"}


@given(INPUTS)
def test_rounding_down_never_gives_more_than_the_hours_do(command: RecordCompletion) -> None:
    inputs = completion_inputs(command.hours, 1, command.assessment, command.attendance)
    outcome = award(EXAMPLE_SCHEDULE, inputs)
    assert 0 <= parse_scaled(outcome.granted) <= outcome.exact
    assert math.floor(outcome.exact * 2) == parse_scaled(outcome.granted) * 2
