"""Files as a whole: what is read, and what is refused before any row, soon and in little memory."""

import io
import time
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.occupations import policy_table
from ledger.errors import MalformedError
from ledger.intake.messages import MESSAGES
from ledger.intake.rosters import BYTES_MAX, read_roster
from ledger.intake.rows import parse_rows
from tests.intake.roster_samples import HEADER, csv_text, row, workbook

TEXT = csv_text([row()])










@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "roster-empty"),
        (b" \r\n\t", "roster-empty"),
        (b"\xef\xbb\xbf", "roster-empty"),
        (csv_text([]).encode(), "roster-empty"),
        (b"x" * (BYTES_MAX + 1), "roster-too-large"),
        (TEXT.encode() + b"\0", "roster-nul"),
        (TEXT.encode("utf-16-le"), "roster-nul"),
        ((TEXT + "a\0").encode("utf-16"), "roster-nul"),
        (TEXT.encode() + b"\xff\xff", "roster-encoding"),
        (TEXT.encode("utf-16") + b"a", "roster-encoding"),
        (b"a,b,c\n1,2,3\n", "roster-header-missing"),
        (TEXT.encode() + b'"open', "roster-csv-broken"),
        (TEXT.encode() + b'"' + b"x\n" * 200_000, "roster-csv-broken"),
        (b'"open' + b"x" * 200_000, "roster-csv-broken"),
        (TEXT.encode() + b',,,"\n"' * 40_000, "roster-csv-broken"),
        (b"a," * 100_000 + b"\n" + TEXT.encode(), "roster-too-many-columns"),
        (TEXT.encode() + b"," * 300 + b"\n", "roster-too-many-columns"),
        (TEXT.encode() + b"," * 1_000_000, "roster-too-many-columns"),
        (("姓名," + csv_text([row()])).encode(), "roster-header-repeated"),
        (b"PK\x03\x04", "roster-not-a-workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "roster-not-a-workbook"),
        (b"%PDF-1.7", "roster-not-a-workbook"),
        (b"<html><table>", "roster-not-a-workbook"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_with_its_cause(data: bytes, code: str) -> None:
    """A8, A10: before any row, within bounds."""
    assert refused(data) == code




def test_a_broken_workbook_is_not_read_as_text() -> None:
    assert refused(TEXT.encode(), "roster.xlsx") == "roster-not-a-workbook"
    assert read_roster(TEXT.encode(), "roster.xls").format == "csv"
























@given(st.binary(max_size=300))
def test_any_bytes_are_a_roster_or_refused(data: bytes) -> None:
    check_total(data)


@given(st.integers(0, len(BOOK) - 1), st.binary(max_size=3), st.integers(0, 40))
def test_a_damaged_workbook_is_a_roster_or_refused(place: int, piece: bytes, cut: int) -> None:
    check_total(BOOK[:place] + piece + BOOK[place + cut :])


@given(st.integers(0, len(TEXT) - 1), st.text(max_size=4), st.integers(0, 40))
def test_damaged_text_is_a_roster_or_refused(place: int, piece: str, cut: int) -> None:
    text = TEXT[:place] + piece + TEXT[place + cut :]
    check_total(text.encode("utf-8", "surrogatepass"))
    check_total(text.encode("gb18030", "ignore"))


def check_total(data: bytes) -> None:
    try:
        list(parse_rows(read_roster(data), policy_table()))
    except MalformedError as error:
        known = error.code in MESSAGES
    else:
        known = True
    assert known
