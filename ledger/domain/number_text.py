"""Numbers as text: one spelling for each value, because hashed bytes carry no floats.

    decimal      0   7   0.5   12.25        plain digits, no sign, no zero that could be left out
    fraction     7   35/6                   in lowest terms, never over 1
    number       0.8   19/24                a decimal where one is exact, else a fraction
    at a scale   7.0   0.0   4.5            exactly so many digits after the point

Every reader refuses what its writer would not write: a second spelling would be a second hash for
one fact. Values are exact rationals and never negative.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

from ledger.errors import MalformedError

DIGITS_MAX: Final = 18
"""Most digits in any integer that a reader takes, so that no text costs more than it says."""

_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_SCALED: Final = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")
_FRACTION: Final = re.compile(r"(0|[1-9][0-9]*)(/[1-9][0-9]*)?")
_LOOSE: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def format_number(value: Fraction) -> str:
    """Write a value as a decimal where that is exact, else as a fraction in lowest terms.

    Raises:
        MalformedError: The value is negative.
    """
    denominator = value.denominator
    if denominator == 1:
        return _whole(value.numerator)
    scale = _scale_of_denominator(denominator)
    return str(_not_negative(value)) if scale is None else format_at_scale(value, scale)


def format_decimal(value: Fraction) -> str:
    """Write a value as the shortest decimal.

    Raises:
        MalformedError: The value is negative, or no finite decimal equals it.
    """
    if _scale_of_denominator(value.denominator) is None:
        raise MalformedError(f"decimal: {value} has no end in decimal digits")
    return format_number(value)


def format_fraction(value: Fraction) -> str:
    """Write a value as a fraction in lowest terms, whole numbers without a stroke.

    Raises:
        MalformedError: The value is negative.
    """
    return str(_not_negative(value))


def format_at_scale(value: Fraction, scale: int) -> str:
    """Write a value with exactly ``scale`` digits after the point.

    Raises:
        MalformedError: The value is negative, or needs more digits than that.
    """
    units, rest = divmod(value.numerator * 10**scale, value.denominator)
    if rest:
        raise MalformedError(f"decimal: {value} needs more than {scale} digits after the point")
    digits = _whole(units).rjust(scale + 1, "0")
    return f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits


def parse_decimal(text: str) -> Fraction:
    """Read a decimal in its shortest form.

    Raises:
        MalformedError: The text is not exactly what ``format_decimal`` writes.
    """
    return _read(_DECIMAL, text, "digits in their shortest form, as in 7.25")


def parse_scaled(text: str) -> Fraction:
    """Read a decimal whose scale the caller checks, such as a credit at its schedule's quantum.

    Raises:
        MalformedError: The text is not plain digits with at most one point between them.
    """
    return _read(_SCALED, text, "digits, as in 7.0")


def parse_fraction(text: str) -> Fraction:
    """Read a fraction.

    Raises:
        MalformedError: The text is not exactly what ``format_fraction`` writes.
    """
    value = _read(_FRACTION, text, "a fraction, as in 35/6")
    if str(value) != text:
        raise MalformedError("number: found a fraction that can be reduced, expected lowest terms")
    return value


def parse_number(text: str) -> Fraction:
    """Read a decimal or, where no decimal is exact, a fraction.

    Raises:
        MalformedError: The text is not exactly what ``format_number`` writes.
    """
    if "/" not in text:
        return parse_decimal(text)
    value = parse_fraction(text)
    if _scale_of_denominator(value.denominator) is not None:
        raise MalformedError("number: found a fraction, expected the decimal that equals it")
    return value


def shortest_decimal(text: str) -> str:
    """Respell decimal digits as an issuer may send them (``72.0``, ``072``) in their one form.

    Raises:
        MalformedError: The text is not plain decimal digits.
    """
    return format_decimal(_read(_LOOSE, text, "decimal digits, as in 72 or 72.5"))


def scale_of(value: Fraction) -> int:
    """Give how many digits after the point the shortest decimal of a value has.

    Raises:
        MalformedError: No finite decimal equals it.
    """
    scale = _scale_of_denominator(value.denominator)
    if scale is None:
        raise MalformedError(f"decimal: {value} has no end in decimal digits")
    return scale


def _read(form: re.Pattern[str], text: str, expected: str) -> Fraction:
    if not form.fullmatch(text) or len(text) > DIGITS_MAX:
        raise MalformedError(f"number: found text of {len(text)} characters, expected {expected}")
    return Fraction(text)


def _not_negative(value: Fraction) -> Fraction:
    if value.numerator < 0:
        raise MalformedError("number: found a negative value, expected zero or more")
    return value


def _whole(value: int) -> str:
    if value < 0:
        raise MalformedError("number: found a negative value, expected zero or more")
    return str(value)


@lru_cache(maxsize=1024)
def _scale_of_denominator(denominator: int) -> int | None:
    # In lowest terms a decimal ends if and only if 2 and 5 are the only primes below the line.
    twos = fives = 0
    while denominator % 2 == 0:
        denominator //= 2
        twos += 1
    while denominator % 5 == 0:
        denominator //= 5
        fives += 1
    return max(twos, fives) if denominator == 1 else None
