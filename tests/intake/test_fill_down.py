"""What merged cells left blank is filled for the class, and never for a person."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.occupations import policy_table
from ledger.intake.cells import Raw
from ledger.intake.fill_down import FillDown
from ledger.intake.headers import FILL_DOWN
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from ledger.intake.tables import Table
from tests.intake.roster_samples import HEADER, csv_text, row, workbook

OCCUPATIONS = policy_table()
COLUMNS = {"name": 0, "class_number": 1, "end": 2, "level": 3}


def table(
    merges: Iterable[tuple[int, int, int]] = (), columns: dict[str, int] | None = None
) -> Table:
    places = COLUMNS if columns is None else columns
    return Table("xlsx", tuple(places), places, 1, 9, 0, lambda: iter(()), tuple(merges))


def filled(fill: FillDown, file_row: int, *cells: Raw) -> tuple[list[Raw], tuple[str, ...]]:
    found = list(cells)
    return found, fill.fill(file_row, found)


def test_merged_class_cells_are_filled_and_reported_but_nothing_of_a_person() -> None:
    blank = (
        "培训类型",
        "职业(工种)",
        "职业编码",
        "培训等级",
        "班级编号",
        "班级名称",
        "开班日期",
        "结班日期",
    )
    second = row(身份证号="330199200306204330", **dict.fromkeys(blank, ""))
    third = row(姓名="", **dict.fromkeys(blank, ""))
    found = list(parse_rows(read_roster(csv_text([row(), second, third]).encode()), OCCUPATIONS))
    assert found[1].command is not None
    assert found[0].command is not None
    assert found[1].command.training_class == found[0].command.training_class
    filled = {warning.column for warning in found[1].warnings if warning.code == "filled-down"}
    assert filled == set(blank)
    assert found[2].codes == ("name-missing",)


def test_a_merged_cell_of_a_workbook_fills_its_own_rows_only() -> None:
    place = HEADER.index("结班日期")
    column = chr(ord("A") + place)
    rows = [HEADER, *([row(结班日期="")] * 3)]
    data = workbook(rows, {f"{column}2:{column}3": "2023-06-24"})
    found = list(parse_rows(read_roster(data), OCCUPATIONS))
    assert [each.codes for each in found] == [(), (), ("date-missing",)]


def test_a_blank_beside_its_own_class_number_is_a_blank() -> None:
    found = list(parse_rows(read_roster(csv_text([row(), row(结班日期="")]).encode()), OCCUPATIONS))
    assert found[1].codes == ("date-missing",)


def test_a_blank_class_number_takes_the_class_of_the_row_above() -> None:
    fill = FillDown(table())
    assert filled(fill, 2, "甲", "ZJ1", "2023-06-24", "五级")[1] == ()
    assert filled(fill, 3, "乙", "", "", "") == (
        ["乙", "ZJ1", "2023-06-24", "五级"],
        ("class_number", "level", "end"),
    )
    assert filled(fill, 4, "丙", "", "2023-06-24", "") == (
        ["丙", "ZJ1", "2023-06-24", "五级"],
        ("class_number", "level"),
    )


def test_a_class_cell_that_disagrees_stops_the_filling() -> None:
    fill = FillDown(table())
    filled(fill, 2, "甲", "ZJ1", "2023-06-24", "五级")
    assert filled(fill, 3, "乙", "", "2023-06-25", "") == (["乙", "", "2023-06-25", ""], ())


def test_a_blank_beside_a_class_number_stays_blank_though_it_is_the_same_class() -> None:
    fill = FillDown(table())
    filled(fill, 2, "甲", "ZJ1", "2023-06-24", "五级")
    assert filled(fill, 3, "乙", "ZJ1", "", "") == (["乙", "ZJ1", "", ""], ())


def test_the_first_row_and_a_blank_above_give_nothing() -> None:
    fill = FillDown(table())
    assert filled(fill, 2, "甲", "", "", "") == (["甲", "", "", ""], ())
    assert filled(fill, 3, "乙", "", "", "五级") == (["乙", "", "", "五级"], ())


def test_a_table_without_a_class_number_is_filled_by_its_merges_only() -> None:
    columns = {"name": 0, "end": 1, "level": 2}
    fill = FillDown(table([(1, 2, 3)], columns))
    filled(fill, 2, "甲", "2023-06-24", "五级")
    assert filled(fill, 3, "乙", "", "") == (["乙", "2023-06-24", ""], ("end",))


@pytest.mark.parametrize(
    ("first", "last", "is_filled"),
    [(2, 3, True), (2, 9, True), (1, 3, True), (3, 4, False), (1, 2, False)],
)
def test_a_merge_fills_from_its_first_row_to_its_last(
    first: int, last: int, *, is_filled: bool
) -> None:
    fill = FillDown(table([(2, first, last)]))
    filled(fill, 2, "甲", "ZJ1", "2023-06-24", "五级")
    assert filled(fill, 3, "乙", "ZJ1", "", "五级")[1] == (("end",) if is_filled else ())


def test_rows_left_out_inside_a_merge_do_not_break_it_but_its_head_must_be_above() -> None:
    fill = FillDown(table([(2, 2, 6), (2, 8, 12)]))
    filled(fill, 2, "甲", "ZJ1", "2023-06-24", "五级")
    assert filled(fill, 6, "乙", "ZJ1", "", "五级")[1] == ("end",)
    # Rows 7 to 9 were totals: the head of the second merge stood in one of them.
    assert filled(fill, 10, "丙", "ZJ1", "", "五级")[1] == ()


def test_a_merge_of_another_column_fills_nothing_here() -> None:
    fill = FillDown(table([(3, 2, 3)]))
    filled(fill, 2, "甲", "ZJ1", "2023-06-24", "五级")
    assert filled(fill, 3, "乙", "ZJ1", "", "") == (["乙", "ZJ1", "", "五级"], ("level",))


@given(st.lists(st.lists(st.sampled_from(["", "a", "b"]), min_size=4, max_size=4), max_size=8))
def test_only_blanks_of_class_columns_ever_change_and_only_to_the_row_above(
    rows: list[list[str]],
) -> None:
    fill = FillDown(table())
    above: list[Raw] = [""] * 4
    for number, cells in enumerate(rows, start=2):
        found, names = filled(fill, number, *cells)
        changed = {place for place in range(4) if found[place] != cells[place]}
        assert changed == {COLUMNS[name] for name in names}
        assert set(names) <= set(FILL_DOWN)
        assert all(cells[place] == "" and found[place] == above[place] for place in changed)
        above = found
