from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.canonical import decode, encode
from ledger.domain import schedule_terms as terms
from ledger.domain.schedule_reading import parse_schedule
from ledger.domain.schedule_terms import Cap, CreditSchedule, Expiry, FixedCredit, PassRule
from ledger.errors import MalformedError
from tests.domain.specimens import schedule

FULL = CreditSchedule(
    schedule_id="zhejiang-credit",
    version=2,
    effective_from=date(2024, 1, 1),
    effective_to=date(2026, 12, 31),
    place="3301",
    authority="示例主管部门",
    document_no="示例〔2024〕1号",
    supersedes=1,
    minutes_per_period=45,
    hours_per_credit={"theory": Fraction(16), "practice": Fraction(24)},
    week_equivalents={"internship": Fraction(24)},
    fixed_credit=(FixedCredit("职业技能等级证书", 3, Fraction(20)),),
    level_weight={5: Fraction(3, 2), 1: Fraction(1, 3)},
    quantum=Fraction(1, 2),
    rounding="half_even",
    round_at="statement",
    min_attendance_ratio=Fraction(4, 5),
    attendance_scope="mode",
    pass_rule=PassRule("each_part", Fraction(60)),
    caps=(
        Cap("calendar_year", Fraction(42), "carry", 2),
        Cap("mode_share", Fraction(1, 3), modes=("theory",)),
        Cap("semester", Fraction(24), "hold"),
    ),
    semester_starts=("02-15", "09-01"),
    dedupe_key="occupation_level",
    dedupe="max_not_sum",
    subsumes=True,
    expiry=Expiry("months", 36, "still_counted"),
    revocation_cascade=("conversion", "subsidy"),
    late_after_days=30,
)


def dict_form(**changes: object) -> dict[str, Any]:
    return {**FULL.to_json(), **changes}


def test_a_full_schedule_comes_back_from_its_canonical_bytes() -> None:
    data = encode(FULL.to_json())
    again = parse_schedule(decode(data))
    assert again == FULL
    assert encode(again.to_json()) == data


@given(
    st.builds(
        schedule,
        quantum=st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 10)]),
        rounding=st.sampled_from(terms.ROUNDINGS),
        round_at=st.sampled_from(terms.ROUND_AT),
        min_attendance_ratio=st.none() | st.fractions(0, 1, max_denominator=30),
        hours_per_credit=st.dictionaries(
            st.sampled_from(terms.MODES), st.fractions(1, 60, max_denominator=7)
        ),
        level_weight=st.dictionaries(
            st.sampled_from(terms.RANKS), st.fractions(0, 3, max_denominator=7)
        ),
        late_after_days=st.none() | st.integers(0, 400),
    )
)
def test_every_schedule_has_one_dict_form(made: CreditSchedule) -> None:
    assert parse_schedule(decode(encode(made.to_json()))) == made


CAP = {"per": "day", "maximum": "8", "overflow": "forfeit", "carry_years": 0, "modes": []}
WRONG = {
    "schedule_id": ["Example", "", "a--b", "x" * 65],
    "version": [0, "1", True, 1.0],
    "effective_from": ["2024-1-1", "20240101", None],
    "effective_to": ["2023-12-31"],
    "place": ["浙江", "33010", "3"],
    "authority": [""],
    "supersedes": [2, 3, 0],
    "minutes_per_period": [0, "45"],
    "hours_per_credit": [{"theory": 16}, {"theory": "16.0"}, {"theory": "0"}, {"magic": "16"}, []],
    "week_equivalents": [{"internship": "-24"}],
    "fixed_credit": [
        [{"certificate_type": "a", "level": 3, "credit": "1"}] * 2,
        [{"certificate_type": "a", "level": 8, "credit": "1"}],
        [{"certificate_type": "a", "level": 3}],
    ],
    "level_weight": [{"8": "1"}, {"1": 1}],
    "quantum": ["0", "1/3", 0.5, "0.50"],
    "rounding": ["down", None],
    "round_at": ["month"],
    "min_attendance_ratio": ["80", "1.1"],
    "attendance_scope": ["day"],
    "pass_rule": [
        {"kind": "total", "floor": None},
        {"kind": "result", "floor": "60"},
        {"kind": "luck", "floor": None},
    ],
    "caps": [
        [{**CAP, "per": "hour"}],
        [{**CAP, "overflow": "carry", "carry_years": 1}],
        [{**CAP, "carry_years": 1}],
        [{**CAP, "modes": ["theory"]}],
        [{**CAP, "maximum": "0.3"}],
        [{**CAP, "per": "class", "overflow": "hold"}],
        [{**CAP, "per": "mode_share", "maximum": "0.5"}],
        [{**CAP, "per": "mode_share", "maximum": "1", "modes": ["theory"]}],
        [{**CAP, "per": "calendar_year", "overflow": "carry"}],
    ],
    "semester_starts": [[], ["09-01", "02-15"], ["02-30"], ["2-15"], ["02-15", "02-15"]],
    "dedupe_key": ["luck", "occupation"],
    "dedupe": ["sum"],
    "subsumes": [1],
    "expiry": [
        {"kind": "months", "months": None, "on_expiry": "not_counted"},
        {"kind": "never", "months": 3, "on_expiry": "not_counted"},
        {"kind": "never", "months": None, "on_expiry": "hidden"},
    ],
    "revocation_cascade": [["credit"], ["subsidy", "subsidy"]],
    "late_after_days": [-1, "30"],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(MalformedError, match=rf"schedule\.{field}.*: found .+, expected .+"):
        parse_schedule(dict_form(**{field: value}))


def test_every_field_of_a_schedule_is_asked_for() -> None:
    assert WRONG.keys() | {"document_no"} == FULL.to_json().keys()
    for field in FULL.to_json():
        with pytest.raises(MalformedError, match=field):
            parse_schedule({key: v for key, v in FULL.to_json().items() if key != field})
