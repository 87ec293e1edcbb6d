"""Filling what merged cells left blank: the class stands once, its people in the rows below it.

A blank cell of a class column is filled from the row above where the workbook says that both are
one merged cell; or, in any file, where the class number is blank too and each class cell that is
not blank agrees with the row above. A blank beside a class number of its own is a blank.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

from ledger.intake.cells import Raw
from ledger.intake.headers import FILL_DOWN
from ledger.intake.tables import Table

_NOTHING: Final[tuple[str, ...]] = ()


class FillDown:
    """Fills the rows of one table, which must come in order."""

    def __init__(self, table: Table) -> None:
        self._columns = {
            field: table.columns[field] for field in FILL_DOWN if field in table.columns
        }
        self._number_place = table.columns.get("class_number", -1)
        self._merges: dict[int, list[tuple[int, int]]] = {}
        for place, first, last in table.merges:
            self._merges.setdefault(place, []).append((first, last))
        self._above: dict[int, Raw] = {}
        self._above_row = 0

    def fill(self, file_row: int, cells: list[Raw]) -> tuple[str, ...]:
        """Fill a row in place.

        Args:
            file_row: Row in the file, 1-based.
            cells: The row, as long as the header at least.

        Returns:
            The columns that were filled.
        """
        filled = _NOTHING
        if not cells[self._number_place] or self._merges:
            filled = self._fill(file_row, cells)
        self._above = {place: cells[place] for place in self._columns.values()}
        self._above_row = file_row
        return filled

    def _fill(self, file_row: int, cells: list[Raw]) -> tuple[str, ...]:
        blank = {field: place for field, place in self._columns.items() if cells[place] == ""}
        if not blank or not self._above:
            return _NOTHING
        one_class = "class_number" in blank and self._agrees(cells, blank)
        filled = [
            field
            for field, place in blank.items()
            if self._above[place] != "" and (one_class or self._merged(place, file_row))
        ]
        for field in filled:
            cells[blank[field]] = self._above[blank[field]]
        return tuple(filled)

    def _agrees(self, cells: Sequence[Raw], blank: Mapping[str, int]) -> bool:
        return all(
            cells[place] == self._above[place]
            for field, place in self._columns.items()
            if field not in blank
        )

    def _merged(self, place: int, file_row: int) -> bool:
        """Tell whether this row and the one above it lie in one merged cell."""
        merges = self._merges.get(place)
        if not merges:
            return False
        number = bisect_left(merges, (file_row, 0)) - 1
        if number < 0:
            return False
        first, last = merges[number]
        return first <= self._above_row and first < file_row <= last
