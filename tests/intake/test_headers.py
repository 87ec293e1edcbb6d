"""Headers: found by any of their words, in any order; rows about a person told from the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.occupations import fold, policy_table
from ledger.errors import MalformedError
from ledger.intake.cells import Raw
from ledger.intake.headers import (
    COLUMNS_MAX,
    FILL_DOWN,
    HEADER_ROWS_MAX,
    SYNONYMS,
    find_header,
    is_data_row,
    match_header,
    missing_columns,
)
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from tests.intake.roster_samples import HEADER, csv_text, refused, row

OCCUPATIONS = policy_table()
COLUMNS = match_header(HEADER)
NUMBER = "330199199505192154"


def test_headers_are_found_in_any_order_and_wording() -> None:
    words = {
        "身份证号": "*公民身份號碼",
        "职业(工种)": "職業（工種）",
        "证书编号": "證書編碼",
        "开班日期": "培训开始日期\n(必填)",
    }
    header = [words.get(word, word) for word in reversed(HEADER)]
    table = read_roster(csv_text([row()[::-1]], header=header).encode())
    (found,) = parse_rows(table, OCCUPATIONS)
    (right,) = parse_rows(read_roster(csv_text([row()]).encode()), OCCUPATIONS)
    assert right.command is not None
    assert found.command == right.command


@pytest.mark.parametrize(
    ("field", "word"), [(field, word) for field, words in SYNONYMS.items() for word in words]
)
def test_each_word_finds_its_column_in_each_decoration(field: str, word: str) -> None:
    wide = word.replace("(", "（").replace(")", "）")
    for heading in (
        word,
        wide,
        f"*{word}",
        f"{word}：",
        f" {word[:1]} {word[1:]}\n",
        f"{word}（必填）",
        f"{word}[说明]",
    ):
        found = match_header(["序号", heading])
        assert found == {field: 1}, heading


def test_no_word_stands_for_two_columns() -> None:
    words = [fold(word) for words in SYNONYMS.values() for word in words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("traditional", "field"),
    [
        ("學員姓名", "name"),
        ("公民身份證號碼", "id_number"),
        ("聯係電話", "phone"),
        ("職業（工種）", "occupation"),
        ("職業編碼", "occupation_code"),
        ("培訓等級", "level"),
        ("班級編號", "class_number"),
        ("開班日期", "start"),
        ("結業日期", "end"),
        ("培訓起止時間", "period"),
        ("理論課時（課時）", "theory"),
        ("實操課時", "practice"),
        ("線上學時", "online"),
        ("評定結果", "result"),
        ("證書編號", "certificate_number"),
        ("發證日期", "issued"),
    ],
)
def test_traditional_headings_find_their_columns(traditional: str, field: str) -> None:
    assert match_header([traditional]) == {field: 0}


@given(st.permutations(HEADER))
def test_columns_are_found_in_any_order(header: list[str]) -> None:
    found = match_header(header)
    assert {field: header[place] for field, place in found.items()} == {
        field: HEADER[place] for field, place in COLUMNS.items()
    }


def test_the_better_word_wins_wherever_it_stands() -> None:
    assert match_header(["班级", "班级名称"]) == {"class_name": 1}
    assert match_header(["班级名称", "班级"]) == {"class_name": 0}


def test_one_word_over_two_columns_is_refused_with_their_places() -> None:
    with pytest.raises(MalformedError, match="columns 1 and 3") as caught:
        match_header(["姓名", "x", "姓 名"])
    assert caught.value.code == "roster-header-repeated"


@pytest.mark.parametrize("cell", ["", "姓" * 51, "*" * 49 + "姓名", 1.0, True, "姓名们"])
def test_what_is_no_heading_is_passed_over(cell: Raw) -> None:
    assert match_header([cell]) == {}


def test_a_heading_of_fifty_signs_is_still_read() -> None:
    assert match_header(["*" * 48 + "姓名"]) == {"name": 0}


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ({"name"}, ["姓名"]),
        ({"id_number"}, ["身份证号"]),
        ({"occupation"}, []),
        ({"occupation", "occupation_code"}, ["职业(工种) / 职业编码"]),
        ({"start"}, ["开班日期 / 培训时间"]),
        ({"theory", "practice"}, []),
        ({"theory", "practice", "online"}, ["理论课时 / 实操课时 / 线上课时"]),
        ({"phone", "certificate_number", "attendance", "class_name"}, []),
    ],
)
def test_what_a_header_lacks_is_named(without: set[str], missing: list[str]) -> None:
    left = {field: place for field, place in COLUMNS.items() if field not in without}
    assert missing_columns(left) == missing


def test_one_column_of_the_period_stands_for_both_days() -> None:
    left = {field: place for field, place in COLUMNS.items() if field not in {"start", "end"}}
    assert missing_columns({**left, "period": 0}) == []


@pytest.mark.parametrize(
    ("above", "is_found"),
    [(0, True), (HEADER_ROWS_MAX - 2, True), (HEADER_ROWS_MAX - 1, True), (HEADER_ROWS_MAX, False)],
)
def test_the_header_stands_among_the_first_rows(above: int, *, is_found: bool) -> None:
    rows = [["某校花名册"]] * above + [list(HEADER)]
    if is_found:
        assert find_header(rows) == (above, COLUMNS)
    else:
        with pytest.raises(MalformedError) as caught:
            find_header(rows)
        assert caught.value.code == "roster-header-missing"


def test_a_missing_header_names_what_the_best_row_lacks() -> None:
    with pytest.raises(MalformedError, match=r"missing: 评定结果$"):
        find_header([["姓名"], [word for word in HEADER if word != "评定结果"], ["身份证号"]])


@pytest.mark.parametrize(
    ("columns", "code"),
    [(COLUMNS_MAX - 1, None), (COLUMNS_MAX, None), (COLUMNS_MAX + 1, "roster-too-many-columns")],
)
def test_a_header_may_have_the_most_columns_and_none_more(columns: int, code: str | None) -> None:
    more = [f"备用{number}" for number in range(columns - len(HEADER))]
    data = csv_text([row()], header=[*HEADER, *more]).encode()
    if code is None:
        assert len(read_roster(data).header) == columns
    else:
        assert refused(data) == code


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["", " ", "-"],
        ["合计"],
        ["合 計", "40人"],
        ["总计：", "40"],
        ["合计人数", "40"],
        ["填表人：某某", ""],
        ["審核人", ""],
        ["", "", "单位盖章"],
        ["备注(一)", ""],
        ["说明：见附件", ""],
    ],
)
def test_totals_signatures_notes_and_blank_rows_are_about_nobody(cells: list[Raw]) -> None:
    assert not is_data_row(cells, 1)


@pytest.mark.parametrize(
    "cells",
    [
        ["胡芳雨", NUMBER],
        ["胡芳雨", ""],
        ["胡芳雨"],
        ["", NUMBER],
        ["", 330199199505192154.0],
        ["合计", NUMBER],
        ["合计", "1" * 15],
        ["注安安", ""],
        ["1", "胡芳雨"],
        [1.0, ""],
    ],
)
def test_rows_with_a_name_or_an_id_number_are_about_a_person(cells: list[Raw]) -> None:
    assert is_data_row(cells, 1)


def test_an_id_number_of_fourteen_signs_under_a_total_is_a_total() -> None:
    assert not is_data_row(["合计", "1" * 14], 1)


def test_nothing_of_a_person_is_ever_filled() -> None:
    personal = {"name", "id_number", "phone", "sex", "categories", "result", "certificate_number"}
    assert set(FILL_DOWN) <= set(SYNONYMS)
    assert not personal & set(FILL_DOWN)
    assert not any("score" in field for field in FILL_DOWN)
