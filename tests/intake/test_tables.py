"""Tables: rows counted once before any is used, repeated headers and totals left out."""

from collections.abc import Iterator, Sequence

import pytest

from ledger.domain.occupations import policy_table
from ledger.errors import MalformedError
from ledger.intake.cells import Raw
from ledger.intake.headers import COLUMNS_MAX
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from ledger.intake.tables import ROWS_MAX, Table, count_rows
from tests.intake.roster_samples import HEADER, csv_text, refused, row

OCCUPATIONS = policy_table()
HEAD: tuple[str, ...] = ("姓名", "身份证号")
COLUMNS = {"name": 0, "id_number": 1}
LINE = ("胡芳雨", "330199199505192154")


def counted(*rows: Sequence[Raw], header_row: int = 1) -> tuple[tuple[str, ...], int, int]:
    return count_rows(iter(rows), header_row, COLUMNS)


def test_too_many_rows_are_refused() -> None:
    lines = (HEADER, *(["", "1"] for _ in range(100_001)))
    text = "\n".join(",".join(line) for line in lines)
    assert refused(text.encode()) == "roster-too-many-rows"


def test_title_totals_and_signatures_are_left_out_with_a_count() -> None:
    text = csv_text(
        [row(), row(), [], ["合计", "2人"], ["填表人：某某", "", "审核人：某某"], list(HEADER)]
    )
    table = read_roster(("某某学校花名册,,\n填报单位：某某,,\n" + text).encode())
    assert (table.header_row, table.data_rows, table.dropped_rows) == (3, 2, 3)
    assert [each.file_row for each in parse_rows(table, OCCUPATIONS)] == [4, 5]


def test_rows_about_people_are_counted_and_the_rest_told_apart() -> None:
    assert counted(
        ["花名册"], HEAD, LINE, [], ["", ""], HEAD, LINE, ["合计", "2人"], header_row=2
    ) == (
        HEAD,
        2,
        2,
    )


def test_headings_are_given_as_text() -> None:
    assert counted(["姓名", 2023.0], LINE)[0] == ("姓名", "2023")


@pytest.mark.parametrize(
    ("rows", "code"),
    [(ROWS_MAX - 1, None), (ROWS_MAX, None), (ROWS_MAX + 1, "roster-too-many-rows")],
)
def test_a_roster_may_have_the_most_rows_and_none_more(rows: int, code: str | None) -> None:
    """Totals and blank rows do not count."""

    def lines() -> Iterator[Sequence[Raw]]:
        yield HEAD
        yield from (LINE for _ in range(rows))
        yield ["合计", ""]

    if code is None:
        assert count_rows(lines(), 1, COLUMNS) == (HEAD, rows, 1)
    else:
        with pytest.raises(MalformedError) as caught:
            count_rows(lines(), 1, COLUMNS)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("width", "code"),
    [(COLUMNS_MAX - 1, None), (COLUMNS_MAX, None), (COLUMNS_MAX + 1, "roster-too-many-columns")],
)
def test_a_row_may_have_the_most_columns_and_none_more(width: int, code: str | None) -> None:
    line = [*LINE, *([""] * (width - 2))]
    if code is None:
        assert counted(HEAD, line)[1] == 1
    else:
        with pytest.raises(MalformedError, match="row 2") as caught:
            counted(HEAD, line)
        assert caught.value.code == code


@pytest.mark.parametrize("rows", [[HEAD], [HEAD, [], ["合计", "0人"]], [HEAD, HEAD], []])
def test_a_header_without_people_is_an_empty_roster(rows: list[Sequence[Raw]]) -> None:
    with pytest.raises(MalformedError) as caught:
        counted(*rows)
    assert caught.value.code == "roster-empty"


def test_a_table_gives_the_rows_that_were_counted_and_each_time_anew() -> None:
    rows = [["花名册"], HEAD, LINE, HEAD, [], LINE, ["填表人：某某"]]
    header, data_rows, dropped = counted(*rows, header_row=2)
    table = Table("csv", header, COLUMNS, 2, data_rows, dropped, lambda: iter(rows))
    for _ in range(2):
        found = list(table.rows())
        assert found == [(3, LINE), (6, LINE)]
        assert len(found) == table.data_rows
    assert table.dropped_rows == 2


def test_a_row_that_only_begins_as_the_header_does_is_a_row() -> None:
    assert counted(HEAD, ("姓名", LINE[1]))[1] == 1
