"""L11: a clock that is set back, that was ten years ahead, and the 29th of February.

Entries are in order by index, and their times never run backwards. A checkpoint bears no time, so
that none need be withheld while the clock is wrong.
"""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from ledger.core.entry import decode_entry
from ledger.core.instant import parse_instant
from ledger.domain.records import Assessment, RecordCompletion, TrainingClass
from ledger.services.auditing import audit
from ledger.services.context import Ledger, open_ledger
from ledger.services.exports import export_bundle
from ledger.services.proving import entry_bytes
from ledger.services.rosters import import_roster
from ledger.services.settings import Settings
from ledger.services.transcripts import read_transcript
from ledger.verify import verify
from tests.ledgers import (
    CARER,
    DAY_MS,
    TestClock,
    make_command,
    make_ledger,
    make_person,
    make_roster,
    post,
    post_one,
    school_of,
    subject_of,
    verify_whole,
)

HOUR_MS = DAY_MS // 24
TEN_YEARS_MS = 3_653 * DAY_MS


def started_anew(ledger: Ledger) -> Ledger:
    """Open the ledger as another process would."""
    return open_ledger(Settings(ledger.home), clock=ledger.clock)


def times(ledger: Ledger, size: int) -> list[int]:
    return [decode_entry(entry_bytes(ledger, index)).time_ms for index in range(size)]


def event_on(day: date, n: int) -> RecordCompletion:
    """Make a completion whose class and assessment end on a day."""
    training_class = TrainingClass("JL2028001", None, None, day.replace(day=1), day)
    return RecordCompletion(
        make_person(n), training_class, CARER, 1, {"theory": Fraction(40)}, Fraction(1),
        Assessment(day, passed=True, scores={}), None,
    )  # fmt: skip


def test_a_clock_set_back_an_hour_neither_stops_the_ledger_nor_turns_its_times(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    ledger = make_ledger(tmp_path, clock=clock)
    post(ledger, make_command(0))
    before = verify_whole(ledger).entries
    clock.pass_ms(-HOUR_MS)
    for n in range(1, 4):
        post(started_anew(ledger), make_command(n))
        report = verify_whole(ledger)
        assert report.ahead_ms >= HOUR_MS
    told = times(ledger, before + 3)
    assert told == sorted(told)
    assert told[before:] == [told[before - 1] + n for n in (1, 2, 3)]
    day = date(2026, 1, 15)
    bundle = export_bundle(ledger, subject_of(ledger, 1), day)
    # Whoever checks it has a clock of their own, which is right.
    right_ms = clock() + HOUR_MS + 1_000
    assert verify(bundle, ledger.keyring.published(), right_ms).verdict == "valid"
    clock.pass_ms(2 * HOUR_MS)
    post(ledger, make_command(9))
    assert verify_whole(ledger).ahead_ms == 0


def test_after_a_clock_ten_years_ahead_the_ledger_writes_on_and_shows_it(tmp_path: Path) -> None:
    clock = TestClock()
    ledger = make_ledger(tmp_path, clock=clock)
    clock.pass_ms(TEN_YEARS_MS)
    future = date(2030, 6, 1)
    assert post_one(ledger, event_on(future, 1)).outcome == "accepted"
    size = verify_whole(ledger).entries
    clock.pass_ms(-TEN_YEARS_MS)
    # What has not happened yet counts for nobody until it has.
    assert read_transcript(ledger, subject_of(ledger, 1), date(2026, 1, 15))["records"] == []
    assert len(read_transcript(ledger, subject_of(ledger, 1), future)["records"]) == 1
    assert post_one(started_anew(ledger), event_on(future, 2)).code == "event-in-future"
    assert post_one(started_anew(ledger), make_command(3)).outcome == "accepted"
    report = verify_whole(ledger)
    assert (report.entries, report.ahead_ms) == (size + 1, TEN_YEARS_MS + 1)
    told = times(ledger, size + 1)
    assert told == sorted(told)


@pytest.mark.parametrize("leap_day", [date(2028, 2, 29), date(2000, 2, 29)])
def test_the_29th_of_february_is_a_day_like_others(tmp_path: Path, leap_day: date) -> None:
    clock = TestClock(parse_instant("2028-02-29T02:00:00.000Z"))
    ledger = make_ledger(tmp_path, clock=clock)
    assert ledger.today() == date(2028, 2, 29)
    outcome = post_one(ledger, event_on(leap_day, 1))
    known = leap_day.year >= 2021  # the school's accreditation begins then
    assert outcome.outcome == ("accepted" if known else "rejected")
    if known:
        subject = subject_of(ledger, 1)
        for year in range(2028, 2045):
            for day in (date(year, 2, 28), date(year, 3, 1)):
                shown = read_transcript(ledger, subject, day)["records"]
                assert len(shown) == (day >= leap_day)
        bundle = export_bundle(ledger, subject, leap_day)
        assert verify(bundle, ledger.keyring.published(), clock()).verdict == "valid"
    assert audit(ledger).findings == []


def test_a_roster_may_name_the_29th_of_february_only_where_there_is_one(tmp_path: Path) -> None:
    clock = TestClock(parse_instant("2028-03-15T02:00:00.000Z"))
    ledger = make_ledger(tmp_path, clock=clock)
    for end, outcome in (("2028-02-29", "accepted"), ("2027-02-29", "rejected")):
        roster = make_roster(1, end=end).replace(b"2025-03-03", end[:4].encode() + b"-02-01")
        imported = import_roster(ledger, school_of(ledger), roster)
        assert imported.outcomes[outcome] == 1, imported
    verify_whole(ledger)
