from datetime import date
from fractions import Fraction

import pytest

from ledger.core.canonical import encode
from ledger.core.digest import sha256
from ledger.domain.schedule_reading import parse_schedule
from ledger.domain.schedules import EXAMPLE_SCHEDULE, ScheduleBook, schedule_hash
from ledger.errors import MalformedError, RefusedError
from tests.domain.specimens import book, schedule


def test_a_schedule_is_named_by_its_canonical_bytes() -> None:
    data = encode(EXAMPLE_SCHEDULE.to_json())
    assert schedule_hash(EXAMPLE_SCHEDULE) == sha256(data).hex()
    assert schedule_hash(schedule(rounding="ceil")) != schedule_hash(EXAMPLE_SCHEDULE)


def test_the_example_is_a_schedule_that_can_be_published() -> None:
    assert parse_schedule(EXAMPLE_SCHEDULE.to_json()) == EXAMPLE_SCHEDULE
    assert EXAMPLE_SCHEDULE.effective_from == date(2021, 3, 29)
    assert EXAMPLE_SCHEDULE.to_json()["hours_per_credit"] == {
        "theory": "16",
        "practice": "24",
        "online": "16",
    }
    assert EXAMPLE_SCHEDULE.to_json()["quantum"] == "0.5"


OLD = schedule(version=1, effective_from=date(2021, 1, 1))
NEW = schedule(version=2, effective_from=date(2024, 1, 1), supersedes=1)


def test_the_version_of_the_events_day_applies() -> None:
    """Domain notes 2.5, vector 10, first half: the event's date chooses, not the recording's."""
    both = book(OLD, NEW)
    assert both.for_event(date(2023, 12, 31), date(2024, 2, 1)) is OLD
    assert both.for_event(date(2024, 1, 1)) is NEW


def test_a_book_may_choose_by_the_day_of_recording() -> None:
    both = ScheduleBook((OLD, NEW), choose_by="recording")
    assert both.for_event(date(2023, 12, 31), date(2024, 2, 1)) is NEW
    with pytest.raises(RefusedError):
        both.for_event(date(2023, 12, 31))


def test_of_overlapping_versions_the_later_wins_whatever_their_order_in_the_book() -> None:
    twin = schedule(version=3, effective_from=date(2024, 1, 1), quantum=Fraction(1))
    for versions in ((OLD, NEW, twin), (twin, NEW, OLD)):
        assert book(*versions).for_event(date(2025, 1, 1)) is twin


def test_a_day_without_a_schedule_is_refused() -> None:
    ended = schedule(effective_to=date(2022, 1, 1))
    for empty in (book(), book(ended)):
        with pytest.raises(RefusedError, match="2023-01-01") as refused:
            empty.for_event(date(2023, 1, 1))
        assert refused.value.code == "schedule-missing"
    with pytest.raises(RefusedError) as refused:
        book(OLD).version("example", 2)
    assert refused.value.code == "schedule-missing"


def test_a_book_holds_each_version_once() -> None:
    with pytest.raises(MalformedError, match="twice"):
        book(OLD, schedule(version=1))
    with pytest.raises(MalformedError, match="choose_by"):
        ScheduleBook((), choose_by="luck")
