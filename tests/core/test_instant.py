"""Instants have one text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.instant import INSTANT_MAX, format_instant, parse_instant
from ledger.errors import MalformedError


@given(st.integers(0, INSTANT_MAX))
def test_an_instant_comes_back_and_agrees_with_the_calendar(ms: int) -> None:
    text = format_instant(ms)
    assert parse_instant(text) == ms
    seconds, milli = divmod(ms, 1000)
    calendar = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert text == f"{calendar}.{milli:03}Z"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_334_400_123, "2026-11-22T08:00:00.123Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
        (INSTANT_MAX, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_known_instants_are_written_so(ms: int, text: str) -> None:
    assert format_instant(ms) == text
    assert parse_instant(text) == ms


@pytest.mark.parametrize("ms", [-1, INSTANT_MAX + 1])
def test_an_instant_without_a_four_digit_year_from_1970_is_refused(ms: int) -> None:
    with pytest.raises(MalformedError):
        format_instant(ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T08:00:00Z",
        "2026-11-22T08:00:00.12Z",
        "2026-11-22T08:00:00.1234Z",
        "2026-11-22T08:00:00.123",
        "2026-11-22T08:00:00.123z",
        "2026-11-22t08:00:00.123Z",
        "2026-11-22 08:00:00.123Z",
        "2026-11-22T08:00:00,123Z",
        "2026-11-22T08:00:00.123+00:00",
        "2026-11-22T08:00:00.123Z\n",
        " 2026-11-22T08:00:00.123Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-22T23:60:00.000Z",
        "2026-11-22T23:59:60.000Z",
        "2026-02-29T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "1969-12-31T23:59:59.999Z",
        "2026-W47-7T08:00:00.123Z",
        "2026-11-22T+8:00:00.123Z",
        "2026-11-22T 8:00:00.123Z",
        "2026-11-22T08:00:00.1_3Z",
        "2026-11-22T٠٨:00:00.123Z",
        "２026-11-22T08:00:00.123Z",
    ],
)
def test_another_spelling_of_an_instant_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_instant(text)
