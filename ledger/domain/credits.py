"""Credits from hours and certificates, under one schedule.

Everything is an exact rational until it is rounded, once, where the schedule says: 80 practice
hours at 24 a credit are 10/3, which no decimal holds.

    40 theory at 16 + 80 practice at 24 = 35/6  ->  floor to 0.5: 5.5   half up to 0.5: 6.0
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, TypeAlias

from ledger.domain.number_text import format_at_scale, parse_decimal
from ledger.domain.records import Assessment
from ledger.domain.schedule_terms import MODES, CreditSchedule
from ledger.errors import MalformedError

Parts: TypeAlias = tuple[tuple[str, Fraction], ...]
"""Amounts by mode. A mode may stand more than once: then each is one session."""

REASONS: Final = {
    "not-passed": "the examination was not passed under the schedule's rule",
    "score-missing": "the schedule asks for a score that was not given",
    "attendance": "attended less than the schedule's minimum",
    "attendance-in-part": "attended less than the schedule's minimum in some modes",
    "mode-not-rated": "the schedule gives no credit for hours of some mode",
    "over-planned": "hours beyond the plan were not credited",
    "mode-share": "some modes had more than their share",
    "cap-class": "more than one record may earn",
    "no-fixed-credit": "the schedule gives no credit for this certificate",
}
"""Why an award is less than the hours alone would give. Codes are stable."""


Numbers: TypeAlias = tuple[tuple[str, int, int], ...]
"""Parts as mode, numerator, denominator: hashing fractions costs more than what is looked up."""


def numbers_of(parts: Iterable[tuple[str, Fraction]]) -> Numbers:
    """Give hours by mode as numbers."""
    return tuple([(mode, *hours.as_integer_ratio()) for mode, hours in parts])


def parts_of(numbers: Numbers) -> Parts:
    """Give numbers as hours by mode."""
    return tuple([(mode, Fraction(above, below)) for mode, above, below in numbers])


@dataclass(frozen=True, slots=True)
class CompletionInputs:
    """What a completed class gives a schedule to reckon with.

    Attributes:
        hours: Attended 課時 by mode, or the plan's where attendance is only known as a ratio.
        level: Rank.
        passed: The issuer's verdict. scores: Decimal texts by part.
        attendance: Attended share, 0 to 1; None counts as attended where ``planned`` is empty.
        planned: 課時 by mode as planned, where known; then attendance is reckoned from them.
    """

    hours: Parts
    level: int
    passed: bool
    scores: tuple[tuple[str, str], ...] = ()
    attendance: Fraction | None = None
    planned: Parts = ()


@dataclass(frozen=True, slots=True)
class CertificateInputs:
    """What a certificate gained without a class gives a schedule to reckon with."""

    certificate_type: str
    level: int


@dataclass(frozen=True, slots=True)
class Award:
    """An outcome: the exact credit, what is granted at the quantum's scale, and why it is less."""

    exact: Fraction
    granted: str
    reasons: tuple[str, ...] = ()

    def __hash__(self) -> int:  # type: ignore[explicit-override]  # typing has it from 3.12 on
        """Hash by a whole number: a fraction's own hash costs more than what is looked up."""
        return hash((self.exact.numerator, self.granted))


def completion_inputs(
    hours: Mapping[str, Fraction],
    level: int,
    assessment: Assessment,
    attendance: Fraction | None,
) -> CompletionInputs:
    """Gather the inputs from the facts that a command and a body both hold."""
    return CompletionInputs(
        tuple(hours.items()),
        level,
        assessment.passed,
        tuple(assessment.scores.items()),
        attendance,
    )


def award(schedule: CreditSchedule, inputs: CompletionInputs | CertificateInputs) -> Award:
    """Reckon the credit of one record, and nothing that depends on other records.

    Under ``round_at`` statement, ``granted`` is what this record gives alone; the transcript rounds
    the sum of ``exact``.

    Raises:
        MalformedError: Hours are negative, of an unknown mode, or attendance is outside 0 to 1.
    """
    if isinstance(inputs, CertificateInputs):
        return _award_certificate(schedule, inputs)
    _check_attendance(inputs.attendance)
    earned = _earned(schedule, numbers_of(inputs.hours), numbers_of(inputs.planned), inputs.level)
    reasons = _refusals(schedule, inputs)
    if reasons:
        return Award(Fraction(), format_at_scale(Fraction(), schedule.scale), tuple(reasons))
    return earned


def earns_in_full(
    schedule: CreditSchedule, assessment: Assessment, attendance: Fraction | None
) -> bool:
    """Tell whether nothing can stand against the credit of a completion.

    Its award is then ``full_award``; a property test holds that to ``award``. False as well where
    the schedule asks for scores, for which ``award`` has to look.
    """
    if not assessment.passed or schedule.pass_rule.floor is not None:
        return False
    return attendance is None or _attended(schedule, *attendance.as_integer_ratio())


def full_award(schedule: CreditSchedule, hours: Numbers, level: int) -> Award:
    """Reckon what hours at a level earn where nothing stands against it.

    Raises:
        MalformedError: Hours are negative or of an unknown mode.
    """
    return _earned(schedule, hours, (), level)


def _attended(schedule: CreditSchedule, above: int, below: int) -> bool:
    # Fractions compare at four times the price of their integers.
    floor = schedule.min_attendance_ratio
    if floor is None or above > below:
        return False
    floor_above, floor_below = floor.as_integer_ratio()
    return floor_above * below <= above * floor_below


# Everybody of a class has the same hours, so a class is reckoned once.
@lru_cache(maxsize=8192)
def _earned(schedule: CreditSchedule, attended: Numbers, plan: Numbers, level: int) -> Award:
    """Reckon what the hours earn, where nothing stands against it."""
    hours, planned = parts_of(attended), parts_of(plan)
    _check_hours((*hours, *planned))
    inputs = CompletionInputs(hours, level, passed=True, planned=planned)
    reasons: list[str] = []
    parts = _credited(schedule, inputs, reasons)
    parts = _within_shares(schedule, parts, reasons)
    exact = sum((credit for _, credit in parts), Fraction())
    if schedule.round_at == "session":
        granted = sum((round_credit(credit, schedule) for _, credit in parts), Fraction())
    else:
        granted = round_credit(exact, schedule)
    return _capped(schedule, exact, granted, reasons)


def round_credit(value: Fraction, schedule: CreditSchedule) -> Fraction:
    """Round to a whole number of the schedule's quanta."""
    return ROUND[schedule.rounding](value / schedule.quantum) * schedule.quantum


def _half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


ROUND: Final[Mapping[str, Callable[[Fraction], int]]] = {
    "floor": lambda value: value.numerator // value.denominator,
    "half_up": _half_up,
    "half_even": round,
    "ceil": lambda value: -(-value.numerator // value.denominator),
}


def _award_certificate(schedule: CreditSchedule, inputs: CertificateInputs) -> Award:
    rows = {(each.certificate_type, each.level): each.credit for each in schedule.fixed_credit}
    # A row for the level itself goes before the row for any level.
    exact = rows.get(
        (inputs.certificate_type, inputs.level), rows.get((inputs.certificate_type, None))
    )
    if exact is None:
        zero = format_at_scale(Fraction(), schedule.scale)
        return Award(Fraction(), zero, ("no-fixed-credit",))
    return _capped(schedule, exact, round_credit(exact, schedule), [])


def _check_hours(parts: Parts) -> None:
    for mode, hours in parts:
        if mode not in MODES:
            raise MalformedError(
                f"hours: found an unknown mode, expected one of {', '.join(MODES)}"
            )
        if hours.numerator < 0:
            raise MalformedError("hours: found a negative number, expected zero or more")


def _check_attendance(attendance: Fraction | None) -> None:
    if attendance is not None and not 0 <= attendance.numerator <= attendance.denominator:
        raise MalformedError("attendance: found a share outside 0 to 1")


def _refusals(schedule: CreditSchedule, inputs: CompletionInputs) -> list[str]:
    # Reasons for which nothing at all is earned.
    reasons = []
    verdict = _pass_verdict(schedule, inputs)
    if verdict is not None:
        reasons.append(verdict)
    if schedule.attendance_scope == "class" or not inputs.planned:
        floor, ratio = schedule.min_attendance_ratio, _class_attendance(inputs)
        if floor is not None and ratio is not None and ratio < floor:
            reasons.append("attendance")
    return reasons


def _pass_verdict(schedule: CreditSchedule, inputs: CompletionInputs) -> str | None:
    rule = schedule.pass_rule
    if rule.kind == "none":
        return None
    if not inputs.passed:
        # A failed verdict stands whatever the scores: only the issuer can change it.
        return "not-passed"
    if rule.floor is None:
        return None
    asked = [text for part, text in inputs.scores if rule.kind == "each_part" or part == "overall"]
    if not asked:
        return "score-missing"
    return None if all(parse_decimal(text) >= rule.floor for text in asked) else "not-passed"


def _class_attendance(inputs: CompletionInputs) -> Fraction | None:
    planned = sum((hours for _, hours in inputs.planned), Fraction())
    if not planned:
        return inputs.attendance
    return sum((hours for _, hours in inputs.hours), Fraction()) / planned


def _by_mode(parts: Parts) -> dict[str, Fraction]:
    totals: dict[str, Fraction] = {}
    for mode, amount in parts:
        totals[mode] = totals.get(mode, Fraction()) + amount
    return totals


def _credited(schedule: CreditSchedule, inputs: CompletionInputs, reasons: list[str]) -> Parts:
    # Credits of each part, exact: attended in the plan's bounds, over hours per credit, by level.
    weight = schedule.level_weight.get(inputs.level, Fraction(1))
    short = _modes_short(schedule, inputs)
    if short:
        reasons.append("attendance-in-part")
    credited: list[tuple[str, Fraction]] = []
    for mode, hours in _within_plan(inputs, reasons):
        rate = schedule.hours_per_credit.get(mode)
        if rate is not None and mode not in short:
            credited.append((mode, hours / rate * weight))
        elif rate is None and hours and "mode-not-rated" not in reasons:
            reasons.append("mode-not-rated")
    return tuple(credited)


def _modes_short(schedule: CreditSchedule, inputs: CompletionInputs) -> frozenset[str]:
    floor = schedule.min_attendance_ratio
    if floor is None or schedule.attendance_scope != "mode":
        return frozenset()
    attended = _by_mode(inputs.hours)
    planned = _by_mode(inputs.planned)
    return frozenset(
        mode for mode, hours in planned.items() if attended.get(mode, Fraction()) < floor * hours
    )


def _within_plan(inputs: CompletionInputs, reasons: list[str]) -> Parts:
    # Hours beyond a session's plan are a known way to make credits up (credited <= planned).
    if not inputs.planned:
        return inputs.hours
    left = _by_mode(inputs.planned)
    kept = []
    for mode, hours in inputs.hours:
        within = min(hours, left.get(mode, Fraction()))
        left[mode] = left.get(mode, Fraction()) - within
        kept.append((mode, within))
        if within < hours and "over-planned" not in reasons:
            reasons.append("over-planned")
    return tuple(kept)


def _within_shares(schedule: CreditSchedule, parts: Parts, reasons: list[str]) -> Parts:
    for cap in schedule.caps:
        if cap.per != "mode_share":
            continue
        limited = sum((credit for mode, credit in parts if mode in cap.modes), Fraction())
        others = sum((credit for mode, credit in parts if mode not in cap.modes), Fraction())
        # limited <= share of (limited + others), solved for what may stay beside the others.
        allowed = others * cap.maximum / (1 - cap.maximum)
        if limited > allowed:
            factor = allowed / limited
            parts = tuple((mode, c * factor if mode in cap.modes else c) for mode, c in parts)
            reasons.append("mode-share")
    return parts


def _capped(
    schedule: CreditSchedule, exact: Fraction, granted: Fraction, reasons: list[str]
) -> Award:
    for cap in schedule.caps:
        if cap.per == "class" and max(exact, granted) > cap.maximum:
            exact, granted = min(exact, cap.maximum), min(granted, cap.maximum)
            reasons.append("cap-class")
    return Award(exact, format_at_scale(granted, schedule.scale), tuple(reasons))
