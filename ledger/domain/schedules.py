"""Credit schedules as data: naming one by a hash, choosing the version for a day.

A schedule is published as an entry, so its dict form is canonical JSON and its hash is SHA-256 of
those bytes. Each award stores schedule id, version and this hash: whoever has the entry and the
schedule can recompute the credit.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ledger.core.canonical import encode
from ledger.core.digest import sha256
from ledger.domain.schedule_terms import CreditSchedule, PassRule
from ledger.errors import MalformedError, RefusedError


@lru_cache(maxsize=256)
def schedule_hash(schedule: CreditSchedule) -> str:
    """Name a schedule by its content: hex SHA-256 of the canonical bytes of its dict form."""
    return sha256(encode(schedule.to_json())).hex()


@dataclass(frozen=True, slots=True)
class ScheduleBook:
    """All published versions of all schedules.

    Attributes:
        versions: In the order of publication.
        choose_by: Whether the day of the ``event`` or of its ``recording`` decides which version
            applies. The first is the rule; a place may order the second.
    """

    versions: tuple[CreditSchedule, ...]
    choose_by: str = "event"

    def __post_init__(self) -> None:
        if self.choose_by not in {"event", "recording"}:
            raise MalformedError("schedule book: expected choose_by to be event or recording")
        if len({(each.schedule_id, each.version) for each in self.versions}) < len(self.versions):
            raise MalformedError("schedule book: found one version of a schedule twice")

    def for_event(self, event_on: date, recorded_on: date | None = None) -> CreditSchedule:
        """Give the version that applies to an event.

        Where versions overlap, the one that took effect last applies; on one day, the higher.

        Raises:
            RefusedError: ``schedule-missing``: none is in force that day, or the book chooses by
                recording day and none was given.
        """
        day = event_on if self.choose_by == "event" else recorded_on
        chosen: CreditSchedule | None = None
        for each in self.versions:
            if day is not None and each.holds_on(day) and (chosen is None or _newer(each, chosen)):
                chosen = each
        if chosen is None:
            raise RefusedError(
                f"credit schedule: found none in force on {day}, expected one; publish a schedule"
                " for that day first",
                code="schedule-missing",
            )
        return chosen

    def version(self, schedule_id: str, version: int) -> CreditSchedule:
        """Give the version that an award names.

        Raises:
            RefusedError: ``schedule-missing``: the book does not have it.
        """
        for each in self.versions:
            if each.version == version and each.schedule_id == schedule_id:
                return each
        raise RefusedError(
            f"credit schedule: found no version {version} of {schedule_id!r} in the book",
            code="schedule-missing",
        )


def _newer(one: CreditSchedule, other: CreditSchedule) -> bool:
    return (one.effective_from, one.version) > (other.effective_from, other.version)


EXAMPLE_SCHEDULE: Final = CreditSchedule(
    schedule_id="example",
    version=1,
    effective_from=date(2021, 3, 29),
    hours_per_credit=MappingProxyType(
        {"theory": Fraction(16), "practice": Fraction(24), "online": Fraction(16)}
    ),
    quantum=Fraction(1, 2),
    rounding="floor",
    min_attendance_ratio=Fraction(4, 5),
    pass_rule=PassRule("result"),
    dedupe_key="occupation_level",
    dedupe="best",
)
"""The sample rule: theory and online 16, practice 24 課時 a credit, rounded down to half a credit
once per class; nothing if not passed or attended below 80 %. In force from the day of the policy
notice, 2021-03-29. No published rule of the province is known, so this is an example and says so.
It counts each occupation and level once, by its best record, as the notice pays none twice for it.
"""
