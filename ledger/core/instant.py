"""Instants: milliseconds since 1970 in UTC, and their one text form.

    2026-11-22T08:00:00.123Z

Always UTC, always three digits of milliseconds (a profile of RFC 3339). No leap seconds.
"""

from datetime import date
from functools import lru_cache
from typing import Final

from ledger.errors import MalformedError

INSTANT_MAX: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z: the last instant with a four-digit year."""

_DAY_MS: Final = 86_400_000
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=64)
def _format_day(days: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + days).isoformat()


def format_instant(ms: int) -> str:
    """Write an instant, given in milliseconds since 1970, UTC.

    Raises:
        MalformedError: The instant lies before 1970 or after the year 9999.
    """
    if not 0 <= ms <= INSTANT_MAX:
        raise MalformedError("instant: expected the years 1970 to 9999")
    days, rest = divmod(ms, _DAY_MS)
    seconds, milli = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_format_day(days)}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"


def parse_instant(text: str) -> int:
    """Read an instant as milliseconds since 1970, UTC.

    Raises:
        MalformedError: The text is not exactly what ``format_instant`` writes.
    """
    try:
        days = date.fromisoformat(text[:10]).toordinal() - _EPOCH_ORDINAL
        seconds = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
        ms = days * _DAY_MS + seconds * 1000 + int(text[20:23])
        # int() also takes "+7", " 7" and Arabic digits, and 24:00 is midnight: one spelling only.
        if format_instant(ms) == text:
            return ms
    except ValueError:
        pass
    raise MalformedError("instant: expected a text such as 2026-11-22T08:00:00.123Z")
