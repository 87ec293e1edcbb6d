"""Days as they are counted in China, where this ledger is kept.

Instants are milliseconds since 1970, UTC. A day in a rule, a record or a document is the day in
China, which lies eight hours ahead all year: ``2026-11-22T16:00:00Z`` is in 2026-11-23 there.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

OFFSET: Final = timedelta(hours=8)

MIDNIGHT: Final = "T00:00:00+08:00"
"""What makes an ISO date the instant at which that day begins in China."""

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def day_in_china(at_ms: int) -> date:
    """Give the day in China in which an instant lies.

    Args:
        at_ms: Milliseconds since 1970, UTC.
    """
    return (_EPOCH + timedelta(milliseconds=at_ms) + OFFSET).date()
