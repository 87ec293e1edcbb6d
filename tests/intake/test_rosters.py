"""Files as a whole: what is read, and what is refused before any row, soon and in little memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.occupations import policy_table
from ledger.errors import MalformedError
from ledger.intake.messages import MESSAGES
from ledger.intake.rosters import BYTES_MAX, read_roster
from ledger.intake.rows import parse_rows
from tests.intake.roster_samples import BOOK, csv_text, refused, row

TEXT = csv_text([row()])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "roster-empty"),
        (b" \r\n\t", "roster-empty"),
        (b"\xef\xbb\xbf", "roster-empty"),
        (csv_text([]).encode(), "roster-empty"),
        (b"x" * (BYTES_MAX + 1), "roster-too-large"),
        (b"PK\x03\x04", "roster-not-a-workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "roster-not-a-workbook"),
        (b"%PDF-1.7", "roster-not-a-workbook"),
        (b"<html><table>", "roster-not-a-workbook"),
        (b"\xef\xbb\xbf \r\n<html>", "roster-not-a-workbook"),
        (b"PK\x05\x06" + bytes(18), "roster-not-a-workbook"),
        (b"Rar!\x1a\x07", "roster-not-a-workbook"),
        (b"7z\xbc\xaf\x27\x1c", "roster-not-a-workbook"),
        (b"\x1f\x8b\x08", "roster-not-a-workbook"),
        (b"\x89PNG\r\n", "roster-not-a-workbook"),
        (b"\xff\xd8\xff\xe0", "roster-not-a-workbook"),
        (b"{\\rtf1", "roster-not-a-workbook"),
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


@pytest.mark.parametrize(("extra", "code"), [(-1, None), (0, None), (1, "roster-too-large")])
def test_a_file_may_have_the_greatest_size_and_no_byte_more(extra: int, code: str | None) -> None:
    """A short limit stands in: what is past it is refused whatever it holds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.intake.rosters.BYTES_MAX", len(TEXT.encode()) - extra)
        if code is None:
            assert read_roster(TEXT.encode()).data_rows == 1
        else:
            assert refused(TEXT.encode()) == code
    assert BYTES_MAX == 32 << 20


def test_a_roster_is_told_by_its_bytes_and_not_by_its_name() -> None:
    assert read_roster(BOOK, "roster.csv").format == "xlsx"
    assert read_roster(TEXT.encode(), "roster").format == "csv"
    assert refused(TEXT.encode(), "ROSTER.XLSM") == "roster-not-a-workbook"
