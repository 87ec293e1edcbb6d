"""Rosters as workbooks: XLSX through calamine, after ``archives`` found the file sound."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Final

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ledger.errors import MalformedError
from ledger.intake.archives import check_workbook_archive
from ledger.intake.cells import Raw
from ledger.intake.headers import FILL_DOWN, HEADER_ROWS_MAX, find_header
from ledger.intake.tables import Table, count_rows

SHEETS_MAX: Final = 20


def read_workbook(data: bytes) -> Table:
    """Read the first visible sheet of an XLSX workbook that has a roster's header.

    Raises:
        MalformedError: With the codes of ``check_workbook_archive``, or ``roster-header-missing``,
            ``roster-header-repeated``, ``roster-too-many-rows`` or ``roster-empty``.
    """
    check_workbook_archive(data)
    failure = MalformedError("roster workbook: no sheets", code="roster-empty")
    workbook = _open(data)
    for name in _sheet_names(workbook):
        sheet = _sheet(workbook, name)
        try:
            above, columns = find_header(islice(_rows(sheet), HEADER_ROWS_MAX))
        except MalformedError as error:
            failure = error
            continue
        header, data_rows, dropped_rows = count_rows(_rows(sheet), above + 1, columns)
        return Table(
            format="xlsx",
            header=header,
            columns=columns,
            header_row=above + 1,
            data_rows=data_rows,
            dropped_rows=dropped_rows,
            source=partial(_rows, sheet),
            merges=_merges(sheet, columns),
            sheet=name,
        )
    raise failure


def _sheet_names(workbook: CalamineWorkbook) -> list[str]:
    shown = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    return shown[:SHEETS_MAX]


def _rows(sheet: CalamineSheet) -> Iterator[Sequence[Raw]]:
    return iter(sheet.iter_rows())


def _merges(sheet: CalamineSheet, columns: Mapping[str, int]) -> tuple[tuple[int, int, int], ...]:
    places = {columns[field] for field in FILL_DOWN if field in columns}
    return tuple(
        sorted(
            (left, top + 1, bottom + 1)
            for (top, left), (bottom, _) in sheet.merged_cell_ranges or ()
            if bottom > top and left in places
        )
    )


def _open(data: bytes) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(BytesIO(data))
    except BaseException as error:  # noqa: BLE001 - a panic of the reader is no Exception
        raise _unreadable(error) from None


def _sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except BaseException as error:  # noqa: BLE001 - a panic of the reader is no Exception
        raise _unreadable(error) from None


def _unreadable(error: BaseException) -> BaseException:
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return MalformedError("roster workbook: it cannot be read", code="roster-not-a-workbook")
    return error
