"""One text for one value: near-right spellings are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.spelling import (
    COUNT_MAX,
    format_base64,
    parse_base64,
    parse_count,
    parse_hex,
)
from ledger.errors import MalformedError


@given(st.binary(max_size=70))
def test_base64_comes_back(data: bytes) -> None:
    assert parse_base64(format_base64(data), "x", length=len(data)) == data


@given(st.text(alphabet="AQgw/+-_= \n", max_size=8))
def test_base64_that_is_read_is_the_one_that_would_be_written(text: str) -> None:
    try:
        data = parse_base64(text, "x")
    except MalformedError:
        return
    assert format_base64(data) == text


@pytest.mark.parametrize(
    "text",
    ["QQ", "QQ=", "QR==", "QQ==\n", " QQ==", "QQ==QQ==", "Q-==", "Q_Q=", "QQ===", "ＱQ==", "A"],
)
def test_other_spellings_of_base64_are_refused(text: str) -> None:
    """RFC 4648 section 3.5: the unused bits, here of ``QR==``, are zero."""
    with pytest.raises(MalformedError):
        parse_base64(text, "x")


@pytest.mark.parametrize("text", ["", "QQ==", "QUJD"])
def test_base64_of_another_length_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="2 bytes"):
        parse_base64(text, "x", length=2)


@pytest.mark.parametrize(
    "text", ["", "0", "00f", "00FF", "00 ff", " 00ff", "00ff\n", "0x0f", "٠٠ff"]
)
def test_other_spellings_of_hex_are_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_hex(text, "x", length=2)


def test_lower_case_hex_is_read() -> None:
    assert parse_hex("00ff", "x", length=2) == b"\x00\xff"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "042",
        "00",
        "4_2",
        "+42",
        "-0",
        "-1",
        " 42",
        "42 ",
        "42\n",
        "٤٢",
        "４２",
        "4.0",
        "4e1",
        "0x2a",
        "9223372036854775808",
        "9" * 5000,
    ],
)
def test_other_spellings_of_a_count_are_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_count(text, "x")


@given(st.integers(0, COUNT_MAX))
def test_counts_come_back(count: int) -> None:
    assert parse_count(str(count), "x") == count
