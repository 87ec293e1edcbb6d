"""Certificate numbers: their forms by certificate type, and whether they agree with the record.

    职业技能等级证书   S 0000 33 840776 23 5 000001      22 characters (人社鑒發〔2019〕2號)
                       | |    |  |      |  | serial
                       | |    |  |      |  printed level, 5 初級工 to 1 高級技師
                       | |    |  site   year of issue
                       | |    province
                       | number of the body, 0000 if first filed with a province
                       Y employer, S assessment body
    职业资格证书       23 33 01 0 001 4 00001            16 digits, year first

特級技師 and 首席技師 have a second letter. Its place is not published; it is expected where the
printed level stands. Types without a form here are opaque. No number has a check digit, so a right
form proves nothing: the registry of the issuer and the ledger's entry do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from ledger.domain.identifiers import PROVINCES, Reading
from ledger.domain.levels import printed_digit
from ledger.domain.occupations import fold

LEVEL_CERTIFICATE: Final = "职业技能等级证书"
QUALIFICATION_CERTIFICATE: Final = "职业资格证书"
SENIOR_NOTE: Final = "certificate-number-senior"
"""Warning: a letter stands in place of the level, a form that is not published."""

_FILLING: Final = re.compile(r"[\s'’\u200b\ufeff]+")
_OPAQUE: Final = re.compile(r"[0-9A-Za-z\u4e00-\u9fff()\[\]〔〕/.\-_·]{1,64}")
_LOOK_ALIKES: Final = str.maketrans("OoIil", "00111")
_SENIOR_RANK_MIN: Final = 6


@dataclass(frozen=True, slots=True)
class CertificateForm:
    """The form of one type's numbers.

    Attributes:
        pattern: What a number is. Its groups ``province``, ``year`` and ``level`` are compared
            with the record where they exist.
        letters: How many letters lead it; behind them O and I can only be 0 and 1.
    """

    pattern: re.Pattern[str]
    letters: int


FORMS: Final[Mapping[str, CertificateForm]] = MappingProxyType(
    {
        LEVEL_CERTIFICATE: CertificateForm(
            re.compile(
                r"[YS][0-9]{4}(?P<province>[0-9]{2})[0-9]{6}(?P<year>[0-9]{2})"
                r"(?P<level>[1-5A-Z])[0-9]{6}"
            ),
            letters=1,
        ),
        QUALIFICATION_CERTIFICATE: CertificateForm(
            re.compile(
                r"(?P<year>[0-9]{2})(?P<province>[0-9]{2})[0-9]{2}[0-4][0-9]{3}(?P<level>[1-5])[0-9]{5}"
            ),
            letters=0,
        ),
    }
)
"""The known forms by certificate type. A deployment may pass others; a type left out is opaque."""


def read_certificate_type(text: str, forms: Mapping[str, CertificateForm] = FORMS) -> Reading:
    """Read a certificate type: a known one in its one spelling, any other as it stands."""
    if text in forms:
        return Reading(text)
    folded = fold(text)
    if folded in forms:
        return Reading(folded, was_cleaned=True)
    return Reading(text.strip() or None, was_cleaned=text != text.strip())


def type_of_number(text: str, forms: Mapping[str, CertificateForm] = FORMS) -> str | None:
    """Give the one type whose form a number has, or None."""
    found = [name for name in forms if not read_certificate_number(text, name, forms).codes]
    return found[0] if len(found) == 1 else None


def read_certificate_number(
    text: str, certificate_type: str, forms: Mapping[str, CertificateForm] = FORMS
) -> Reading:
    """Read a certificate number.

    Blanks, full-width and lower-case characters are cleaned, and O for 0 and I for 1 repaired, only
    to a number that has the form of its type.

    Returns:
        A reading with the code certificate-number-format, or the warning of ``SENIOR_NOTE``.
    """
    form = forms.get(certificate_type)
    value = text if text.isascii() and text.isalnum() else _FILLING.sub("", normalize("NFKC", text))
    if form is None:
        if _OPAQUE.fullmatch(value):
            return Reading(value, value != text)
        return Reading(None, codes=("certificate-number-format",))
    found = form.pattern.fullmatch(value)
    if found is None:
        value = value[: form.letters].upper() + value[form.letters :].translate(_LOOK_ALIKES)
        found = form.pattern.fullmatch(value.upper())
    parts = found.groupdict() if found else {}
    if found is None or parts.get("province", "33") not in PROVINCES:
        return Reading(None, codes=("certificate-number-format",))
    senior = not parts.get("level", "5").isdigit()
    return Reading(found[0], found[0] != text, (), (SENIOR_NOTE,) if senior else ())


def check_certificate_number(
    number: str,
    certificate_type: str,
    *,
    level: int | None,
    issued: date | None,
    province: str | None = None,
    forms: Mapping[str, CertificateForm] = FORMS,
) -> tuple[str, ...]:
    """Compare a number with the record that it stands in.

    Args:
        number: The number in its one form.
        certificate_type: Its type.
        level: Rank, or None to leave it out.
        issued: Date of issue, or None to leave it out.
        province: First two digits of GB/T 2260 that the number must carry, or None.
        forms: The known forms.

    Returns:
        ``("certificate-number-mismatch",)`` where they disagree, else nothing.
    """
    form = forms.get(certificate_type)
    found = form.pattern.fullmatch(number) if form else None
    if found is None:
        return ()
    parts = found.groupdict()
    agree = (
        (issued is None or parts.get("year") in (None, f"{issued.year % 100:02}"))
        and (level is None or _level_agrees(parts.get("level"), level))
        and (province is None or parts.get("province") in (None, province))
    )
    return () if agree else ("certificate-number-mismatch",)


def _level_agrees(part: str | None, rank: int) -> bool:
    if part is None:
        return True
    if rank >= _SENIOR_RANK_MIN:
        return not part.isdigit()
    return part == printed_digit(rank)
