"""Hostile workbooks are refused before the reader sees them; sound ones pass."""

import io
import time
import zipfile
import zlib

import pytest

from ledger.errors import MalformedError
from ledger.intake import archives
from ledger.intake.archives import CELLS_MAX, PARTS_MAX, SHEET_ROWS_MAX, check_workbook_archive
from ledger.intake.headers import COLUMNS_MAX
from ledger.intake.rosters import read_roster
from tests.intake.roster_samples import BOOK, SHEET, refused, repacked, sheet


def checked(data: bytes) -> str | None:
    """Give the code with which the guard refuses an archive, or None if it lets it pass."""
    try:
        check_workbook_archive(data)
    except MalformedError as error:
        return error.code
    return None


def cell_at(reference: str) -> bytes:
    return b'<c r="%s"><v>1</v></c>' % reference.encode()


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


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("GQ1", None),
        ("GR1", None),
        ("GS1", "roster-sheet-too-wide"),
        (f"A{SHEET_ROWS_MAX - 1}", None),
        (f"A{SHEET_ROWS_MAX}", None),
        (f"A{SHEET_ROWS_MAX + 1}", "roster-too-many-rows"),
        (f"GR{CELLS_MAX // COLUMNS_MAX - 1}", None),
        (f"GR{CELLS_MAX // COLUMNS_MAX}", None),
        (f"GR{CELLS_MAX // COLUMNS_MAX + 1}", "roster-too-many-cells"),
    ],
)
def test_a_cell_may_stand_at_each_limit_and_not_past_it(reference: str, code: str | None) -> None:
    """GR is column 200; 200 columns of 15,000 rows are three million cells."""
    assert checked(repacked({SHEET: sheet(cell_at(reference))})) == code


def test_width_and_height_may_come_from_different_cells() -> None:
    cells = cell_at("GR1") + cell_at(f"A{CELLS_MAX // COLUMNS_MAX + 1}")
    assert checked(repacked({SHEET: sheet(cells)})) == "roster-too-many-cells"


@pytest.mark.parametrize(
    "cell",
    [
        b'<c s="1" r="GS1" t="n"><v>1</v></c>',
        b'<c\nr="GS1"/>',
        b'<c  r="GS1" />',
        b'<x:c r="GS1"><x:v>1</x:v></x:c>',
        b'<c xml:space="preserve" r="GS1"><v>1</v></c>',
    ],
)
def test_a_far_cell_is_seen_in_every_plain_spelling(cell: bytes) -> None:
    assert checked(repacked({SHEET: sheet(cell_at("A1") + cell)})) == "roster-sheet-too-wide"


@pytest.mark.parametrize(("extra", "code"), [(-1, None), (0, None), (1, "roster-zip-bomb")])
def test_an_archive_may_have_the_most_parts_and_none_more(extra: int, code: str | None) -> None:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as book:
        there = len(book.namelist())
    more = {f"xl/extra{number}.txt": b"" for number in range(PARTS_MAX - there + extra)}
    assert checked(repacked(more)) == code


@pytest.mark.parametrize(("extra", "code"), [(-1, None), (0, None), (1, "roster-zip-bomb")])
def test_an_archive_may_inflate_to_the_greatest_size_and_no_byte_more(
    extra: int, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as book:
        size = sum(part.file_size for part in book.infolist())
    monkeypatch.setattr(archives, "INFLATED_BYTES_MAX", size - extra)
    assert checked(BOOK) == code


@pytest.mark.parametrize(("extra", "code"), [(-1, None), (0, None), (1, "roster-zip-bomb")])
def test_a_small_part_may_inflate_any_number_of_times(extra: int, code: str | None) -> None:
    """Up to a mebibyte the ratio is free: office programs write long runs of blanks."""
    assert checked(repacked({"xl/blanks.txt": b" " * ((1 << 20) + extra)})) == code


@pytest.mark.parametrize(("extra", "code"), [(-1, None), (0, None), (1, "roster-zip-bomb")])
def test_cells_may_name_so_much_shared_text_and_no_byte_more(
    extra: int, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = b"".join(b'<c r="A%d" t="s"><v>%d</v></c>' % (n, n % 2) for n in range(1, 8))
    texts = (b"<si><t>long</t></si>", b"<si><t>longer still</t></si>")
    data = repacked({SHEET: sheet(cells), "xl/sharedStrings.xml": b"<sst>%s%s</sst>" % texts})
    # The last text is measured to the end of its part.
    named = 3 * len(texts[0]) + 4 * len(texts[1] + b"</sst>")
    monkeypatch.setattr(archives, "SHARED_BYTES_MAX", named - extra)
    assert checked(data) == code


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", BOOK[:-1], BOOK[:-700], BOOK[30:]])
def test_what_is_no_whole_archive_is_no_workbook(data: bytes) -> None:
    assert checked(data) == "roster-not-a-workbook"


def test_an_encrypted_part_and_an_unusual_compression_are_refused() -> None:
    place = BOOK.index(b"PK\x01\x02")
    encrypted = BOOK[: place + 8] + b"\x01" + BOOK[place + 9 :]
    assert checked(encrypted) == "roster-not-a-workbook"
    bzip2 = BOOK[: place + 10] + b"\x0c" + BOOK[place + 11 :]
    assert checked(bzip2) == "roster-not-a-workbook"


def test_messages_of_the_guard_hold_nothing_of_the_file() -> None:
    number = b"330199199505192154"
    with pytest.raises(MalformedError) as caught:
        check_workbook_archive(repacked({SHEET: sheet(b"<c><v>" + number + b"</v></c>")}))
    assert number.decode() not in caught.value.message


def test_a_far_cell_behind_tens_of_mebibytes_is_refused_soon() -> None:
    """Seconds of processor, with room for a slow machine; on an idle one it takes a third."""
    cells = b"".join(
        b'<row r="%d">%s</row>'
        % (
            r,
            b"".join(
                b'<c r="%c%d" t="s"><v>%d</v></c>' % (c, r, r * 31 + c) for c in b"ABCDEFGHIJ"
            ),
        )
        for r in range(1, 50_001)
    )
    data = repacked({SHEET: b"<worksheet><sheetData>" + cells + cell_at("XFD1048576")})
    started = time.process_time()
    assert checked(data) == "roster-sheet-too-wide"
    assert time.process_time() - started < 2
