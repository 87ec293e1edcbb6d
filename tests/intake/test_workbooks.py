"""Workbooks: the first visible sheet with a roster, its merges, sheets that break the reader."""

import io
from collections.abc import Sequence

import pytest
import xlsxwriter

from ledger.errors import MalformedError
from ledger.intake.workbooks import SHEETS_MAX, read_workbook
from tests.intake.roster_samples import BOOK, HEADER, SHEET, refused, repacked, row, sheet, workbook

ROSTER = [list(HEADER), row()]
NOTES = [["说明"], ["每人一行"]]


def book(sheets: Sequence[tuple[str, list[list[str]], bool]]) -> bytes:
    """Write sheets, each with its name, its rows and whether it is hidden."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as made:
        for name, rows, hidden in sheets:
            added = made.add_worksheet(name)
            for number, cells in enumerate(rows):
                added.write_row(number, 0, cells)
            if hidden:
                added.hide()
            else:
                added.activate()
    return file.getvalue()


def test_a_workbook_becomes_a_table() -> None:
    table = read_workbook(BOOK)
    assert (table.format, table.sheet, table.encoding, table.delimiter) == (
        "xlsx",
        "Sheet1",
        None,
        None,
    )
    assert (table.header, table.header_row, table.data_rows) == (HEADER, 1, 1)
    assert [(number, list(cells)) for number, cells in table.rows()] == [(2, row())]
    assert list(table.rows()) == list(table.rows())


def test_the_first_visible_sheet_with_a_header_is_read() -> None:
    other = [list(HEADER), row(), row()]
    sheets = [
        ("隐藏", other, True),
        ("说明", NOTES, False),
        ("名单", ROSTER, False),
        ("二", other, False),
    ]
    table = read_workbook(book(sheets))
    assert (table.sheet, table.data_rows) == ("名单", 1)


def test_a_roster_on_a_hidden_sheet_alone_is_not_read() -> None:
    data = book([("名单", ROSTER, True), ("说明", NOTES, False)])
    assert refused(data) == "roster-header-missing"


@pytest.mark.parametrize(
    ("before", "is_read"), [(SHEETS_MAX - 2, True), (SHEETS_MAX - 1, True), (SHEETS_MAX, False)]
)
def test_so_many_sheets_are_looked_at_and_none_more(before: int, *, is_read: bool) -> None:
    sheets = [(f"s{number}", NOTES, False) for number in range(before)]
    data = book([*sheets, ("名单", ROSTER, False)])
    if is_read:
        assert read_workbook(data).sheet == "名单"
    else:
        assert refused(data) == "roster-header-missing"


def test_an_empty_sheet_has_no_header() -> None:
    assert refused(book([("空", [], False)])) == "roster-header-missing"
    assert refused(book([("名单", [list(HEADER)], False)])) == "roster-empty"


def test_rows_above_the_data_keep_their_numbers() -> None:
    """A sheet whose first rows are blank counts them, as the office program shows them."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as made:
        added = made.add_worksheet()
        added.write_row(3, 0, HEADER)
        added.write_row(5, 0, row())
    table = read_workbook(file.getvalue())
    assert table.header_row == 4
    assert [number for number, _ in table.rows()] == [6]


def test_vertical_merges_of_class_columns_are_given_and_no_others() -> None:
    end, name = HEADER.index("结班日期"), HEADER.index("姓名")
    letters = [chr(ord("A") + place) for place in (end, name)]
    merges = {
        f"{letters[0]}2:{letters[0]}4": "2023-06-24",
        f"{letters[1]}2:{letters[1]}4": "胡芳雨",
        f"{letters[0]}5:{chr(ord(letters[0]) + 1)}5": "2023-06-24",
    }
    table = read_workbook(workbook([HEADER, *([row()] * 4)], merges))
    assert table.merges == ((end, 2, 4),)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<worksheet>",
        b"\xff\xfe<\0w\0",
        sheet(b'<c r="A1" t="s"><v>99</v></c>'),
        sheet(b'<c r="A1" t="&#115;"><v>0</v></c>'),
        sheet(b'<c r="A0"><v>1</v></c>'),
        sheet(b'<c r="A1" t="b"><v>maybe</v></c>'),
        b'<worksheet><mergeCells><mergeCell ref="B9:A1"/></mergeCells></worksheet>',
    ],
)
def test_a_sheet_that_the_reader_cannot_take_is_refused_in_words(content: bytes) -> None:
    """Panics of the reader are no exceptions of Python's; they are caught all the same."""
    with pytest.raises(MalformedError) as caught:
        read_workbook(repacked({SHEET: content}))
    assert caught.value.code in {"roster-not-a-workbook", "roster-header-missing", "roster-empty"}


def test_an_interrupt_is_not_taken_for_a_broken_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "ledger.intake.workbooks.CalamineWorkbook.from_filelike", interrupt, raising=False
    )
    with pytest.raises(KeyboardInterrupt):
        read_workbook(BOOK)
