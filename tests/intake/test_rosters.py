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
BOOK = workbook([HEADER, row()])
SHEET = "xl/worksheets/sheet1.xml"


def refused(data: bytes, name: str | None = None) -> str:
    """Give the code with which a file is refused, in time and memory."""
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(MalformedError) as caught:
        read_roster(data, name)
    elapsed = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert elapsed < 3, "tracing slows this about threefold"
    assert peak < 100_000_000
    assert caught.value.code in MESSAGES
    return caught.value.code


def repacked(changes: dict[str, bytes]) -> bytes:
    """Give the sample workbook with some parts replaced or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(file, "w", 8) as new:
        parts = {name: old.read(name) for name in old.namelist()} | changes
        for name, content in parts.items():
            new.writestr(name, content)
    return file.getvalue()


def sheet(cells: bytes) -> bytes:
    return b"<worksheet><sheetData><row>" + cells + b"</row></sheetData></worksheet>"


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


def test_too_many_rows_are_refused() -> None:
    lines = (HEADER, *(["", "1"] for _ in range(100_001)))
    text = "\n".join(",".join(line) for line in lines)
    assert refused(text.encode()) == "roster-too-many-rows"


def test_a_broken_workbook_is_not_read_as_text() -> None:
    assert refused(TEXT.encode(), "roster.xlsx") == "roster-not-a-workbook"
    assert read_roster(TEXT.encode(), "roster.xls").format == "csv"


@pytest.mark.parametrize("reference", [b"XFD1048576", b"GS1", b"ZZZ1"])
def test_a_far_off_column_is_refused_before_a_dense_block_is_made(reference: bytes) -> None:
    far = sheet(b'<c r="A1"><v>1</v></c><c r="' + reference + b'"><v>1</v></c>')
    assert refused(repacked({SHEET: far})) == "roster-sheet-too-wide"


def test_a_far_off_row_and_a_wide_area_are_refused() -> None:
    assert (
        refused(repacked({SHEET: sheet(b'<c r="A1048576"><v>1</v></c>')})) == "roster-too-many-rows"
    )
    area = sheet(b'<c r="GR100000"><v>1</v></c>')
    assert refused(repacked({SHEET: area})) == "roster-too-many-cells"


@pytest.mark.parametrize(
    "cells",
    [
        b"<c r='XFD1048576'><v>1</v></c>",
        b'<c s=\' r="A1"\' r="XFD1048576"><v>1</v></c>',
        b'<c r = "XFD1048576"><v>1</v></c>',
        b'<c r="xfd1048576"><v>1</v></c>',
        b"<c><v>1</v></c>",
        b'<x:c r="XFD1048576"><v>1</v></x:c>',
        b'<c r="A1"><v>1</v></c><!-- note -->',
        b'<c r="A1"><v>1</v></c>' + b"x" * 700_000,
    ],
)
def test_cells_that_do_not_say_plainly_where_they_stand_are_refused(cells: bytes) -> None:
    assert refused(repacked({SHEET: sheet(cells)})) in {
        "roster-not-a-workbook",
        "roster-sheet-too-wide",
    }


def test_a_reference_split_between_two_pieces_is_still_seen() -> None:
    filling = b'<c r="A1"><v>1</v></c>'
    for extra in range(0, 24, 3):
        count = (262_144 - len(sheet(b""))) // len(filling)
        cells = filling * (count - 1) + b" " * extra + b'<c r="XFD1048576"><v>1</v></c>' + filling
        assert refused(repacked({SHEET: sheet(cells)})) == "roster-sheet-too-wide"


def test_a_shared_text_named_by_many_cells_is_counted() -> None:
    text = b"<sst><si><t>" + b"x" * 200_000 + b"</t></si></sst>"
    cells = b"".join(b'<c r="A%d" t="s"><v>0</v></c>' % number for number in range(1, 2_000))
    bomb = repacked({"xl/sharedStrings.xml": text, SHEET: sheet(cells)})
    assert refused(bomb) == "roster-zip-bomb"
    twice = cells.replace(b"<v>0", b"<v>1</v><v>0")
    late = repacked({"xl/sharedStrings.xml": text, SHEET: sheet(twice)})
    assert refused(late) == "roster-zip-bomb"
    hidden = repacked(
        {"xl/sharedStrings.xml": text, SHEET: sheet(cells.replace(b">0<", b">&#48;<"))}
    )
    assert refused(hidden) == "roster-zip-bomb"


def test_a_part_that_inflates_too_far_is_refused_by_what_it_declares() -> None:
    assert refused(repacked({"xl/media.xml": bytes(50_000_000)})) == "roster-zip-bomb"


def with_declared_size(data: bytes, old: int, new: int) -> bytes:
    """Rewrite the size that a part declares, in both of its headers."""
    return data.replace(old.to_bytes(4, "little"), new.to_bytes(4, "little"))


@pytest.mark.parametrize("declared", [1_000, 1_100_000])
def test_a_part_that_lies_about_its_size_is_refused_by_what_comes_out(declared: int) -> None:
    """The library stops at the declared size; the guard does not."""
    content = b"<a>" + zlib.compress(b"seed") * 50_000 + b"</a>"
    data = repacked({"xl/extra.xml": content})
    lying = with_declared_size(data, len(content), declared)
    assert lying != data
    assert refused(lying) == "roster-zip-bomb"


@pytest.mark.parametrize(
    "changes",
    [
        {"content.xml": b"<a/>"},
        {"xl/workbook.bin": b"a"},
        {"xl/_rels/workbook.xml.rels": b'<R><Relationship Target="media/image1.png"/></R>'},
        {"xl/workbook.xml": b"<broken"},
        {"XL/workbook.xml": b"<twice/>"},
    ],
)
def test_workbooks_of_two_minds_are_refused(changes: dict[str, bytes]) -> None:
    assert refused(repacked(changes)) in {"roster-not-a-workbook", "roster-empty"}


def test_other_zip_files_are_no_workbooks() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    assert refused(file.getvalue()) == "roster-not-a-workbook"
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(2_001):
            archive.writestr(f"{number}.xml", "")
    assert refused(file.getvalue()) == "roster-zip-bomb"


def test_a_sound_workbook_with_a_logo_is_read() -> None:
    logo = b"\x89PNG<c <c <c" + bytes(range(256)) * 100
    table = read_roster(repacked({"xl/media/image1.png": logo}))
    assert table.data_rows == 1


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
