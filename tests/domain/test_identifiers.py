"""ID numbers (GB 11643), credit codes (GB 32100), names and phones. All people are synthetic."""

from datetime import date, timedelta

import pytest
import stdnum.cn.uscc
import stdnum.iso7064.mod_11_2
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import identifiers as ids

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

days = st.dates(date(1900, 1, 1), date(2015, 12, 31))
id_numbers = st.builds(
    lambda day, serial: f"330199{day:%Y%m%d}{serial:03}", days, st.integers(0, 999)
).map(lambda first: first + ids.id_check_character(first))
sound_ids = id_numbers.filter(lambda number: not number.endswith("000"))


@given(sound_ids)
def test_a_right_number_is_read_as_it_stands_with_a_county_warning(number: str) -> None:
    assert ids.read_id_number(number) == ids.Reading(number, warnings=("id-county-unknown",))
    assert stdnum.iso7064.mod_11_2.is_valid(number)


@given(sound_ids, st.integers(0, 17), st.sampled_from("0123456789"))
def test_every_single_digit_change_is_caught(number: str, place: int, digit: str) -> None:
    """ISO 7064 MOD 11-2 finds all single substitutions."""
    changed = number[:place] + digit + number[place + 1 :]
    if changed != number:
        assert ids.read_id_number(changed, from_spreadsheet=False).codes


@given(sound_ids, st.sampled_from([" {} ", "'{}\t", "\ufeff{}", "\u200b{}", "{}\u3000"]))
def test_wrapping_and_full_width_are_cleaned_to_the_same_number(number: str, frame: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in number)
    grouped = f"{number[:6]}-{number[6:14]} {number[14:].lower()}"
    for raw in (frame.format(number), wide, grouped):
        reading = ids.read_id_number(raw)
        assert (reading.value, reading.was_cleaned) == (number, True)
        assert ids.read_id_number(reading.value or "").was_cleaned is False


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "id-missing"),
        ("　 ", "id-missing"),
        ("3301991986051305", "id-format"),
        ("990199199001010011X", "id-format"),
        ("330199١99001010011", "id-format"),
        ("180199199001010011", "id-format"),
        ("330199199001010012", "id-checksum"),
        ("330199199002312425", "id-birth-date"),
        ("3.30199E+17", "id-excel-exponent"),
        ("3.30199196909242e+17", "id-excel-exponent"),
        ("330199199001010000", "id-excel-truncated"),
        ("330199199001010011.0", "id-excel-truncated"),
    ],
)
def test_a_wrong_number_names_its_cause(raw: str, code: str) -> None:
    assert ids.read_id_number(raw).codes == (code,)


def test_zeros_at_the_end_are_refused_even_with_a_right_check_unless_confirmed() -> None:
    """Of numbers cut to 15 digits, 9 % have a right checksum by chance."""
    found = next(
        number
        for serial in range(0, 1000, 100)
        for offset in range(60)
        for first in [f"330199{date(1990, 1, 1) + timedelta(offset):%Y%m%d}{serial:03}"]
        if (number := first + ids.id_check_character(first)).endswith("000")
    )
    assert ids.read_id_number(found).codes == ("id-excel-truncated",)
    assert ids.read_id_number(found, from_spreadsheet=False).value == found


def test_an_old_number_of_15_digits_is_converted_with_a_warning() -> None:
    reading = ids.read_id_number("330199900101001")
    assert reading.value == "330199199001010011"
    assert reading.was_cleaned
    assert "id-converted" in reading.warnings


@pytest.mark.parametrize("region", ["810000", "820000", "830000"])
def test_residence_permits_are_read_without_a_county_warning(region: str) -> None:
    first = f"{region}19900101001"
    assert ids.read_id_number(first + ids.id_check_character(first)).warnings == ()


def test_a_permanent_residents_number_begins_with_9_and_is_held_to_its_check() -> None:
    first = "91133019900101001"
    number = first + ids.id_check_character(first)
    assert ids.read_id_number(number) == ids.Reading(number)
    wrong = first + ("0" if number[-1] != "0" else "1")
    assert ids.read_id_number(wrong).codes == ("id-checksum",)


@given(
    st.sampled_from(["91", "52", "12", "N2", "Y1", "A1"]),
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
    st.integers(0, 16),
)
def test_a_credit_code_is_held_to_its_check_in_every_place(
    head: str, body: str, place: int
) -> None:
    """GB 32100; python-stdnum knows no leading letters."""
    first = f"{head}330199{body}"
    right = [char for char in USCC_ALPHABET if ids.read_uscc(first + char).value]
    assert len(right) == 1
    code = first + right[0]
    if head[0].isdigit():
        assert stdnum.cn.uscc.is_valid(code)
    assert ids.read_uscc(f" {code.lower()}") == ids.Reading(code, was_cleaned=True)
    other = "1" if code[place] != "1" else "2"
    assert ids.read_uscc(code[:place] + other + code[place + 1 :]).codes


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("　谢琳 ", "谢琳"),
        ("张　三", "张三"),
        ("阿依古丽.买买提", "阿依古丽·买买提"),
        ("古丽・阿布都", "古丽·阿布都"),
        ("古丽 • 阿布都", "古丽·阿布都"),
        ("Maria  da  Silva", "Maria da Silva"),
        ("'王芳", "王芳"),
    ],
)
def test_names_are_cleaned_once_and_for_all(raw: str, name: str) -> None:
    assert ids.read_name(raw) == ids.Reading(name, was_cleaned=True)
    assert ids.read_name(name) == ids.Reading(name)


@pytest.mark.parametrize(
    "name", ["𠮷玥", "喆鋆", "㛃𬭎", "張學友", "O'Brien", "阿" * 50, "J. Smith"]
)
def test_right_names_are_kept_to_the_character(name: str) -> None:
    """民委發〔2016〕33號: 50 characters and all of GB 18030."""
    assert ids.read_name(name) == ids.Reading(name)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "name-missing"),
        (" \u3000", "name-missing"),
        ("张三、李四", "name-multiple"),
        ("张三 李四", "name-multiple"),
        ("张三\n李四", "name-multiple"),
        ("李?华", "name-lossy"),
        ("李□华", "name-lossy"),
        ("李\ue815华", "name-lossy"),
        ('=HYPERLINK("x")', "name-invalid"),
        ("@张三", "name-invalid"),
        ("张三1", "name-invalid"),
        ("<b>张三", "name-invalid"),
        ("张\x07三", "name-invalid"),
        ("张\u202e三", "name-invalid"),
        ("·张三", "name-invalid"),
        ("张" * 101, "name-invalid"),
    ],
)
def test_a_wrong_name_names_its_cause(raw: str, code: str) -> None:
    assert ids.read_name(raw).codes == (code,)


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_any_text_is_a_name_that_reads_back_or_has_a_code(raw: str) -> None:
    reading = ids.read_name(raw)
    assert (reading.value is None) == bool(reading.codes)
    if reading.value is not None:
        assert ids.read_name(reading.value) == ids.Reading(reading.value)


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("13800000000", "13800000000"),
        ("13800000000.0", "13800000000"),
        ("1.3812345678E+10", "13812345678"),
        ("138-0000-0000", "13800000000"),
        ("+86 138 0000 0000", "+8613800000000"),
        ("0571-88888888", "0571-88888888"),
        ("", None),
        ("1.38E+10", None),
        ("none", None),
    ],
)
def test_phones_are_fixed_where_that_is_exact_and_else_dropped(raw: str, phone: str | None) -> None:
    reading = ids.read_phone(raw)
    assert reading.value == phone
    assert reading.codes == ()
    assert reading.warnings == (("phone-dropped",) if raw and phone is None else ())
