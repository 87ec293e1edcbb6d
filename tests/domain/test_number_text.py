import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import number_text
from ledger.errors import MalformedError

NEARLY_RIGHT = st.lists(
    st.sampled_from(["0", "1", "5", "10", "72", ".", "/", "-", "+", "_", " ", "e", "٣", "３"]),
    max_size=6,
).map("".join)
PAIRS = [
    (number_text.parse_decimal, number_text.format_decimal),
    (number_text.parse_fraction, number_text.format_fraction),
    (number_text.parse_number, number_text.format_number),
]


@pytest.mark.parametrize(("parse", "form"), PAIRS)
@given(text=NEARLY_RIGHT)
def test_a_reader_takes_exactly_what_its_writer_writes(
    parse: Callable[[str], Fraction], form: Callable[[Fraction], str], text: str
) -> None:
    try:
        value = parse(text)
    except MalformedError:
        return
    assert form(value) == text


@given(st.fractions(min_value=0, max_value=10**6, max_denominator=10**4))
def test_every_value_comes_back_from_its_own_text(value: Fraction) -> None:
    assert number_text.parse_number(number_text.format_number(value)) == value
    assert number_text.parse_fraction(number_text.format_fraction(value)) == value


@given(st.decimals(min_value=0, max_value=10**6, places=4))
def test_a_decimal_is_written_as_decimal_arithmetic_would(value: Decimal) -> None:
    text = number_text.format_decimal(Fraction(value))
    assert Decimal(text) == value
    assert re.fullmatch(r"\d+(\.\d*[1-9])?", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "07",
        "7.0",
        "7.",
        ".5",
        "+7",
        "-7",
        "7_0",
        " 7",
        "1e2",
        "３",
        "٣",
        "NaN",
        "9" * 19,
        "7\n",
    ],
)
def test_a_second_spelling_of_a_decimal_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        number_text.parse_decimal(text)


@pytest.mark.parametrize("text", ["2/4", "7/1", "0/3", "1/0", "1//2", "-1/2"])
def test_a_fraction_not_in_lowest_terms_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        number_text.parse_fraction(text)


def test_a_fraction_that_a_decimal_equals_is_refused_as_a_number() -> None:
    with pytest.raises(MalformedError, match="expected the decimal"):
        number_text.parse_number("1/2")
    assert number_text.parse_number("19/24") == Fraction(19, 24)


def test_a_credit_has_as_many_digits_as_its_quantum() -> None:
    assert number_text.format_at_scale(Fraction(7), 1) == "7.0"
    assert number_text.format_at_scale(Fraction(0), 1) == "0.0"
    assert number_text.format_at_scale(Fraction(9, 2), 1) == "4.5"
    assert number_text.format_at_scale(Fraction(1, 20), 2) == "0.05"
    assert number_text.format_at_scale(Fraction(12), 0) == "12"
    assert number_text.parse_scaled("7.0") == 7
    with pytest.raises(MalformedError, match="more than 1 digit"):
        number_text.format_at_scale(Fraction(1, 4), 1)


def test_an_issuers_spelling_of_a_score_is_made_one() -> None:
    assert number_text.shortest_decimal("72.0") == "72"
    assert number_text.shortest_decimal("072") == "72"
    with pytest.raises(MalformedError):
        number_text.shortest_decimal("72/1")


def test_negative_and_endless_values_are_not_written() -> None:
    for write in (number_text.format_number, number_text.format_fraction):
        with pytest.raises(MalformedError, match="negative"):
            write(Fraction(-1, 2))
    with pytest.raises(MalformedError, match="negative"):
        number_text.format_at_scale(Fraction(-1), 0)
    with pytest.raises(MalformedError, match="no end"):
        number_text.format_decimal(Fraction(1, 3))
    with pytest.raises(MalformedError, match="no end"):
        number_text.scale_of(Fraction(1, 3))
