"""CSV: encodings, delimiters, quotes and the bounds of a record."""

import io

import pytest

from ledger.domain.occupations import policy_table
from ledger.errors import MalformedError
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from ledger.intake.text_tables import DELIMITERS, RECORD_MAX, find_encoding, read_text_table
from tests.intake.roster_samples import HEADER, csv_text, refused, row

TEXT = csv_text([row()])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "，", ";", "\t"])
def test_encodings_and_delimiters_are_told_apart(encoding: str, delimiter: str) -> None:
    text = "\r\n".join(delimiter.join(cells) for cells in (HEADER, row()))
    table = read_roster(text.encode(encoding))
    assert table.delimiter == delimiter
    (found,) = parse_rows(table, policy_table())
    assert found.command is not None


@pytest.mark.parametrize(
    ("data", "code"),
    [
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
    ],
)
def test_text_that_is_no_roster_is_refused_with_its_cause(data: bytes, code: str) -> None:
    """A8, A10: before any row, within bounds."""
    assert refused(data) == code


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"plain", "utf-8"),
        ("姓名".encode(), "utf-8"),
        ("姓名".encode("gb18030"), "gb18030"),
        ("𠮷㐂".encode("gb18030"), "gb18030"),
        ("姓名".encode("utf-8-sig"), "utf-8-sig"),
        (b"\xff\xfe" + "姓名".encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + "姓名".encode("utf-16-be"), "utf-16"),
    ],
)
def test_the_encoding_is_told_by_its_mark_or_by_what_decodes(data: bytes, encoding: str) -> None:
    assert find_encoding(data) == encoding


def test_a_character_cut_by_the_pieces_that_are_decoded_is_whole() -> None:
    for blanks in range((1 << 18) - 4, (1 << 18) + 1):
        assert find_encoding(b" " * blanks + "姓".encode()) == "utf-8"
        assert find_encoding(b" " * blanks + "姓".encode("gb18030")) == "gb18030"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbf\xff", "roster-encoding"),
        (b"\xff\xfea", "roster-encoding"),
        (b"a\xff", "roster-encoding"),
        (b"a\0", "roster-nul"),
    ],
)
def test_a_mark_that_the_rest_belies_and_bytes_of_no_encoding_are_refused(
    data: bytes, code: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        find_encoding(data)
    assert caught.value.code == code


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_quoted_cells_keep_delimiters_breaks_and_quotes(delimiter: str) -> None:
    name = f'第8期{delimiter}"早班"\n甲'
    quoted = '"' + name.replace('"', '""') + '"'
    cells = [
        quoted if word == "班级名称" else value for word, value in zip(HEADER, row(), strict=True)
    ]
    table = read_text_table(f"{delimiter.join(HEADER)}\n{delimiter.join(cells)}\n".encode())
    ((_, found),) = table.rows()
    assert found[HEADER.index("班级名称")] == name


def test_a_title_with_other_delimiters_does_not_mislead() -> None:
    table = read_text_table(("某校;某班;花名册;2023;\n" + TEXT).encode())
    assert (table.delimiter, table.header_row) == (",", 2)


@pytest.mark.parametrize(("extra", "is_read"), [(-1, True), (0, True), (1, False)])
def test_a_record_may_have_the_greatest_length_and_no_character_more(
    extra: int,
    is_read: bool,  # noqa: FBT001 - a column of the table
) -> None:
    room = RECORD_MAX - len(TEXT.splitlines()[1]) - len("\r\n")
    data = csv_text([row(班级名称=row()[HEADER.index("班级名称")] + "长" * (room + extra)), row()])
    if is_read:
        assert read_text_table(data.encode()).data_rows == 2
    else:
        assert refused(data.encode()) == "roster-csv-broken"


@pytest.mark.parametrize("text", ['"unclosed', 'a,"b"c', '"a" b'])
def test_what_is_said_of_broken_quotes_names_the_line_and_never_the_cell(text: str) -> None:
    number = "330199199505192154"
    with pytest.raises(MalformedError) as caught:
        read_text_table((TEXT + f"{number},{text}{number}\n").encode())
    assert caught.value.code == "roster-csv-broken"
    assert "line 3" in caught.value.message
    assert number not in caught.value.message


def test_the_rows_of_a_table_can_be_read_more_than_once() -> None:
    table = read_text_table(TEXT.encode())
    assert list(table.rows()) == list(table.rows()) == [(2, row())]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_usual_way(end: str) -> None:
    text = io.StringIO(TEXT).read().replace("\r\n", end)
    assert read_text_table(text.encode()).data_rows == 1
