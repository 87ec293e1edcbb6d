"""Completion rosters about synthetic people, as a school would send them."""

import csv
import io
from collections.abc import Iterable

HEADER = (
    *("姓名", "身份证号", "联系电话", "人员类别", "培训类型", "职业(工种)", "职业编码", "培训等级"),
    *("班级编号", "班级名称", "开班日期", "结班日期", "理论课时", "实操课时", "线上课时", "出勤率"),
    *("考核日期", "理论成绩", "实操成绩", "评定结果"),
)
RIGHT = {
    "人员类别": "企业职工",
    "培训类型": "技能提升培训",
    "职业(工种)": "养老护理员",
    "职业编码": "4-10-01-05",
    "培训等级": "五级/初级工",
    "班级编号": "JL2025001",
    "班级名称": "养老护理员初级工班",
    "开班日期": "2025-03-03",
    "结班日期": "2025-04-11",
    "理论课时": "40",
    "实操课时": "80",
    "线上课时": "0",
    "出勤率": "88%",
    "考核日期": "2025-04-14",
    "理论成绩": "93",
    "实操成绩": "83",
    "评定结果": "合格",
}


def row(name: str, id_number: str, phone: str = "", **changes: str) -> list[str]:
    """Give a right row about a person, with some columns changed."""
    values = {"姓名": name, "身份证号": id_number, "联系电话": phone, **RIGHT, **changes}
    assert values.keys() == set(HEADER), values.keys() ^ set(HEADER)
    return [values[column] for column in HEADER]


def csv_bytes(rows: Iterable[Iterable[str]]) -> bytes:
    """Write rows under the header as CSV in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()
