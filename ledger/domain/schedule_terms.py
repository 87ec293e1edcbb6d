"""What a credit schedule says, field by field.

The policy of 2021 asks for 技能學分 and gives no figure, so every figure is data: versioned, with a
first day and the document that ordered it.

An hour (課時) is a teaching period of ``minutes_per_period``. Levels are ranks: 0 學徒工,
1 五級/初級工 ... 5 一級/高級技師, 6 特級技師, 7 首席技師. ``ledger.domain.schedules`` is the door.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Final

from ledger.domain.number_text import format_decimal, format_number, scale_of

MODES: Final = (
    "theory", "practice", "integrated", "online", "online_live", "online_recorded", "internship",
    "apprenticeship_workplace", "self_study", "assessment",
)  # fmt: skip
"""How hours are taught or worked. ``online`` is for sources that do not tell live from recorded."""

RANKS: Final = range(8)
ROUNDINGS: Final = ("floor", "half_up", "half_even", "ceil")
ROUND_AT: Final = ("session", "class", "statement")
ATTENDANCE_SCOPES: Final = ("class", "mode")
PASS_RULES: Final = ("none", "result", "each_part", "total")
CAP_PERIODS: Final = (
    "class", "mode_share", "day", "week", "semester", "calendar_year", "provider", "lifetime",
)  # fmt: skip
AWARD_CAPS: Final = frozenset({"class", "mode_share"})
"""Caps that bind one record and are applied when it is awarded; the rest bind the transcript."""
OVERFLOWS: Final = ("forfeit", "hold", "carry")
DEDUPE_KEYS: Final = ("occupation_level", "occupation", "class_number", "none")
DEDUPES: Final = ("first", "best", "max_not_sum")
EXPIRIES: Final = ("never", "months", "annual")
ON_EXPIRY: Final = ("not_counted", "still_counted")
CASCADES: Final = ("conversion", "subsidy")


@dataclass(frozen=True, slots=True)
class Cap:
    """The most credits in one bucket.

    Attributes:
        per: The bucket: one record (``class``), a day, ISO week, semester or calendar year of the
            event date, one issuer (``provider``), a ``lifetime``; or ``mode_share``, the share
            that ``modes`` may have in the credits of one record.
        maximum: Credits, or for ``mode_share`` a share from 0 to below 1.
        overflow: ``forfeit`` loses what is over; ``hold`` shows it as held, so that it counts when
            its bucket has room again; ``carry`` offers it to the next ``carry_years`` years.
        carry_years: Years, for ``carry`` only, else 0.
        modes: For ``mode_share`` only.
    """

    per: str
    maximum: Fraction
    overflow: str = "forfeit"
    carry_years: int = 0
    modes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the dict form."""
        return {
            "per": self.per,
            "maximum": format_number(self.maximum),
            "overflow": self.overflow,
            "carry_years": self.carry_years,
            "modes": list(self.modes),
        }


@dataclass(frozen=True, slots=True)
class PassRule:
    """When an examination counts as passed.

    Attributes:
        kind: ``none`` needs no pass; ``result`` takes the issuer's 合格/不合格; ``each_part`` asks
            besides that every part's score, and ``total`` that the ``overall`` score, is at least
            ``floor``.
        floor: A score, for ``each_part`` and ``total`` only.
    """

    kind: str
    floor: Fraction | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the dict form."""
        return {"kind": self.kind, "floor": _number_or_none(self.floor)}


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long credits count.

    Attributes:
        kind: ``never``; ``months`` after the event date; ``annual``: only in their calendar year.
        months: For ``months`` only.
        on_expiry: ``not_counted`` shows an expired record without credits; ``still_counted`` shows
            it as expired and lets the credits count.
    """

    kind: str = "never"
    months: int | None = None
    on_expiry: str = "not_counted"

    def to_json(self) -> dict[str, Any]:
        """Give the dict form."""
        return {"kind": self.kind, "months": self.months, "on_expiry": self.on_expiry}


@dataclass(frozen=True, slots=True)
class FixedCredit:
    """Credits for a certificate of a type at a rank; ``level`` None means whatever its level."""

    certificate_type: str
    level: int | None
    credit: Fraction

    def to_json(self) -> dict[str, Any]:
        """Give the dict form."""
        return {
            "certificate_type": self.certificate_type,
            "level": self.level,
            "credit": format_number(self.credit),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSchedule:
    """One version of a credit rule.

    Attributes:
        schedule_id: Lower-case words joined by hyphens, the same for all versions.
        version: 1, 2, 3 ...
        effective_from: First event date it holds for.
        effective_to: Last one, or None while open.
        place: GB/T 2260 prefix of 2, 4 or 6 digits, or None.
        authority: Who issued the rule. document_no: under which number.
        supersedes: The version that this one replaces, or None.
        minutes_per_period: Length of one 課時.
        hours_per_credit: 課時 for one credit, by mode. A mode that is absent earns nothing.
        week_equivalents: 課時 that a week of a mode stands for.
        fixed_credit: Credits of certificates gained without a class.
        level_weight: Factor by rank on credits from hours; a rank that is absent has 1.
        quantum: The smallest step of a credit, such as 0.5.
        rounding: ``floor``, ``half_up``, ``half_even`` or ``ceil``, to the quantum.
        round_at: Where it is done, once: ``session``, ``class`` or ``statement``.
        min_attendance_ratio: Attended part, 0 to 1, below which nothing is earned, or None.
        attendance_scope: Whether that is asked of the ``class`` together or of each ``mode``.
        pass_rule: When an examination is passed.
        caps: Limits, the first named winning where two are equally tight.
        semester_starts: First days of the semesters as ``MM-DD``, ascending.
        dedupe_key: What makes two records the same achievement.
        dedupe: Of those, the ``first`` counts, the ``best``, or ``max_not_sum``: each later one
            adds only what it has more.
        subsumes: Whether a higher level of an occupation absorbs the lower ones.
        expiry: How long credits count.
        revocation_cascade: What falls with a revoked record besides its credits.
        late_after_days: Days from event to entry after which a record is flagged, or None.
    """

    schedule_id: str
    version: int
    effective_from: date
    effective_to: date | None = None
    place: str | None = None
    authority: str | None = None
    document_no: str | None = None
    supersedes: int | None = None
    minutes_per_period: int = 45
    hours_per_credit: Mapping[str, Fraction]
    week_equivalents: Mapping[str, Fraction] = field(default_factory=dict)
    fixed_credit: tuple[FixedCredit, ...] = ()
    level_weight: Mapping[int, Fraction] = field(default_factory=dict)
    quantum: Fraction
    rounding: str
    round_at: str = "class"
    min_attendance_ratio: Fraction | None = None
    attendance_scope: str = "class"
    pass_rule: PassRule
    caps: tuple[Cap, ...] = ()
    semester_starts: tuple[str, ...] = ()
    dedupe_key: str
    dedupe: str
    subsumes: bool = False
    expiry: Expiry = Expiry()
    revocation_cascade: tuple[str, ...] = ()
    late_after_days: int | None = None

    def __hash__(self) -> int:  # type: ignore[explicit-override]  # typing has it from 3.12 on
        """Hash by id and version: cheap on the award path, and mappings have no hash."""
        return hash((self.schedule_id, self.version))

    @property
    def scale(self) -> int:
        """Digits after the point of every credit under this schedule."""
        return scale_of(self.quantum)

    def holds_on(self, day: date) -> bool:
        """Tell whether this version is in force for an event of that day."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )

    def is_late(self, event_on: date, recorded_on: date) -> bool:
        """Tell whether an event was recorded later than this schedule expects."""
        limit = self.late_after_days
        return limit is not None and (recorded_on - event_on).days > limit

    def to_json(self) -> dict[str, Any]:
        """Give the one dict form: numbers as text, dates as ISO text, mappings with ASCII keys."""
        return {
            "schedule_id": self.schedule_id,
            "version": self.version,
            "effective_from": self.effective_from.isoformat(),
            "effective_to": self.effective_to and self.effective_to.isoformat(),
            "place": self.place,
            "authority": self.authority,
            "document_no": self.document_no,
            "supersedes": self.supersedes,
            "minutes_per_period": self.minutes_per_period,
            "hours_per_credit": _numbers(self.hours_per_credit),
            "week_equivalents": _numbers(self.week_equivalents),
            "fixed_credit": [each.to_json() for each in self.fixed_credit],
            "level_weight": _numbers(self.level_weight),
            "quantum": format_decimal(self.quantum),
            "rounding": self.rounding,
            "round_at": self.round_at,
            "min_attendance_ratio": _number_or_none(self.min_attendance_ratio),
            "attendance_scope": self.attendance_scope,
            "pass_rule": self.pass_rule.to_json(),
            "caps": [each.to_json() for each in self.caps],
            "semester_starts": list(self.semester_starts),
            "dedupe_key": self.dedupe_key,
            "dedupe": self.dedupe,
            "subsumes": self.subsumes,
            "expiry": self.expiry.to_json(),
            "revocation_cascade": list(self.revocation_cascade),
            "late_after_days": self.late_after_days,
        }


def _numbers(by_name: Mapping[Any, Fraction]) -> dict[str, str]:
    return {str(name): format_number(value) for name, value in by_name.items()}


def _number_or_none(value: Fraction | None) -> str | None:
    return None if value is None else format_number(value)
