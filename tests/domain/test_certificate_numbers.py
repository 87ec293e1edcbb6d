"""Certificate numbers: forms, repair only to a right form, agreement with the record."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.certificate_numbers import (
    LEVEL_CERTIFICATE,
    QUALIFICATION_CERTIFICATE,
    SENIOR_NOTE,
    check_certificate_number,
    read_certificate_number,
    read_certificate_type,
    type_of_number,
)

NUMBER = "S000033840776235000001"


@pytest.mark.parametrize(
    "raw",
    [
        "s000033840776235000001",
        "S0000 3384 0776 2350 0000 1",
        "SOOOO3384O7762350OOOO1",
        "S000033840776235oooool",
        "S00003384077623500000I",
        "Ｓ０００033840776235000001",
    ],
)
def test_look_alikes_are_repaired_to_a_right_number(raw: str) -> None:
    reading = read_certificate_number(raw, LEVEL_CERTIFICATE)
    assert (reading.value, reading.was_cleaned) == (NUMBER, True)


@pytest.mark.parametrize(
    "raw",
    [
        "S00003384077623500000",
        "S0000338407762350000011",
        "X000033840776235000001",
        "S000099840776235000001",
        "S000033840776236000001",
        "S00003384077623500000B",
        "",
    ],
)
def test_other_numbers_have_no_form(raw: str) -> None:
    """人社鑒發〔2019〕2號."""
    codes = read_certificate_number(raw, LEVEL_CERTIFICATE).codes
    assert codes == ("certificate-number-format",)


@given(st.text("0123456789OIil SYsy", max_size=24))
def test_what_is_read_reads_back_as_it_stands(raw: str) -> None:
    value = read_certificate_number(raw, LEVEL_CERTIFICATE).value
    if value is not None:
        again = read_certificate_number(value, LEVEL_CERTIFICATE)
        assert (again.value, again.was_cleaned) == (value, False)


@pytest.mark.parametrize(
    ("level", "issued", "province", "agrees"),
    [
        (1, date(2023, 7, 22), "33", True),
        (1, date(2023, 7, 22), None, True),
        (None, None, None, True),
        (2, date(2023, 7, 22), None, False),
        (5, date(2023, 7, 22), None, False),
        (0, date(2023, 7, 22), None, False),
        (6, date(2023, 7, 22), None, False),
        (1, date(2024, 1, 1), None, False),
        (1, date(2023, 7, 22), "31", False),
    ],
)
def test_level_year_and_province_are_compared(
    level: int | None,
    issued: date | None,
    province: str | None,
    agrees: bool,  # noqa: FBT001 - a case
) -> None:
    codes = check_certificate_number(
        NUMBER, LEVEL_CERTIFICATE, level=level, issued=issued, province=province
    )
    assert codes == (() if agrees else ("certificate-number-mismatch",))


def test_a_letter_in_place_of_the_level_is_noted_and_stands_for_the_highest_ranks() -> None:
    reading = read_certificate_number("S00003384077623T000001", LEVEL_CERTIFICATE)
    assert reading.warnings == (SENIOR_NOTE,)
    for rank, codes in ((6, ()), (7, ()), (5, ("certificate-number-mismatch",))):
        found = check_certificate_number(
            str(reading.value), LEVEL_CERTIFICATE, level=rank, issued=None
        )
        assert found == codes


def test_qualification_certificates_have_16_digits() -> None:
    number = "2333010001400001"
    assert read_certificate_number(number, QUALIFICATION_CERTIFICATE).value == number
    assert type_of_number(number) == QUALIFICATION_CERTIFICATE
    assert type_of_number(NUMBER) == LEVEL_CERTIFICATE
    assert type_of_number("培训第1号") is None


def test_other_types_are_opaque_and_never_disagree() -> None:
    assert read_certificate_number("培训〔2023〕1号", "培训合格证书").value == "培训〔2023〕1号"
    assert read_certificate_number("<b>", "培训合格证书").codes == ("certificate-number-format",)
    assert check_certificate_number("1", "培训合格证书", level=1, issued=date(2023, 1, 1)) == ()


def test_certificate_types_are_folded_to_the_known_ones() -> None:
    assert read_certificate_type("職業技能等級證書").value == LEVEL_CERTIFICATE
    assert read_certificate_type(LEVEL_CERTIFICATE).was_cleaned is False
    assert read_certificate_type("其他").value == "其他"
    assert read_certificate_type(" ").value is None
