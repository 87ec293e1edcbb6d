"""A roster as a table: its header, where each column stands, and its rows, read when asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import MalformedError
from ledger.intake.cells import Raw, plain_text
from ledger.intake.headers import COLUMNS_MAX, is_data_row

ROWS_MAX: Final = 100_000
"""Most data rows in one roster."""


@dataclass(frozen=True, slots=True)
class Table:
    """A roster whose file was found sound.

    Attributes:
        format: ``csv`` or ``xlsx``.
        header: The headings as found.
        columns: Place of each known column, by its name in ``headers.SYNONYMS``.
        header_row: Row of the file in which the header stands, 1-based.
        data_rows: How many rows are about a person.
        dropped_rows: How many totals, signatures and repeated headers were left out.
        merges: Vertical merges as (column place, first row, last row), rows 1-based in the file.
        encoding: Encoding of a CSV file, else None.
        delimiter: Delimiter of a CSV file, else None.
        sheet: Name of the sheet of a workbook, else None.
        source: Gives all rows of the file anew.
    """

    format: str
    header: tuple[str, ...]
    columns: Mapping[str, int]
    header_row: int
    data_rows: int
    dropped_rows: int
    source: Callable[[], Iterator[Sequence[Raw]]]
    merges: tuple[tuple[int, int, int], ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None

    def rows(self) -> Iterator[tuple[int, Sequence[Raw]]]:
        """Give each data row with its row in the file, 1-based."""
        id_place = self.columns["id_number"]
        heading = self.header
        for file_row, cells in enumerate(self.source(), start=1):
            if file_row <= self.header_row or not is_data_row(cells, id_place):
                continue
            if not _repeats_header(cells, heading):
                yield file_row, cells


def _repeats_header(cells: Sequence[Raw], header: tuple[str, ...]) -> bool:
    return len(cells) > 0 and cells[0] == header[0] and tuple(map(plain_text, cells)) == header


def count_rows(
    rows: Iterator[Sequence[Raw]], header_row: int, columns: Mapping[str, int]
) -> tuple[tuple[str, ...], int, int]:
    """Go through all rows once, so that a file is refused before any row of it is used.

    Args:
        rows: All rows of the file.
        header_row: Row of the header, 1-based.
        columns: Place of each known column.

    Returns:
        The headings as found, the number of data rows, and the number of rows left out.

    Raises:
        MalformedError: With code ``roster-too-many-columns``, ``roster-too-many-rows`` or
            ``roster-empty``, or what the rows themselves raise.
    """
    id_place = columns["id_number"]
    header: tuple[str, ...] = ()
    data_rows = dropped_rows = 0
    for file_row, cells in enumerate(rows, start=1):
        if len(cells) > COLUMNS_MAX:
            raise MalformedError(
                f"roster, row {file_row}: {len(cells)} columns, expected at most {COLUMNS_MAX}",
                code="roster-too-many-columns",
            )
        if file_row <= header_row:
            header = tuple(map(plain_text, cells))
        elif is_data_row(cells, id_place) and not _repeats_header(cells, header):
            data_rows += 1
        elif any(cells):
            dropped_rows += 1
        if data_rows > ROWS_MAX:
            raise MalformedError(
                f"roster: expected at most {ROWS_MAX} rows", code="roster-too-many-rows"
            )
    if not data_rows:
        raise MalformedError("roster: found a header and no rows below it", code="roster-empty")
    return header, data_rows, dropped_rows
