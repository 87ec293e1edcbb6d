"""Rows of rosters: the shared files to the letter, and one defect at a time."""

import json
import re
import tracemalloc
from datetime import date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.identifiers import id_check_character
from ledger.domain.occupations import policy_table
from ledger.errors import MalformedError
from ledger.intake.findings import RosterRow
from ledger.intake.messages import MESSAGES
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from tests.intake.roster_samples import HEADER, RIGHT, csv_text, row, workbook
from tests.shared_data import shared

OCCUPATIONS = policy_table()
STATE_CODES = {"duplicate-row", "id-name-conflict"}


def read_one(**changes: str) -> RosterRow:
    (found,) = parse_rows(read_roster(csv_text([row(**changes)]).encode()), OCCUPATIONS)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "completions.csv",
        "completions_gb18030.csv",
        "completions_bom.csv",
        "completions_dirty.csv",
        "completions_dirty.xlsx",
    ],
)
def test_the_shared_rosters_give_exactly_what_is_expected(name: str) -> None:
    """Codes that depend on the ledger's state are a service's; such rows must read cleanly."""
    expected = json.loads(shared("data/rosters/expected.json").read_bytes())[name]
    data = shared(f"data/rosters/{name}").read_bytes()
    found = list(parse_rows(read_roster(data, name), OCCUPATIONS))
    assert len(found) == len(expected)
    for want, got in zip(expected, found, strict=True):
        assert got.row == want["row"]
        if STATE_CODES & set(want["codes"]):
            assert (got.codes, got.problems) == ((), ())
            assert got.command is not None
            continue
        assert list(got.codes) == want["codes"]
        assert (got.command is not None) == (want["outcome"] == "accepted")
        values = want["normalized"]
        if values is not None:
            values = {key: value for key, value in values.items() if key != "credits"}
        assert got.normalized == values


def test_a_right_row_becomes_a_command() -> None:
    found = read_one()
    assert found.codes == ()
    command = found.command
    assert command is not None
    assert command.person.phone == "18035746282"
    assert command.person.categories == ("职业农民",)
    assert command.training_class.number == "ZJ20230008"
    assert command.level == 1
    assert command.hours == {"theory": 48, "practice": 72, "online": 16}
    assert command.attendance == Fraction(86, 100)
    assert command.assessment.scores == {"theory": "72", "practice": "83"}
    assert command.certificate is not None
    assert command.certificate.issued == date(2023, 7, 22)
    assert [warning.code for warning in found.warnings] == ["id-county-unknown"]


@pytest.mark.parametrize(
    ("column", "raw", "code"),
    [
        ("姓名", "=1+1", "name-invalid"),
        ("姓名", "张三、李四", "name-multiple"),
        ("身份证号", "", "id-missing"),
        ("身份证号", "3.30199E+17", "id-excel-exponent"),
        ("职业(工种)", "御剑飞行师", "occupation-mismatch"),
        ("职业编码", "9-99-99-99", "occupation-unknown"),
        ("培训等级", "", "level-unknown"),
        ("班级编号", "", "class-number-missing"),
        ("班级编号", "a\x07b", "text-invalid"),
        ("班级名称", "长" * 201, "text-too-long"),
        ("班级名称", "长" * 1001, "text-too-long"),
        ("开班日期", "", "date-missing"),
        ("开班日期", "2023.2.30", "date-impossible"),
        ("开班日期", "5/4/2023", "date-impossible"),
        ("开班日期", "2023-06-26", "date-order"),
        ("结班日期", "2023-05-03", "date-order"),
        ("考核日期", "2023-05-03", "date-order"),
        ("考核日期", "2023-07-23", "date-order"),
        ("考核日期", "soon", "date-impossible"),
        ("发证日期", "2023-06-24", "date-order"),
        ("发证日期", "", "date-missing"),
        ("发证日期", "2024-01-02", "certificate-number-mismatch"),
        ("证书编号", "", "certificate-number-missing"),
        ("证书编号", "S00003384077623500000", "certificate-number-format"),
        ("证书编号", "S000033840776234000001", "certificate-number-mismatch"),
        ("理论课时", "若干", "hours-invalid"),
        ("理论课时", "-8", "hours-invalid"),
        ("理论课时", "5天", "hours-invalid"),
        ("理论课时", "40小时", "hours-invalid"),
        ("理论课时", "10000", "hours-invalid"),
        ("出勤率", "120%", "attendance-invalid"),
        ("出勤率", "1.5", "attendance-invalid"),
        ("理论成绩", "好", "score-invalid"),
        ("评定结果", "", "result-missing"),
        ("评定结果", "也许", "result-unknown"),
    ],
)
def test_a_defect_stops_the_row_with_its_code(column: str, raw: str, code: str) -> None:
    found = read_one(**{column: raw})
    assert found.codes == (code,)
    assert (found.command, found.normalized) == (None, None)
    for problem in found.problems:
        assert problem.row == 1
        assert problem.column in HEADER
        assert problem.expected.zh_hans
        assert problem.fix.en


@pytest.mark.parametrize(
    ("column", "raw"),
    [
        ("开班日期", "2023.5.4"),
        ("开班日期", "45050"),
        ("开班日期", "2023年5月4日"),
        ("开班日期", "2023-05-04 00:00:00"),
        ("理论课时", "48课时"),
        ("理论课时", "四十八"),
        ("理论课时", "48.0"),
        ("理论课时", "４８"),
        ("出勤率", "86"),
        ("评定结果", "通過"),
        ("证书编号", "s000033840776235OOOOO1"),
        ("证书类型", "職業技能等級證書"),
        ("职业(工种)", "農業經理人"),
        ("职业(工种)", "农业经理人L"),
        ("联系电话", "18035746282.0"),
        ("培训等级", "初级"),
    ],
)
def test_cleaned_values_give_the_same_record_and_a_note(column: str, raw: str) -> None:
    found = read_one(**{column: raw})
    assert found.codes == ("normalized",)
    assert found.command == read_one().command


def test_a_row_with_several_defects_reports_all_of_them() -> None:
    found = read_one(
        姓名="", 身份证号="1", 培训等级="九级", 理论课时="x", 评定结果="", 开班日期="x"
    )
    assert found.codes == (
        "name-missing", "id-format", "date-impossible", "level-unknown", "hours-invalid",
        "result-missing",
    )  # fmt: skip


def test_days_ask_for_class_hours() -> None:
    (problem,) = read_one(理论课时="5天").problems
    assert "课时" in problem.fix.zh_hans
    assert "class hours" in problem.fix.en


def test_no_certificate_is_none_and_a_dash_is_none() -> None:
    assert read_one(证书编号="", 发证日期="", 证书类型="").codes == ()
    found = read_one(证书编号="--", 发证日期="-")
    assert found.command is not None
    assert found.command.certificate is None


def test_a_range_in_one_cell_gives_both_days() -> None:
    found = read_one(开班日期="2023-5-4至6-24", 结班日期="")
    assert found.codes == ("normalized",)
    assert found.command == read_one().command
    assert read_one(开班日期="2023-5-4至6-24", 结班日期="2023-06-25").codes == ("date-impossible",)


def test_a_range_column_stands_for_both() -> None:
    header = ["培训起止时间" if word == "开班日期" else word for word in HEADER]
    place = header.index("结班日期")
    cells = row(开班日期="2023年5月4日-2023年6月24日")
    data = csv_text(
        [cells[:place] + cells[place + 1 :]], header=[*header[:place], *header[place + 1 :]]
    )
    (found,) = parse_rows(read_roster(data.encode()), OCCUPATIONS)
    assert found.command == read_one().command


def test_a_bad_phone_is_dropped_and_never_stops_a_row() -> None:
    found = read_one(联系电话="1.38E+10")
    assert found.command is not None
    assert found.command.person.phone is None
    assert found.codes == ()
    assert "phone-dropped" in [warning.code for warning in found.warnings]


def test_suggestions_come_with_what_is_ambiguous() -> None:
    (problem,) = read_one(**{"职业(工种)": "维修电工", "职业编码": ""}).problems
    assert (problem.code, problem.suggestions) == ("occupation-ambiguous", ("6-31-01-03 电工",))


def test_what_points_to_a_person_is_masked_in_reports() -> None:
    found = read_one(
        姓名="张三、李四", 身份证号="330199199505192155", 理论课时="330199199505192154"
    )
    shown = {problem.field: problem.masked_found for problem in found.problems}
    assert shown["name"] == "张*"
    assert shown["id_number"] == "330***********2155"
    assert shown["theory"] == "330***********2154"
    assert [problem.personal for problem in found.problems] == [True, True, False]


def test_rows_shorter_and_longer_than_the_header() -> None:
    lines = [row(), row()[:19], [*row(), "", ""], [*row(), "more"]]
    found = list(parse_rows(read_roster(csv_text(lines).encode()), OCCUPATIONS))
    assert [each.codes for each in found] == [(), ("result-missing",), (), ("row-too-long",)]


def test_warnings_do_not_stop_a_row() -> None:
    number = "33019920100101001" + id_check_character("33019920100101001")
    header = ["性别", *HEADER]
    data = csv_text([["女", *row(考核日期="2023-06-20", 身份证号=number)]], header=header)
    (found,) = parse_rows(read_roster(data.encode()), OCCUPATIONS)
    assert found.command is not None
    assert {warning.code for warning in found.warnings} == {
        "id-county-unknown",
        "assessment-before-end",
        "id-sex-mismatch",
        "age-under-16",
    }


def test_real_dates_and_numbers_of_a_workbook_are_not_cleaned() -> None:
    values: dict[str, object] = dict(RIGHT)
    values |= {
        "开班日期": datetime(2023, 5, 4),  # noqa: DTZ001 - cells have no zone
        "结班日期": 45101,
        "理论课时": 48.0,
        "实操课时": 72,
        "出勤率": 0.86,
        "联系电话": 18035746282,
        "理论成绩": 72.0,
    }
    (found,) = parse_rows(read_roster(workbook([HEADER, values.values()])), OCCUPATIONS)
    assert found.codes == ()
    assert found.command == read_one().command


def test_an_id_number_stored_as_a_number_has_lost_its_end() -> None:
    values = {**RIGHT, "身份证号": 330199199505192154}
    (found,) = parse_rows(read_roster(workbook([HEADER, values.values()])), OCCUPATIONS)
    assert found.codes == ("id-excel-truncated",)


def test_rows_are_read_as_they_are_asked_for() -> None:
    data = csv_text([row()] * 5000).encode()
    tracemalloc.start()
    count = sum(1 for _ in parse_rows(read_roster(data), OCCUPATIONS))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5000
    assert peak < 6_000_000


pieces = st.sampled_from(
    [
        "",
        "-",
        "1",
        "0",
        "２０２３",
        "2023-05-04",
        "2023.2.30",
        "45050",
        "四级",
        "=x",
        '"',
        "\n",
        "\t",
        ",",
        "，",
        "%",
        "86%",
        "天",
        "课时",
        "1e5",
        "NaN",
        "inf",
        "张三",
        "·",
        "\ufeff",
        "\u200b",
        "𠮷",
        "9" * 18,
        "X",
        "至",
        "合格",
        "六十",
    ]
)


@given(st.dictionaries(st.sampled_from(HEADER), st.lists(pieces, max_size=4).map("".join)))
def test_near_right_rows_give_a_command_or_known_problems(changes: dict[str, str]) -> None:
    data = csv_text([row(**changes)]).encode()
    try:
        rows = list(parse_rows(read_roster(data), OCCUPATIONS))
    except MalformedError as error:
        rows = []
        known = error.code in MESSAGES
    else:
        known = True
    assert known
    for found in rows:
        assert (found.command is None) == bool(found.problems)
        assert (found.normalized is None) == bool(found.problems)
        for problem in (*found.problems, *found.warnings):
            assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", problem.code)
            assert problem.expected.en
            assert isinstance(problem.masked_found, str)
