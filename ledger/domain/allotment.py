"""Which credits of a person count together: one achievement once, and no bucket over its cap.

Two steps, both recomputed for each transcript and never written, so that a lower level counts again
when the higher one is revoked:

    1. dedupe: records with one key share their credits as the schedule says; a higher level of an
       occupation absorbs the lower ones where it says so
    2. caps: in order of (event date, index) each record gets what its buckets still have room for
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final, TypeAlias

from ledger.domain.schedule_terms import AWARD_CAPS, Cap, CreditSchedule

NOTES: Final = {
    "duplicate-award": "another record of the same achievement counts instead",
    "max-not-sum": "only what exceeds an earlier record of the same achievement counts",
    "subsumed": "a higher level of the occupation counts instead",
    "cap-day": "the day's credits are full",
    "cap-week": "the week's credits are full",
    "cap-semester": "the semester's credits are full",
    "cap-calendar-year": "the year's credits are full",
    "cap-provider": "the credits from this issuer are full",
    "cap-lifetime": "the lifetime's credits are full",
    "overflow-forfeited": "what was over the cap is lost",
    "overflow-held": "what was over the cap is held and counts when there is room",
    "overflow-carried": "what was over the cap is offered to a later year",
}
"""Why less counts than was granted. Codes are stable."""

Bucket: TypeAlias = tuple[object, ...]
_CapKind: TypeAlias = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class Claim:
    """One record that asks for credits, and what it gets.

    Attributes:
        index, issuer, event_on, occupation, level, class_number: Of the record. A certificate
            without a class has its own number for ``class_number``.
        schedule: The rule that awarded it.
        amount: Credits granted; after ``dedupe``, what is left of them.
        portions: After ``apply_caps``: the credits that count, each with its bucket date.
        notes: Codes of ``NOTES``.
        displaced_by: Index of the record that counts instead, or in part.
    """

    index: int
    issuer: str
    event_on: date
    occupation: str
    level: int
    class_number: str
    schedule: CreditSchedule
    amount: Fraction
    portions: list[tuple[date, Fraction]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    displaced_by: int | None = None

    @property
    def order(self) -> tuple[date, int]:
        """Where caps meet this claim."""
        return (self.event_on, self.index)

    def note(self, *codes: str) -> None:
        """Add notes, each once."""
        self.notes.extend(code for code in codes if code not in self.notes)


def dedupe(claims: Iterable[Claim]) -> None:
    """Let one achievement count once. Changes ``amount``, ``notes`` and ``displaced_by``.

    Each group follows the schedule of its latest record.
    """
    ordered = sorted((claim for claim in claims if claim.amount), key=lambda claim: claim.order)
    for group in _groups(ordered, _dedupe_key):
        if len(group) > 1:
            _DEDUPE[group[-1].schedule.dedupe](group)
    for group in _groups(ordered, lambda claim: (claim.occupation, _year(claim))):
        if group[-1].schedule.subsumes:
            _subsume(group)


def apply_caps(claims: Iterable[Claim], on: date) -> None:
    """Fill the buckets in order of (event date, index) and name the entries that overflow.

    What is carried over enters a later year on its first day, before that year's own records, and
    only if that day has come at ``on``. Fills ``portions`` and adds ``notes``.
    """
    # Years are negative, so that what was carried over goes before a record of the same day.
    waiting = [
        (claim.event_on, 0, claim.index, claim.amount, claim) for claim in claims if claim.amount
    ]
    kinds = _cap_kinds(entry[-1] for entry in waiting)
    used: dict[Bucket, Fraction] = {}
    zero = Fraction()
    heapq.heapify(waiting)
    while waiting:
        day, years, index, amount, claim = heapq.heappop(waiting)
        rooms = [
            (max(cap.maximum - used.get(_bucket(_kind(cap, claim), claim, day), zero), zero), cap)
            for cap in claim.schedule.caps
            if cap.per not in AWARD_CAPS
        ]
        room, tightest = min(rooms, key=lambda pair: pair[0], default=(amount, None))
        allowed = amount if amount <= room else _whole_quanta(room, claim.schedule)
        for kind in kinds:
            bucket = _bucket(kind, claim, day)
            used[bucket] = used.get(bucket, zero) + allowed
        if allowed:
            claim.portions.append((day, allowed))
        if tightest is not None and allowed < amount:
            claim.note("cap-" + tightest.per.replace("_", "-"))
            next_day = _overflow(claim, tightest, day, -years)
            if next_day is not None and next_day <= on:
                heapq.heappush(waiting, (next_day, years - 1, index, amount - allowed, claim))


def _whole_quanta(room: Fraction, schedule: CreditSchedule) -> Fraction:
    # Versions with other quanta may leave room for part of a step, and only the transcript's own
    # rounding gives such a part away.
    if schedule.round_at == "statement":
        return room
    return room // schedule.quantum * schedule.quantum


def _overflow(claim: Claim, cap: Cap, day: date, years: int) -> date | None:
    # Gives the day on which what was over is offered again.
    if cap.overflow == "carry" and years < cap.carry_years:
        claim.note("overflow-carried")
        return date(day.year + 1, 1, 1)
    claim.note("overflow-held" if cap.overflow == "hold" else "overflow-forfeited")
    return None


def _dedupe_key(claim: Claim) -> Bucket:
    schedule, year = claim.schedule, _year(claim)
    if schedule.subsumes and schedule.dedupe == "max_not_sum":
        return ("occupation", claim.occupation, year)
    keys: dict[str, Bucket] = {
        "occupation_level": (claim.occupation, claim.level),
        "occupation": (claim.occupation,),
        "class_number": (claim.class_number,),
        "none": (claim.index,),
    }
    return (schedule.dedupe_key, *keys[schedule.dedupe_key], year)


def _year(claim: Claim) -> int | None:
    # Credits that live for one year only are asked for anew each year.
    return claim.event_on.year if claim.schedule.expiry.kind == "annual" else None


def _groups(claims: Iterable[Claim], key: Callable[[Claim], Bucket]) -> Iterable[list[Claim]]:
    groups: dict[Bucket, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(key(claim), []).append(claim)
    return groups.values()


def _keep_first(group: Sequence[Claim]) -> None:
    _displace(group[1:], group[0], "duplicate-award")


def _keep_best(group: Sequence[Claim]) -> None:
    best = max(group, key=lambda claim: claim.amount)
    _displace([claim for claim in group if claim is not best], best, "duplicate-award")


def _keep_maximum(group: Sequence[Claim]) -> None:
    # Earlier credits stay where they fell, so that a later record does not move them to its year.
    best, holder = group[0].amount, group[0]
    for claim in group[1:]:
        before, claim.amount = claim.amount, max(claim.amount - best, Fraction())
        claim.note("max-not-sum")
        claim.displaced_by = holder.index
        if before > best:
            best, holder = before, claim


_DEDUPE: Final[dict[str, Callable[[Sequence[Claim]], None]]] = {
    "first": _keep_first,
    "best": _keep_best,
    "max_not_sum": _keep_maximum,
}


def _subsume(group: Sequence[Claim]) -> None:
    standing = [claim for claim in group if claim.amount]
    if not standing or group[-1].schedule.dedupe == "max_not_sum":
        return
    highest = max(standing, key=lambda claim: claim.level)
    _displace([claim for claim in standing if claim.level < highest.level], highest, "subsumed")


def _displace(claims: Iterable[Claim], by: Claim, code: str) -> None:
    for claim in claims:
        claim.amount = Fraction()
        claim.note(code)
        claim.displaced_by = by.index


def _cap_kinds(claims: Iterable[Claim]) -> set[_CapKind]:
    # A record fills the buckets of every cap in the transcript, also where its own schedule has
    # none, so that the cap of a new version counts what the year already holds.
    return {
        _kind(cap, claim)
        for claim in claims
        for cap in claim.schedule.caps
        if cap.per not in AWARD_CAPS
    }


def _kind(cap: Cap, claim: Claim) -> _CapKind:
    return (cap.per, claim.schedule.semester_starts if cap.per == "semester" else ())


_BUCKET_OF: Final[dict[str, Callable[[Claim, date], object]]] = {
    "day": lambda _, day: day,
    "week": lambda _, day: day.isocalendar()[:2],
    "calendar_year": lambda _, day: day.year,
    "provider": lambda claim, _: claim.issuer,
    "lifetime": lambda _, __: None,
}


def _bucket(kind: _CapKind, claim: Claim, day: date) -> Bucket:
    per, starts = kind
    if per == "semester":
        return (kind, _semester(starts, day))
    return (kind, _BUCKET_OF[per](claim, day))


def _semester(starts: tuple[str, ...], day: date) -> tuple[int, str]:
    begun = [start for start in starts if start <= day.isoformat()[5:]]
    # Before the year's first semester the last one of the year before still runs.
    return (day.year, begun[-1]) if begun else (day.year - 1, starts[-1])
