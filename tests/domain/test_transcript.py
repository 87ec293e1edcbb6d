from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.schedule_terms import Cap, CreditSchedule, Expiry
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.domain.transcript import LedgerRecord, Transcript, expires_on, transcript
from ledger.errors import MalformedError, RefusedError
from tests.domain.specimens import (
    CARER,
    book,
    certificate,
    certificate_schedule,
    completion,
    recorded,
    schedule,
    taught,
)

ON = date(2024, 12, 31)


def reckoned(
    *records: LedgerRecord, rules: tuple[CreditSchedule, ...] = (EXAMPLE_SCHEDULE,), on: date = ON
) -> Transcript:
    return transcript("subject", records, book(*rules), on)


def theory(
    index: int, hours: int, day: date, rule: CreditSchedule, **changes: object
) -> LedgerRecord:
    command = completion(
        training_class=taught(f"ZJ{index}", day),
        hours={"theory": Fraction(hours)},
        certificate=None,
    )
    return recorded(index, command, rule, **changes)


def test_a_transcript_shows_what_was_recorded_and_what_counts() -> None:
    shown = reckoned(recorded(3, completion(), EXAMPLE_SCHEDULE))
    (line,) = shown.lines
    assert (shown.subject, shown.on, shown.total) == ("subject", ON, "7.0")
    assert (line.index, line.kind, line.status, line.counted) == (3, "completion", "active", "7.0")
    assert (line.notes, line.related) == ((), None)
    assert line.body["credit"]["granted"] == "7.0"


def test_nothing_recorded_gives_a_total_of_nothing() -> None:
    assert reckoned() == Transcript("subject", ON, (), "0")


def test_events_after_the_date_are_left_out() -> None:
    entry = recorded(3, completion(), EXAMPLE_SCHEDULE)
    assert reckoned(entry, on=date(2023, 6, 23)).lines == ()
    assert reckoned(entry, on=date(2023, 6, 24)).total == "7.0"


def test_vector_6_a_year_of_40_of_42_leaves_2_of_5_and_a_half() -> None:
    """Domain notes 2.5, vector 6: grant 2, overflow 3.5 per policy."""
    year = date(2023, 3, 1)
    for overflow, years in (("forfeit", 0), ("hold", 0), ("carry", 1)):
        cap = Cap("calendar_year", Fraction(42), overflow, years)
        rule = schedule(caps=(cap,), dedupe_key="none")
        records = [
            theory(0, 40 * 16, year, rule),
            theory(1, 88, date(2023, 9, 1), rule),
        ]
        at_year_end = reckoned(*records, rules=(rule,), on=date(2023, 12, 31))
        assert [line.counted for line in at_year_end.lines] == ["40.0", "2.0"]
        assert at_year_end.total == "42.0"
        outcome = {"forfeit": "forfeited", "hold": "held", "carry": "carried"}[overflow]
        assert at_year_end.lines[1].notes == ("cap-calendar-year", f"overflow-{outcome}")
        next_year = reckoned(*records, rules=(rule,), on=date(2024, 1, 1))
        assert next_year.total == ("45.5" if overflow == "carry" else "42.0")


def ladder(**withdrawal: object) -> Transcript:
    rule = certificate_schedule(
        {2: 12, 3: 20}, dedupe_key="occupation_level", dedupe="max_not_sum", subsumes=True
    )
    lower = recorded(0, certificate(level=2, issued=date(2022, 1, 1)), rule)
    higher = recorded(1, certificate(level=3, issued=date(2023, 1, 1)), rule, **withdrawal)
    return reckoned(lower, higher, rules=(rule,))


def test_vector_7_level_3_after_level_4_counts_the_maximum_and_not_the_sum() -> None:
    """Domain notes 2.5, vector 7: 20 after 12 is 20, not 32."""
    shown = ladder()
    assert shown.total == "20"
    assert [line.counted for line in shown.lines] == ["12", "8"]
    assert (shown.lines[1].notes, shown.lines[1].related) == (("max-not-sum",), 0)


@pytest.mark.parametrize("dedupe", ["best", "first"])
def test_when_the_higher_level_is_revoked_the_lower_counts_again(dedupe: str) -> None:
    rule = certificate_schedule(
        {2: 12, 3: 20}, dedupe_key="occupation_level", dedupe=dedupe, subsumes=True
    )
    lower = recorded(0, certificate(level=2, issued=date(2022, 1, 1)), rule)
    higher = recorded(1, certificate(level=3, issued=date(2023, 1, 1)), rule)
    both = reckoned(lower, higher, rules=(rule,))
    assert [line.counted for line in both.lines] == ["0", "20"]
    assert (both.lines[0].notes, both.lines[0].related) == (("subsumed",), 1)
    revoked = replace(higher, revoked_by=5, revocation_reason="exam-irregular")
    after = reckoned(lower, revoked, rules=(rule,))
    assert [line.counted for line in after.lines] == ["12", "0"]
    assert after.lines[1].status == "revoked"
    assert after.lines[1].notes == ("revoked", "exam-irregular")
    assert after.lines[1].related == 5
    assert ladder(revoked_by=5).total == "12"


def test_vector_8_one_award_where_a_class_stands_twice() -> None:
    """Domain notes 2.5, vector 8: even if a second entry got in, it counts once."""
    rule = schedule(dedupe_key="class_number")
    twice = [recorded(index, completion(), rule) for index in (0, 1)]
    shown = reckoned(*twice, rules=(rule,))
    assert shown.total == "7.0"
    assert (shown.lines[1].notes, shown.lines[1].related) == (("duplicate-award",), 0)


def test_vector_10_the_stored_version_stays_and_the_late_record_is_flagged() -> None:
    """Domain notes 2.5, vector 10: event 2023-12-31, recorded 2024-02-01, new rule from 2024."""
    old = schedule(late_after_days=30)
    new = schedule(version=2, effective_from=date(2024, 1, 1), quantum=Fraction(1))
    at = int(datetime(2024, 2, 1, 1, tzinfo=UTC).timestamp() * 1000)
    entry = theory(0, 24, date(2023, 12, 31), old, recorded_at_ms=at)
    shown = reckoned(entry, rules=(old, new))
    assert (shown.total, shown.lines[0].notes) == ("1.5", ("late-record",))


def test_a_superseded_record_is_shown_and_its_correction_counts() -> None:
    wrong = theory(0, 320, date(2023, 3, 1), EXAMPLE_SCHEDULE, superseded_by=1)
    right = theory(1, 32, date(2023, 3, 1), EXAMPLE_SCHEDULE)
    shown = reckoned(right, wrong)
    assert [(line.index, line.status, line.counted) for line in shown.lines] == [
        (0, "superseded", "0.0"),
        (1, "active", "2.0"),
    ]
    assert (shown.total, shown.lines[0].related) == ("2.0", 1)


def test_expiry_is_reckoned_at_the_date_of_the_query() -> None:
    """Domain notes 2.4: computed, not written. The month's end does not run over."""
    rule = schedule(expiry=Expiry("months", 1))
    entry = theory(0, 16, date(2023, 1, 31), rule)
    assert reckoned(entry, rules=(rule,), on=date(2023, 2, 27)).lines[0].status == "active"
    gone = reckoned(entry, rules=(rule,), on=date(2023, 2, 28))
    assert (gone.lines[0].status, gone.lines[0].notes, gone.total) == (
        "expired",
        ("expired",),
        "0.0",
    )
    kept = schedule(expiry=Expiry("months", 1, "still_counted"))
    shown = reckoned(theory(0, 16, date(2023, 1, 31), kept), rules=(kept,))
    assert (shown.lines[0].status, shown.total) == ("expired", "1.0")


def test_what_has_expired_does_not_displace_what_renewed_it() -> None:
    """特種作業操作證 run out and are taken again for the same occupation and level."""
    rule = schedule(expiry=Expiry("months", 72))
    old = theory(0, 32, date(2015, 1, 1), rule)
    new = theory(1, 16, date(2021, 5, 1), rule)
    assert reckoned(old, new, rules=(rule,)).total == "1.0"


def test_annual_credits_live_for_their_year_and_as_far_as_they_are_carried() -> None:
    """專業技術人員繼續教育: hours of the year; some places let the excess into the next."""
    cap = Cap("calendar_year", Fraction(90), "carry", 1)
    rule = schedule(expiry=Expiry("annual"), caps=(cap,), dedupe_key="none")
    entry = theory(0, 100 * 16, date(2022, 5, 1), rule)
    by_year = {
        year: reckoned(entry, rules=(rule,), on=date(year, 6, 1)) for year in (2022, 2023, 2024)
    }
    assert [shown.total for shown in by_year.values()] == ["90.0", "10.0", "0.0"]
    assert [shown.lines[0].status for shown in by_year.values()] == ["active", "active", "expired"]


def test_the_first_day_without_credit_is_known() -> None:
    day = date(2024, 2, 29)
    assert expires_on(EXAMPLE_SCHEDULE, day) is None
    assert expires_on(schedule(expiry=Expiry("annual")), day) == date(2025, 1, 1)
    assert expires_on(schedule(expiry=Expiry("months", 12)), day) == date(2025, 2, 28)
    assert expires_on(schedule(expiry=Expiry("months", 48)), day) == date(2028, 2, 29)


def test_what_is_rounded_at_the_statement_is_rounded_once() -> None:
    rule = schedule(round_at="statement", dedupe_key="none")
    thirds = [theory(index, 28, date(2023, 3, 1), rule) for index in range(2)]
    shown = reckoned(*thirds, rules=(rule,))
    assert [line.counted for line in shown.lines] == ["1.5", "1.5"]
    assert shown.total == "3.5"
    assert shown.lines[0].notes == ("rounded-in-total",)


def test_versions_with_other_quanta_add_up_at_the_finer_one() -> None:
    whole = schedule(version=2, quantum=Fraction(1), dedupe_key="none")
    half = schedule(dedupe_key="none")
    records = [theory(0, 24, date(2023, 3, 1), half), theory(1, 24, date(2023, 4, 1), whole)]
    shown = reckoned(*records, rules=(half, whole))
    assert [line.counted for line in shown.lines] == ["1.5", "1.0"]
    assert shown.total == "2.5"


def test_mixed_rules_that_leave_no_decimal_are_cut_and_not_refused() -> None:
    cap = (Cap("lifetime", Fraction(2)),)
    exact = schedule(round_at="statement", dedupe_key="none", caps=cap)
    plain = schedule(version=2, dedupe_key="none", caps=cap)
    records = [
        recorded(0, completion(hours={"practice": Fraction(32)}, training_class=taught()), exact),
        theory(1, 16, date(2023, 8, 1), plain),
    ]
    assert reckoned(*records, rules=(exact, plain)).total == "1.5"


def test_other_entries_and_repeated_ones_are_refused() -> None:
    entry = recorded(0, completion(), EXAMPLE_SCHEDULE)
    with pytest.raises(MalformedError, match="kind key"):
        reckoned(replace(entry, kind="key"))
    with pytest.raises(MalformedError, match="twice"):
        reckoned(entry, entry)
    with pytest.raises(RefusedError) as refused:
        reckoned(entry, rules=(schedule(version=2),))
    assert refused.value.code == "schedule-missing"


def test_persons_with_one_record_each_have_the_credits_of_their_rows() -> None:
    """rosters/README.md: the totals come out in the transcripts too."""
    for command in (completion(), completion(occupation=CARER), completion(level=4)):
        assert reckoned(recorded(0, command, EXAMPLE_SCHEDULE)).total == "7.0"


ROWS = st.lists(
    st.tuples(
        st.dates(date(2022, 1, 1), date(2024, 12, 31)),
        st.integers(1, 40),
        st.integers(1, 3),
        st.sampled_from(["active", "revoked", "superseded"]),
    ),
    max_size=7,
)
YEARLY = schedule(caps=(Cap("calendar_year", Fraction(10)), Cap("lifetime", Fraction(15))))


@given(ROWS, st.dates(date(2022, 1, 1), date(2025, 12, 31)), st.randoms())
def test_a_total_keeps_to_the_caps_and_to_the_lines_in_whatever_order_they_come(
    rows: list[tuple[Any, ...]], on: date, random: Random
) -> None:
    records = []
    for index, (day, credits_, level, status) in enumerate(rows):
        command = completion(
            training_class=taught(f"ZJ{index}", day),
            hours={"theory": Fraction(16 * credits_)},
            level=level,
        )
        withdrawn = {"revoked": {"revoked_by": 99}, "superseded": {"superseded_by": 98}}
        records.append(recorded(index, command, YEARLY, **withdrawn.get(status, {})))
    shown = reckoned(*records, rules=(YEARLY,), on=on)
    assert sum(Fraction(line.counted) for line in shown.lines) == Fraction(shown.total) <= 15
    assert all(line.counted == "0.0" for line in shown.lines if line.status != "active")
    assert len(shown.lines) == sum(1 for day, *_ in rows if day <= on)
    random.shuffle(records)
    assert reckoned(*records, rules=(YEARLY,), on=on) == shown
