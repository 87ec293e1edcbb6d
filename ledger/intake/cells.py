"""Reading one cell: dates, hours, attendance, scores and results.

A cell is text (CSV), or text, number, truth value, date or time (XLSX). Every reader answers with a
``Parsed``. ``cleaned`` is true where text was written otherwise than its one form; a real date or
number cell of a workbook is never "cleaned". ``reason`` is a code, or ``code:variant`` where the
catalogue has a more exact explanation.
"""

import re
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar
from unicodedata import category, normalize

from ledger.domain.occupations import fold

Raw: TypeAlias = "str | float | bool | date | time | timedelta"
"""What a cell may hold; ``datetime`` is a ``date``."""

TEXT_MAX: Final = 200
HOURS_MAX: Final = 9_999
SCORE_MAX: Final = 1_000

T = TypeVar("T")
_FLOAT_NOISE: Final = Fraction(1, 10**6)
"""What a binary float may add to or take from a share, in ten thousandths."""


class Parsed(NamedTuple, Generic[T]):
    """What was read from a cell: a value, whether it was cleaned, and why there is none."""

    value: T
    cleaned: bool = False
    reason: str | None = None


_BLANK: Final = re.compile(r"[\s\u200b\ufeff]*|[-—–/]{1,2}|无|無")
_SEPARATOR: Final = r"\s*[-./年]\s*"
_DAY: Final = r"([0-9]{4})\s*[-./年]\s*([0-9]{1,2})\s*[-./月]\s*([0-9]{1,2})\s*日?"
_DATE: Final = re.compile(_DAY + r"(?:[ T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.0+)?)?)?")
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+)?")
_SERIAL: Final = re.compile(r"([0-9]{5})(?:\.0+)?")
_RANGE: Final = re.compile(
    _DAY + r"\s*(?:至|到|~|-{1,2})\s*(?:([0-9]{4})" + _SEPARATOR + r")?"
    r"([0-9]{1,2})\s*[-./月]\s*([0-9]{1,2})\s*日?"
)
_DASHES: Final = re.compile(r"[‐-―−]")
_SERIAL_EPOCH: Final = date(1899, 12, 30)
_SERIAL_MIN: Final = 18_264  # 1950-01-01
_SERIAL_MAX: Final = 73_050  # 2099-12-31
_YEARS: Final = range(1950, 2100)
_ISO_LENGTH: Final = 10
_DATE_TEXT_MAX: Final = 64

_NUMBER: Final = re.compile(r"(0|[1-9][0-9]{0,4})(\.[0-9]?[1-9])?")
_LOOSE_NUMBER: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_HOURS_UNIT: Final = re.compile(r"(课时|学时|课|节)$")
_OTHER_UNIT: Final = re.compile(r"(天|日|周|小时|时|分钟|h|H|d|D)$")
_CHINESE_NUMBER: Final = re.compile(r"[零〇一二两三四五六七八九十百千]{1,9}")
_CHINESE_DIGITS: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_CHINESE_UNITS: Final = {"十": 10, "百": 100, "千": 1000}

_PASSED: Final = frozenset({"合格", "通过", "及格", "优秀", "良好", "是", "1", "pass", "passed"})
_FAILED: Final = frozenset(
    {"不合格", "未通过", "不通过", "不及格", "缺考", "否", "2", "fail", "failed"}
)
_NOT_SAT: Final = frozenset({"缺考", "免考", "未考"})
_PERCENT_FLOOR: Final = 10
_PERCENT_FULL: Final = 100


def plain_text(raw: Raw) -> str:
    """Write a cell as text: whole numbers without a point, truth values as TRUE and FALSE."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:  # noqa: PLR2004 - exact so far
        return str(int(raw))
    return str(raw)


def is_blank(raw: Raw) -> bool:
    """Tell whether a cell says nothing: empty, blanks, or a dash or 无 in its place."""
    return isinstance(raw, str) and _BLANK.fullmatch(raw) is not None


def read_text(raw: Raw) -> Parsed[str | None]:
    """Read free text in NFC without outer blanks, line breaks as blanks.

    Reasons: text-too-long over 200 characters, text-invalid with control characters.
    """
    text = plain_text(raw)
    if len(text) > 4 * TEXT_MAX:
        return Parsed(None, reason="text-too-long")
    value = " ".join(normalize("NFC", text).split()).strip("\u200b\ufeff")
    if len(value) > TEXT_MAX:
        return Parsed(None, reason="text-too-long")
    if any(category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} for char in value):
        return Parsed(None, reason="text-invalid")
    return Parsed(value or None, value != text)


def read_date(raw: Raw) -> Parsed[date | None]:
    """Read a day: ISO text, ``2021.3.5``, ``20210305``, ``2021年3月5日``, a serial or a date cell.

    A serial counts days as spreadsheets do: 44260 is 2021-03-05. Reasons: date-missing,
    date-impossible.
    """
    if isinstance(raw, datetime):
        raw = raw.date()
    if isinstance(raw, date):
        return Parsed(raw) if raw.year in _YEARS else Parsed(None, reason="date-impossible")
    if isinstance(raw, str):
        return _read_date_text(raw)
    if isinstance(raw, float | int) and not isinstance(raw, bool):
        day = _date_of_digits(plain_text(raw))
        return Parsed(day, reason=None if day else "date-impossible")
    return Parsed(None, reason="date-impossible")


def _read_date_text(raw: str) -> Parsed[date | None]:
    if is_blank(raw):
        return Parsed(None, raw != "", "date-missing")
    if len(raw) > _DATE_TEXT_MAX:
        return Parsed(None, reason="date-impossible")
    text = _DASHES.sub("-", normalize("NFKC", raw)).strip().lstrip("'")
    found = _DATE.fullmatch(text)
    day = _day(*found.groups()) if found else _date_of_digits(text)
    if day is None:
        return Parsed(None, reason="date-impossible")
    return Parsed(day, day.isoformat() != raw)


def _date_of_digits(text: str) -> date | None:
    if found := _COMPACT.fullmatch(text):
        return _day(*found.groups())
    if (found := _SERIAL.fullmatch(text)) and _SERIAL_MIN <= int(found[1]) <= _SERIAL_MAX:
        return _SERIAL_EPOCH + timedelta(days=int(found[1]))
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def read_range(raw: Raw) -> tuple[date, date] | None:
    """Read two days in one cell, such as ``2021-3-5至3-20``; None where it is no such pair."""
    if not isinstance(raw, str) or not _ISO_LENGTH < len(raw) <= _DATE_TEXT_MAX:
        return None
    found = _RANGE.fullmatch(_DASHES.sub("-", normalize("NFKC", raw)).strip())
    if found is None:
        return None
    start = _day(found[1], found[2], found[3])
    end = _day(found[4] or found[1], found[5], found[6])
    return (start, end) if start and end else None


def read_hours(raw: Raw) -> Parsed[Fraction | None]:
    """Read 課時, at most two decimals; None for a blank cell.

    Reasons: hours-invalid, or hours-invalid:unit for days, clock hours and the like, which only the
    school can turn into 課時.
    """
    if not isinstance(raw, str):
        return _number_cell(raw, HOURS_MAX, "hours-invalid")
    if is_blank(raw):
        return Parsed(None, raw != "")
    text = fold(raw).replace(",", "")
    bare = _HOURS_UNIT.sub("", text)
    if bare == text and _OTHER_UNIT.search(text):
        return Parsed(None, reason="hours-invalid:unit")
    value = _number(bare, HOURS_MAX)
    if value is None:
        value = _chinese_number(bare)
    if value is None:
        return Parsed(None, reason="hours-invalid")
    return Parsed(value, _NUMBER.fullmatch(raw) is None)


def _number_cell(raw: Raw, maximum: int, reason: str) -> Parsed[Fraction | None]:
    if isinstance(raw, float | int) and not isinstance(raw, bool):
        value = _number(plain_text(raw), maximum)
        return Parsed(value, reason=reason if value is None else None)
    return Parsed(None, reason=reason)


def _number(text: str, maximum: int) -> Fraction | None:
    if not _LOOSE_NUMBER.fullmatch(text):
        return None
    value = Fraction(text)
    return value if value <= maximum and _PERCENT_FULL % value.denominator == 0 else None


def _chinese_number(text: str) -> Fraction | None:
    """Read numerals such as 四十 or 一百二十.

    None unless units fall, each once.
    """
    if not _CHINESE_NUMBER.fullmatch(text):
        return None
    total, digit, last_unit = 0, 0, 10_000
    for char in text:
        unit = _CHINESE_UNITS.get(char)
        if unit is None:
            if digit:
                return None
            digit = _CHINESE_DIGITS[char]
            continue
        if unit >= last_unit or (not digit and char != "十"):
            return None
        total, digit, last_unit = total + (digit or 1) * unit, 0, unit
    return Fraction(total + digit)


def read_attendance(raw: Raw) -> Parsed[Fraction | None]:
    """Read a share attended: ``86%``, ``0.86`` or ``86``; None for a blank cell.

    Reason: attendance-invalid, also for bare numbers between 1 and 10, which may mean either.
    """
    if isinstance(raw, str):
        if is_blank(raw):
            return Parsed(None, raw != "")
        text = fold(raw)
    else:
        text = plain_text(raw)
    percent = text.endswith("%")
    value = _fine_number(text.removesuffix("%"))
    if value is None or (not percent and 1 < value < _PERCENT_FLOOR):
        return Parsed(None, reason="attendance-invalid")
    if percent or value > 1:
        value /= _PERCENT_FULL
    if value > 1:
        return Parsed(None, reason="attendance-invalid")
    return Parsed(value, isinstance(raw, str) and (text != raw or not (percent or "." in text)))


def _fine_number(text: str) -> Fraction | None:
    # Ten thousandths are fine enough, and drop what binary floats add or take: 0.8600000001. Cut,
    # so that nobody is lifted over a floor, but not below what a float meant by 0.7999999999999.
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,18})?", text):
        return None
    exact = Fraction(text) * 10_000
    nearest = round(exact)
    return Fraction(nearest if abs(exact - nearest) < _FLOAT_NOISE else int(exact), 10_000)


def read_score(raw: Raw) -> Parsed[str | None]:
    """Read a score as decimal text; None for a blank cell and for 缺考, 免考.

    Reason: score-invalid.
    """
    if isinstance(raw, str):
        if is_blank(raw):
            return Parsed(None, raw != "")
        text = fold(raw).removesuffix("分")
        if text in _NOT_SAT:
            return Parsed(None)
        value = _number(text, SCORE_MAX)
    else:
        value = _number_cell(raw, SCORE_MAX, "score-invalid").value
    if value is None:
        return Parsed(None, reason="score-invalid")
    written = decimal_text(value)
    return Parsed(written, isinstance(raw, str) and written != raw)


def decimal_text(value: Fraction) -> str:
    """Write a number of at most two decimals in its shortest form."""
    hundredths = int(value * 100)
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")


def read_result(raw: Raw) -> Parsed[bool | None]:  # noqa: PLR0911 - one for each answer
    """Read whether the assessment was passed: 合格 or 不合格, or another word for either.

    Reasons: result-missing, result-unknown.
    """
    if raw == "合格":
        return Parsed(value=True)
    if raw == "不合格":
        return Parsed(value=False)
    text = fold(plain_text(raw)).lower()
    if not text or is_blank(text):
        return Parsed(None, reason="result-missing")
    if text in _PASSED:
        return Parsed(value=True, cleaned=True)
    if text in _FAILED:
        return Parsed(value=False, cleaned=True)
    return Parsed(None, reason="result-unknown")
