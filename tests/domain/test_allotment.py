from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.allotment import NOTES, Claim, apply_caps, dedupe
from ledger.domain.schedule_terms import Cap, CreditSchedule, Expiry
from tests.domain.specimens import SCHOOL, schedule

YEAR_END = date(2029, 12, 31)


def claim(index: int, day: str, amount: float, rule: CreditSchedule, **changes: object) -> Claim:
    return Claim(
        **{
            "index": index,
            "issuer": SCHOOL,
            "event_on": date.fromisoformat(day),
            "occupation": "6-31-01-03",
            "level": 1,
            "class_number": f"ZJ{index}",
            "schedule": rule,
            "amount": Fraction(amount),
            **changes,
        }
    )


def granted(*claims: Claim, on: date = YEAR_END) -> list[Fraction]:
    apply_caps(claims, on)
    return [sum((amount for _, amount in each.portions), Fraction()) for each in claims]


def capped(per: str, maximum: int, overflow: str = "forfeit", **changes: object) -> CreditSchedule:
    cap = Cap(per, Fraction(maximum), overflow, changes.pop("carry_years", 0))
    return schedule(caps=(cap,), **changes)


INSIDE_AND_OUTSIDE = {
    "day": ("2023-03-01", "2023-03-01", "2023-03-02"),
    "week": ("2023-01-01", "2022-12-26", "2023-01-02"),
    "semester": ("2024-02-14", "2023-09-01", "2024-02-15"),
    "calendar_year": ("2023-01-01", "2023-12-31", "2024-01-01"),
}


@pytest.mark.parametrize("per", INSIDE_AND_OUTSIDE)
def test_a_bucket_is_full_for_its_period_and_no_longer(per: str) -> None:
    """The week is ISO's; before the year's first semester that of last year still runs."""
    rule = capped(per, 10, semester_starts=("02-15", "09-01"))
    one, two, three = INSIDE_AND_OUTSIDE[per]
    claims = [claim(0, one, 8, rule), claim(1, two, 8, rule), claim(2, three, 8, rule)]
    amounts = granted(*claims)
    assert sorted(amounts[:2]) == [2, 8]
    assert amounts[2] == 8
    assert {note for each in claims for note in each.notes} == {
        "cap-" + per.replace("_", "-"),
        "overflow-forfeited",
    }


def test_a_provider_cap_is_for_each_issuer() -> None:
    rule = capped("provider", 10)
    other = {"issuer": "org-" + "c" * 26}
    assert granted(
        claim(0, "2023-01-01", 8, rule),
        claim(1, "2024-01-01", 8, rule),
        claim(2, "2024-01-02", 8, rule, **other),
    ) == [8, 2, 8]


def test_caps_meet_records_by_event_day_and_then_by_index() -> None:
    """Domain notes 2.4: order = (event date, ledger position); the overflow is named."""
    rule = capped("lifetime", 10)
    late, early, same = (
        claim(1, "2023-05-02", 8, rule),
        claim(9, "2023-05-01", 8, rule),
        claim(8, "2023-05-01", 8, rule),
    )
    assert granted(late, early, same) == [0, 2, 8]
    assert same.notes == []
    assert early.notes == late.notes == ["cap-lifetime", "overflow-forfeited"]


def test_what_is_held_says_so() -> None:
    held = claim(1, "2023-05-01", 12, capped("lifetime", 10, "hold"))
    assert granted(held) == [10]
    assert held.notes == ["cap-lifetime", "overflow-held"]


def test_what_is_over_is_carried_into_the_next_years_and_no_further() -> None:
    rule = capped("calendar_year", 10, "carry", carry_years=2)
    assert granted(claim(0, "2023-05-01", 35, rule), on=date(2023, 12, 31)) == [10]
    assert granted(claim(0, "2023-05-01", 35, rule), on=date(2024, 1, 1)) == [20]
    whole = claim(0, "2023-05-01", 35, rule)
    assert granted(whole) == [30]
    assert whole.notes == ["cap-calendar-year", "overflow-carried", "overflow-forfeited"]
    assert [day.year for day, _ in whole.portions] == [2023, 2024, 2025]


def test_what_was_carried_over_goes_before_the_new_years_own_records() -> None:
    rule = capped("calendar_year", 10, "carry", carry_years=1)
    assert granted(claim(5, "2023-05-01", 14, rule), claim(2, "2024-01-01", 8, rule)) == [14, 8]
    own = claim(2, "2024-01-01", 8, rule)
    assert granted(claim(5, "2023-05-01", 14, rule), own, on=date(2024, 6, 1)) == [14, 6]


def test_a_new_versions_cap_counts_what_the_year_already_holds() -> None:
    old, new = schedule(), capped("calendar_year", 10, version=2)
    assert granted(claim(0, "2023-02-01", 8, old), claim(1, "2023-08-01", 8, new)) == [8, 2]


def test_the_tightest_cap_binds() -> None:
    rule = schedule(caps=(Cap("calendar_year", Fraction(10)), Cap("lifetime", Fraction(4))))
    one = claim(0, "2023-02-01", 8, rule)
    assert granted(one) == [4]
    assert one.notes == ["cap-lifetime", "overflow-forfeited"]


DAYS = st.dates(date(2022, 1, 1), date(2024, 12, 31)).map(date.isoformat)


@given(
    st.lists(st.tuples(DAYS, st.integers(0, 30), st.sampled_from("abc")), max_size=12),
    st.sampled_from(["day", "week", "semester", "calendar_year", "provider", "lifetime"]),
    st.integers(0, 40),
    st.sampled_from(["forfeit", "hold"]),
)
def test_no_bucket_ever_holds_more_than_its_cap(
    rows: list[tuple[Any, ...]], per: str, maximum: int, overflow: str
) -> None:
    rule = capped(per, maximum, overflow, semester_starts=("02-15", "09-01"))
    claims = [
        claim(i, day, amount, rule, issuer=issuer) for i, (day, amount, issuer) in enumerate(rows)
    ]
    amounts = granted(*claims)
    buckets: dict[object, Fraction] = {}
    for each, amount in zip(claims, amounts, strict=True):
        day = each.event_on
        spring, autumn = date(day.year, 2, 15), date(day.year, 9, 1)
        key = {
            "day": day,
            "week": day.isocalendar()[:2],
            "semester": (
                (day.year - (day < spring)),
                "spring" if spring <= day < autumn else "autumn",
            ),
            "calendar_year": day.year,
            "provider": each.issuer,
            "lifetime": 0,
        }[per]
        buckets[key] = buckets.get(key, Fraction()) + amount
        assert 0 <= amount <= each.amount
        assert (amount < each.amount) == bool(each.notes)
        assert set(each.notes) <= NOTES.keys()
    assert all(total <= maximum for total in buckets.values())


@given(
    st.lists(st.tuples(DAYS, st.integers(0, 30)), max_size=10),
    st.integers(1, 20),
    st.integers(1, 3),
)
def test_what_is_carried_over_keeps_to_the_cap_of_each_year(
    rows: list[tuple[Any, ...]], maximum: int, years: int
) -> None:
    rule = capped("calendar_year", maximum, "carry", carry_years=years)
    claims = [claim(index, day, amount, rule) for index, (day, amount) in enumerate(rows)]
    granted(*claims)
    by_year: dict[int, Fraction] = {}
    for each in claims:
        for day, amount in each.portions:
            by_year[day.year] = by_year.get(day.year, Fraction()) + amount
            assert 0 <= day.year - each.event_on.year <= years
    assert all(total <= maximum for total in by_year.values())


def amounts_after_dedupe(*claims: Claim) -> list[Fraction]:
    dedupe(claims)
    return [each.amount for each in claims]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("first", [4, 0, 0]), ("best", [0, 9, 0]), ("max_not_sum", [4, 5, 0])],
)
def test_one_achievement_counts_once(policy: str, expected: list[int]) -> None:
    rule = schedule(dedupe=policy)
    claims = [
        claim(3, "2023-01-01", 4, rule),
        claim(1, "2023-02-01", 9, rule),
        claim(2, "2023-03-01", 7, rule),
    ]
    assert amounts_after_dedupe(*claims) == expected
    assert claims[2].displaced_by == (3 if policy == "first" else 1)


@pytest.mark.parametrize(
    ("key", "kept"),
    [("occupation_level", 3), ("occupation", 2), ("class_number", 3), ("none", 4)],
)
def test_the_schedule_says_what_one_achievement_is(key: str, kept: int) -> None:
    rule = schedule(dedupe_key=key)
    claims = [
        claim(0, "2023-01-01", 5, rule),
        claim(1, "2023-01-02", 5, rule, level=2),
        claim(2, "2023-01-03", 5, rule, occupation="4-10-01-05"),
        claim(3, "2023-01-04", 5, rule, class_number="ZJ1"),
    ]
    assert sum(1 for amount in amounts_after_dedupe(*claims) if amount) == kept


def test_a_record_without_credit_displaces_nothing() -> None:
    rule = schedule(dedupe="first", subsumes=True)
    claims = [claim(0, "2023-01-01", 0, rule, level=5), claim(1, "2023-02-01", 5, rule)]
    assert amounts_after_dedupe(*claims) == [0, 5]


def test_a_higher_level_absorbs_the_lower_ones_of_its_occupation() -> None:
    rule = schedule(subsumes=True)
    claims = [
        claim(0, "2023-01-01", 12, rule, level=2),
        claim(1, "2023-02-01", 8, rule, level=3),
        claim(2, "2023-03-01", 6, rule, level=1, occupation="4-10-01-05"),
    ]
    assert amounts_after_dedupe(*claims) == [0, 8, 6]
    assert (claims[0].notes, claims[0].displaced_by) == (["subsumed"], 1)


def test_an_annual_schedule_asks_anew_each_year() -> None:
    rule = schedule(expiry=Expiry("annual"), subsumes=True)
    claims = [claim(0, "2022-01-01", 5, rule, level=3), claim(1, "2023-01-01", 5, rule)]
    assert amounts_after_dedupe(*claims) == [5, 5]


ROWS = st.lists(
    st.tuples(DAYS, st.integers(0, 20), st.integers(0, 3), st.sampled_from(["a", "b"])), max_size=8
)


@given(ROWS, st.sampled_from(["best", "max_not_sum"]), st.booleans(), st.randoms())
def test_without_caps_the_order_of_recording_does_not_change_the_total(
    rows: list[tuple[Any, ...]],
    policy: str,
    subsumes: bool,  # noqa: FBT001 - drawn
    random: Random,
) -> None:
    rule = schedule(dedupe=policy, subsumes=subsumes)

    def total(order: list[int]) -> Fraction:
        claims = [
            claim(index, day, amount, rule, level=level, occupation=occupation)
            for index, (day, amount, level, occupation) in zip(order, rows, strict=True)
        ]
        return sum(amounts_after_dedupe(*claims), Fraction())

    order = list(range(len(rows)))
    before = total(order)
    random.shuffle(order)
    assert total(order) == before


@given(ROWS, st.sampled_from(["best", "max_not_sum"]))
def test_the_total_is_the_sum_of_each_achievements_maximum(
    rows: list[tuple[Any, ...]], policy: str
) -> None:
    rule = schedule(dedupe=policy)
    best: dict[object, int] = {}
    for _, amount, level, occupation in rows:
        best[level, occupation] = max(best.get((level, occupation), 0), amount)
    claims = [
        claim(index, day, amount, rule, level=level, occupation=occupation)
        for index, (day, amount, level, occupation) in enumerate(rows)
    ]
    assert sum(amounts_after_dedupe(*claims), Fraction()) == sum(best.values())
