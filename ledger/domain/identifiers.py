"""How people and organisations are named by number and by name: cleaning and checking.

    ID number     6 region + 8 birth date + 3 sequence + 1 check        GB 11643, ISO 7064 MOD 11-2
    credit code   1 department + 1 kind + 6 region + 9 body + 1 check   GB 32100

Every reader takes raw text and answers with a ``Reading``: the value in its one form, or the codes
that say why there is none. A right check digit proves that a number was typed well, never that it
was given to anybody. The region of an ID number is the code in force when it was assigned, so only
its province is checked; an unassigned county is a warning.
"""

import re
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final
from unicodedata import category, normalize

NAME_MAX: Final = 100
"""Longest name in characters. 民委發〔2016〕33號 asks for 50 at least."""

PROVINCES: Final = MappingProxyType(
    {
        "11": "北京", "12": "天津", "13": "河北", "14": "山西", "15": "内蒙古",
        "21": "辽宁", "22": "吉林", "23": "黑龙江",
        "31": "上海", "32": "江苏", "33": "浙江", "34": "安徽", "35": "福建",
        "36": "江西", "37": "山东",
        "41": "河南", "42": "湖北", "43": "湖南", "44": "广东", "45": "广西", "46": "海南",
        "50": "重庆", "51": "四川", "52": "贵州", "53": "云南", "54": "西藏",
        "61": "陕西", "62": "甘肃", "63": "青海", "64": "宁夏", "65": "新疆",
        "71": "台湾", "81": "香港", "82": "澳门", "83": "台湾",
    }
)  # fmt: skip
"""GB/T 2260 province codes; 81, 82 and 83 head the residence permits of 港澳台居民."""

_ID: Final = re.compile(r"[0-9]{17}[0-9X]")
_OLD_ID: Final = re.compile(r"[0-9]{15}")
_EXPONENT: Final = re.compile(r"[0-9](\.[0-9]*)?[Ee]\+?[0-9]+")
_LONG_FLOAT: Final = re.compile(r"[0-9]{16,}\.0*")
_FILLING: Final = re.compile(r"[\s\-‐-―−'‘’`\u00ad\u200b-\u200f\u2060\ufeff]+")
_RESIDENCE_PERMIT: Final = re.compile(r"8[123]0000")
_FOREIGNER: Final = "9"
_LOST_DIGITS: Final = "000"
_UNASSIGNED_COUNTY: Final = re.compile(r"00|9[0-9]")

_USCC: Final = re.compile(r"[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES: Final = MappingProxyType({char: value for value, char in enumerate(_USCC_ALPHABET)})

_SEPARATORS: Final = re.compile(r"\s*[·•・．‧∙⋅･]\s*")
_HAN_POINT: Final = re.compile(r"(?<=[^\x00-\x7f\s])\s*\.\s*(?=[^\x00-\x7f\s])")
_LOSSY: Final = re.compile(r"[?？□▯〓\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_SEVERAL: Final = re.compile(r"[、,，;；/／&＆|]")
_FORMULA: Final = tuple("=+-@＝＋－＠\t\r")
_NAME_SIGNS: Final = frozenset(" ·'’-‐.")
_LATIN: Final = re.compile(r"[^\u2e80-\U0003ffff]+")

_PHONE: Final = re.compile(r"\+?[0-9]{7,15}|0[0-9]{2,3}-[0-9]{7,8}")
_PHONE_FLOAT: Final = re.compile(r"([0-9]{7,15})\.0+")
_PHONE_EXPONENT: Final = re.compile(r"([1-9])\.([0-9]+)[Ee]\+?([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one raw text.

    Attributes:
        value: The value in its one form, or None where ``codes`` say why not.
        was_cleaned: Whether the raw text differed from ``value``.
        codes: Why there is no value; each refuses the row or request it came with.
        warnings: What a person should look at; none of them refuses anything.
    """

    value: str | None
    was_cleaned: bool = False
    codes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def id_check_character(first17: str) -> str:
    """Give the check character of GB 11643 for the first 17 digits."""
    # The weights 7 9 10 5 8 4 2 ... are powers of two mod 11, and 13 is 2 mod 11: so base 13.
    return "0123456789X"[(1 - 2 * int(first17, 13)) % 11]


def read_id_number(  # noqa: PLR0911 - one for each cause
    text: str, *, from_spreadsheet: bool = True
) -> Reading:
    """Read an ID number: 居民身份證, 港澳台居民居住證 or 外國人永久居留身份證.

    Args:
        text: As it was typed: full-width digits, blanks, hyphens and a lower-case x are cleaned.
        from_spreadsheet: Whether a number that ends in 000 is refused, because spreadsheets keep
            15 digits only and such numbers pass the checksum in 9 % of cases. False where a person
            confirmed the number against the card.

    Returns:
        A reading with the codes id-missing, id-format, id-checksum, id-birth-date,
        id-excel-exponent or id-excel-truncated, or the warnings id-county-unknown or id-converted.
    """
    if _ID.fullmatch(text):
        return _check_id(text, was_cleaned=False, from_spreadsheet=from_spreadsheet)
    value = normalize("NFKC", text).strip()
    if _EXPONENT.fullmatch(value.strip("'")):
        return Reading(None, codes=("id-excel-exponent",))
    if _LONG_FLOAT.fullmatch(value):
        return Reading(None, codes=("id-excel-truncated",))
    value = _FILLING.sub("", value).upper()
    if not value:
        return Reading(None, codes=("id-missing",))
    if _OLD_ID.fullmatch(value):
        return _convert_old_id(value)
    if not _ID.fullmatch(value):
        return Reading(None, codes=("id-format",))
    return _check_id(value, was_cleaned=True, from_spreadsheet=from_spreadsheet)


def _convert_old_id(value: str) -> Reading:
    first17 = f"{value[:6]}19{value[6:]}"
    reading = _check_id(
        first17 + id_check_character(first17), was_cleaned=True, from_spreadsheet=False
    )
    if reading.codes:
        return reading
    return Reading(reading.value, True, (), ("id-converted", *reading.warnings))  # noqa: FBT003 - was_cleaned


def _check_id(value: str, *, was_cleaned: bool, from_spreadsheet: bool) -> Reading:
    if from_spreadsheet and value.endswith(_LOST_DIGITS):
        return Reading(None, was_cleaned, ("id-excel-truncated",))
    if value[0] == _FOREIGNER:
        # Only the check character of these is documented openly, so nothing else is checked.
        right = value[17] == id_check_character(value[:17])
        return Reading(value, was_cleaned) if right else Reading(None, codes=("id-checksum",))
    if value[:2] not in PROVINCES:
        return Reading(None, was_cleaned, ("id-format",))
    codes: list[str] = []
    if birth_date(value) is None:
        codes.append("id-birth-date")
    if value[17] != id_check_character(value[:17]):
        codes.append("id-checksum")
    if codes:
        return Reading(None, was_cleaned, tuple(codes))
    return Reading(value, was_cleaned, (), () if _county_known(value) else ("id-county-unknown",))


def _county_known(value: str) -> bool:
    # The pairs 00 and 90 to 99 are never given to a county (GB/T 2260); a full table of present
    # and past counties would age, and a code missing from it proves nothing.
    return not _UNASSIGNED_COUNTY.match(value, 4) or bool(_RESIDENCE_PERMIT.match(value))


def birth_date(id_number: str) -> date | None:
    """Give the birth date in an 18-character ID number; None where there is no such day from 1900.

    The place of the date in a 外國人永久居留身份證 is not relied on: those give None.
    """
    if id_number[0] == _FOREIGNER:
        return None
    try:
        day = date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None
    return day if day.year >= 1900 else None  # noqa: PLR2004 - nobody in a training was born before


def is_male(id_number: str) -> bool:
    """Tell from the sequence digit of an 18-character ID number whether it was given to a man."""
    return int(id_number[16]) % 2 == 1


def read_uscc(text: str) -> Reading:
    """Read a 統一社會信用代碼 (GB 32100), letters in the first place included.

    Returns:
        A reading with the codes uscc-missing, uscc-format or uscc-checksum.
    """
    value = _FILLING.sub("", normalize("NFKC", text)).upper()
    if not value:
        return Reading(None, codes=("uscc-missing",))
    if not _USCC.fullmatch(value):
        return Reading(None, value != text, ("uscc-format",))
    # Weights 1 3 9 27 19 ... of GB 32100 are the powers of three mod 31.
    total = sum(_USCC_VALUES[char] * pow(3, place, 31) for place, char in enumerate(value[:17]))
    if value[17] != _USCC_ALPHABET[-total % 31]:
        return Reading(None, value != text, ("uscc-checksum",))
    return Reading(value, value != text)


def read_name(text: str) -> Reading:  # noqa: C901, PLR0911 - one for each cause
    """Read the name of one person; characters are never folded 繁/簡.

    Separators in names of ethnic groups become U+00B7 (民委發〔2016〕33號), outer blanks go and so
    does a blank that only spreads a name (張　三), text becomes NFC.

    Returns:
        A reading with the codes name-missing, name-multiple, name-lossy or name-invalid.
    """
    if 2 <= len(text) <= 4 and _is_plain_han(text):  # noqa: PLR2004 - nearly every name
        return Reading(text)
    value = normalize("NFC", text).strip(" \u3000\n\u200b\ufeff").removeprefix("'").strip()
    if len(value) > 4 * NAME_MAX:
        return Reading(None, codes=("name-invalid",))
    if not value:
        return Reading(None, codes=("name-missing",))
    if value.startswith(_FORMULA) or text.startswith(_FORMULA):
        return Reading(None, codes=("name-invalid",))
    if _LOSSY.search(value):
        return Reading(None, codes=("name-lossy",))
    if _SEVERAL.search(value):
        return Reading(None, codes=("name-multiple",))
    value = _HAN_POINT.sub("·", _SEPARATORS.sub("·", " ".join(value.split())))
    joined = _join_parts(value.split())
    if joined is None:
        return Reading(None, codes=("name-multiple",))
    if not _is_name(joined):
        return Reading(None, codes=("name-invalid",))
    return Reading(joined, joined != text)


def _is_plain_han(text: str) -> bool:
    return all("\u4e00" <= char <= "\u9fff" for char in text)


def _join_parts(parts: list[str]) -> str | None:
    """Join Latin words by one blank, a spread name by none; None for two names."""
    if len(parts) == 1:
        return parts[0]
    if all(_LATIN.fullmatch(part) for part in parts):
        return " ".join(parts)
    # 張　三 is one person spread out; 張三 李四 is two, and so may be 歐陽 相如: ask.
    return "".join(parts) if any(len(part) == 1 for part in parts[:2]) else None


def _is_name(value: str) -> bool:
    if len(value) > NAME_MAX or value[0] in _NAME_SIGNS or value[-1] in " ·-‐":
        return False
    if "··" in value:
        return False
    return all(char in _NAME_SIGNS or category(char)[0] in "LM" for char in value)


def read_phone(text: str) -> Reading:
    """Read a phone number; one that cannot be read is dropped with a warning, never refused.

    Returns:
        A reading whose value is None for an empty or dropped number; the latter with the warning
        phone-dropped.
    """
    if _PHONE.fullmatch(text):
        return Reading(text)
    value = re.sub(r"[\s'()\u200b\ufeff]+", "", normalize("NFKC", text))
    if not value:
        return Reading(None)
    if found := _PHONE_FLOAT.fullmatch(value):
        value = found[1]
    elif found := _PHONE_EXPONENT.fullmatch(value):
        # Exact only if every digit of the number is written out before the exponent.
        value = found[1] + found[2] if len(found[2]) == int(found[3]) else ""
    elif not _PHONE.fullmatch(value):
        value = value.replace("-", "")
    if not _PHONE.fullmatch(value):
        return Reading(None, warnings=("phone-dropped",))
    return Reading(value, was_cleaned=True)
