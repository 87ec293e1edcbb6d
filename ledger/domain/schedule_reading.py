"""Reading the dict form of a credit schedule: exactly what ``CreditSchedule.to_json`` gives.

A schedule is written by hand, from a document, once a year or so; a slip in it would be credited
ten thousand times. Each message therefore names the field, what was found and what was expected.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from ledger.domain import schedule_terms as terms
from ledger.domain.fields import Fields
from ledger.domain.number_text import parse_decimal
from ledger.domain.schedule_terms import Cap, CreditSchedule, Expiry, FixedCredit, PassRule

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ID_MAX: Final = 64
_PLACE: Final = re.compile(r"[1-9][0-9](([0-9]{2}){1,2})?")
_NAMES: Final = tuple(field.name for field in fields(CreditSchedule))
_YEARS_MAX: Final = 50
_DAYS_MAX: Final = 36_500


def parse_schedule(value: object) -> CreditSchedule:
    """Read the dict form of a schedule, exactly as ``to_json`` gives it.

    Raises:
        MalformedError: A field is missing, unknown, or not what it should be; the message names it.
    """
    read = Fields("schedule", value, _NAMES, quoting=True)
    schedule = CreditSchedule(**_identity(read), **_award_terms(read), **_statement_terms(read))
    _check_together(read, schedule)
    return schedule


def _identity(read: Fields) -> dict[str, Any]:
    schedule_id = read.text("schedule_id")
    if not _ID.fullmatch(schedule_id) or len(schedule_id) > _ID_MAX:
        raise read.fail("schedule_id", "lower-case words joined by hyphens, at most 64 characters")
    place = read.optional("place", read.text)
    if place is not None and not _PLACE.fullmatch(place):
        raise read.fail("place", "2, 4 or 6 digits of GB/T 2260, or null")
    return {
        "schedule_id": schedule_id,
        "version": read.integer("version", 1),
        "effective_from": read.day("effective_from"),
        "effective_to": read.optional("effective_to", read.day),
        "place": place,
        "authority": read.optional("authority", read.text),
        "document_no": read.optional("document_no", read.text),
        "supersedes": read.optional("supersedes", partial(read.integer, low=1)),
    }


def _award_terms(read: Fields) -> dict[str, Any]:
    ratio = read.optional("min_attendance_ratio", read.number)
    if ratio is not None and ratio > 1:
        raise read.fail("min_attendance_ratio", "a share from 0 to 1, or null")
    quantum = read.number("quantum", parse_decimal)
    if not quantum:
        raise read.fail("quantum", "a decimal above 0")
    return {
        "minutes_per_period": read.integer("minutes_per_period", 1, 24 * 60),
        "hours_per_credit": _positive(read, "hours_per_credit"),
        "week_equivalents": _positive(read, "week_equivalents"),
        "fixed_credit": _fixed_credits(read),
        "level_weight": _level_weights(read),
        "quantum": quantum,
        "rounding": read.choice("rounding", terms.ROUNDINGS),
        "round_at": read.choice("round_at", terms.ROUND_AT),
        "min_attendance_ratio": ratio,
        "attendance_scope": read.choice("attendance_scope", terms.ATTENDANCE_SCOPES),
        "pass_rule": _pass_rule(read),
    }


def _statement_terms(read: Fields) -> dict[str, Any]:
    return {
        "caps": tuple(_cap(f"schedule.caps[{at}]", each) for at, each in _listed(read, "caps")),
        "semester_starts": _semester_starts(read),
        "dedupe_key": read.choice("dedupe_key", terms.DEDUPE_KEYS),
        "dedupe": read.choice("dedupe", terms.DEDUPES),
        "subsumes": read.boolean("subsumes"),
        "expiry": _expiry(read),
        "revocation_cascade": read.words("revocation_cascade", terms.CASCADES),
        "late_after_days": read.optional("late_after_days", partial(read.integer, high=_DAYS_MAX)),
    }


def _check_together(read: Fields, schedule: CreditSchedule) -> None:
    # What no field can be wrong about alone.
    last = schedule.effective_to
    if last is not None and last < schedule.effective_from:
        raise read.fail("effective_to", "a date not before effective_from, or null")
    if schedule.supersedes is not None and schedule.supersedes >= schedule.version:
        raise read.fail("supersedes", "a version below this one, or null")
    if schedule.subsumes and schedule.dedupe_key != "occupation_level":
        raise read.fail("dedupe_key", "occupation_level, because subsumes compares levels")
    for cap in schedule.caps:
        # Rounding could otherwise lift a capped amount over its cap.
        if cap.per != "mode_share" and (cap.maximum / schedule.quantum).denominator != 1:
            raise read.fail("caps", f"per {cap.per} a maximum in whole steps of the quantum")
        if cap.per == "semester" and not schedule.semester_starts:
            raise read.fail("semester_starts", "at least one day, because a cap is per semester")


def _listed(read: Fields, name: str) -> Iterable[tuple[int, object]]:
    return enumerate(read.items(name))


def _positive(read: Fields, name: str) -> Mapping[str, Fraction]:
    numbers = read.numbers(name, terms.MODES)
    if not all(numbers.values()):
        raise read.fail(name, "numbers above 0")
    return MappingProxyType(numbers)


def _level_weights(read: Fields) -> Mapping[int, Fraction]:
    weights = read.numbers("level_weight", [str(rank) for rank in terms.RANKS])
    return MappingProxyType({int(rank): weight for rank, weight in weights.items()})


def _fixed_credits(read: Fields) -> tuple[FixedCredit, ...]:
    found: dict[tuple[str, int | None], FixedCredit] = {}
    for at, each in _listed(read, "fixed_credit"):
        row = Fields(
            f"schedule.fixed_credit[{at}]",
            each,
            ("certificate_type", "level", "credit"),
            quoting=True,
        )
        fixed = FixedCredit(
            row.text("certificate_type"),
            row.optional("level", partial(row.integer, low=0, high=terms.RANKS[-1])),
            row.number("credit"),
        )
        if found.setdefault((fixed.certificate_type, fixed.level), fixed) is not fixed:
            raise read.fail("fixed_credit", "one row for each certificate type and level")
    return tuple(found.values())


def _pass_rule(read: Fields) -> PassRule:
    rule = read.part("pass_rule", ("kind", "floor"))
    kind = rule.choice("kind", terms.PASS_RULES)
    floor = rule.optional("floor", rule.number)
    if (floor is not None) != (kind in {"each_part", "total"}):
        raise rule.fail("floor", "a score for each_part and total, null otherwise")
    return PassRule(kind, floor)


def _expiry(read: Fields) -> Expiry:
    part = read.part("expiry", ("kind", "months", "on_expiry"))
    kind = part.choice("kind", terms.EXPIRIES)
    months = part.optional("months", partial(part.integer, low=1, high=12 * _YEARS_MAX))
    if (months is not None) != (kind == "months"):
        raise part.fail("months", "a number of months for kind months, null otherwise")
    return Expiry(kind, months, part.choice("on_expiry", terms.ON_EXPIRY))


def _cap(what: str, value: object) -> Cap:
    read = Fields(what, value, ("per", "maximum", "overflow", "carry_years", "modes"), quoting=True)
    per = read.choice("per", terms.CAP_PERIODS)
    overflow = read.choice("overflow", terms.OVERFLOWS)
    if per in terms.AWARD_CAPS and overflow != "forfeit":
        raise read.fail("overflow", f"forfeit, because a cap per {per} binds the award itself")
    if overflow == "carry" and per != "calendar_year":
        raise read.fail("overflow", "forfeit or hold; only a calendar year can be carried over")
    years = read.integer("carry_years", 0, _YEARS_MAX)
    if (years > 0) != (overflow == "carry"):
        raise read.fail("carry_years", "years above 0 for overflow carry, 0 otherwise")
    modes = read.words("modes", terms.MODES)
    maximum = read.number("maximum")
    if (bool(modes), maximum < 1) != (True, True) and per == "mode_share":
        raise read.fail("maximum", "a share below 1 and the modes that it limits")
    if modes and per != "mode_share":
        raise read.fail("modes", "an empty array, because only mode_share limits modes")
    return Cap(per, maximum, overflow, years, modes)


def _semester_starts(read: Fields) -> tuple[str, ...]:
    expected = "days as MM-DD, ascending, none twice"
    starts = tuple(str(start) for start in read.items("semester_starts"))
    try:
        # 2001 is no leap year: a semester cannot begin on a day that most years lack.
        right = all(
            date.fromisoformat(f"2001-{start}").isoformat()[5:] == start for start in starts
        )
    except ValueError:
        right = False
    if not right or list(starts) != sorted(set(starts)):
        raise read.fail("semester_starts", expected)
    return starts
