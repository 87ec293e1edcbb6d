"""A day begins in China at 16:00 UTC of the day before."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.instant import parse_instant
from ledger.domain.china_time import MIDNIGHT, day_in_china


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-01-14T15:59:59.999Z", date(2026, 1, 14)),
        ("2026-01-14T16:00:00.000Z", date(2026, 1, 15)),
        ("2024-02-28T16:00:00.000Z", date(2024, 2, 29)),
        ("2026-12-31T16:00:00.000Z", date(2027, 1, 1)),
    ],
)
def test_the_day_turns_at_16_00_utc(instant: str, day: date) -> None:
    assert day_in_china(parse_instant(instant)) == day


@given(st.dates(date(1970, 1, 2), date(9999, 12, 30)))
def test_midnight_is_the_first_millisecond_of_its_day(day: date) -> None:
    begins = datetime.fromisoformat(day.isoformat() + MIDNIGHT)
    at_ms = (begins - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    assert day_in_china(at_ms) == day
    assert day_in_china(at_ms - 1) == day - timedelta(days=1)
