"""The header of a roster: which column is which, and which rows below it are data.

Headers are found by synonyms in any order, simplified or traditional, with full-width brackets,
blanks, an asterisk or （必填）. Titles may stand above; totals and signatures below are dropped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ledger.domain.occupations import fold
from ledger.errors import MalformedError
from ledger.intake.cells import Raw, is_blank

HEADER_ROWS_MAX: Final = 30
COLUMNS_MAX: Final = 200

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "name": ("姓名", "学员姓名", "学生姓名", "名字", "aac003"),
        "id_number": (
            "身份证号",
            "身份证号码",
            "公民身份号码",
            "公民身份证号码",
            "证件号码",
            "证件号",
            "居民身份证号码",
            "居民身份证号",
            "社会保障号",
            "社会保障号码",
            "身份证",
            "aac002",
        ),
        "phone": ("联系电话", "手机号码", "手机号", "手机", "电话", "联系方式", "aae005"),
        "sex": ("性别", "aac004"),
        "categories": ("人员类别", "人员类型", "人员身份", "bcc006"),
        "training_type": ("培训类型", "培训类别", "acf004"),
        "occupation": (
            "职业(工种)",
            "职业名称",
            "培训职业(工种)",
            "职业工种",
            "职业",
            "培训工种",
            "鉴定职业",
            "工种",
            "工种名称",
            "aca112",
        ),
        "occupation_code": ("职业编码", "职业代码", "工种编码", "职业(工种)编码", "aca111"),
        "level": (
            "培训等级",
            "职业技能等级",
            "等级",
            "级别",
            "技能等级",
            "职业等级",
            "鉴定等级",
            "bac015",
        ),
        "class_number": ("班级编号", "班级编码", "班级号", "班号", "开班编号", "acf003"),
        "class_name": ("班级名称", "班级", "班名", "acf015"),
        "start": ("开班日期", "开班时间", "培训开始日期", "培训开始时间", "开始日期"),
        "end": (
            "结班日期",
            "结班时间",
            "结业日期",
            "结业时间",
            "培训结束日期",
            "培训结束时间",
            "结束日期",
        ),
        "period": ("培训时间", "培训起止时间", "培训起止日期", "起止时间", "起止日期", "培训日期"),
        "theory": ("理论课时", "理论学时", "理论培训课时", "理论课时数"),
        "practice": (
            "实操课时",
            "实操学时",
            "实训课时",
            "实训学时",
            "操作课时",
            "技能课时",
            "实操课时数",
        ),
        "online": ("线上课时", "线上学时", "网络课时", "网上课时", "在线课时", "线上课时数"),
        "attendance": ("出勤率", "到课率", "考勤率"),
        "assessed": (
            "考核日期",
            "考核时间",
            "考试日期",
            "考试时间",
            "鉴定日期",
            "评价日期",
            "评定日期",
        ),
        "theory_score": ("理论成绩", "理论考试成绩", "理论知识成绩", "acc009"),
        "practice_score": ("实操成绩", "技能成绩", "操作成绩", "操作技能成绩", "acc010"),
        "overall_score": ("综合成绩", "总成绩", "总评成绩"),
        "result": (
            "评定结果",
            "考核结果",
            "鉴定结果",
            "评定成绩",
            "是否合格",
            "结果",
            "考核结论",
            "acc011",
        ),
        "certificate_type": ("证书类型", "证书类别", "证书名称"),
        "certificate_number": ("证书编号", "证书号", "证书编码", "证书号码", "bcc012"),
        "issued": ("发证日期", "发证时间", "颁证日期", "bcc013"),
        "assessor": ("评价机构", "评价机构名称", "发证单位", "发证机构", "bdf151"),
    }
)
"""Words for each column, simplified and folded; the first that is found wins."""

_FIELDS: Final = MappingProxyType(
    {
        fold(word): (field, rank)
        for field, words in SYNONYMS.items()
        for rank, word in enumerate(words)
    }
)
_NEEDED: Final = (
    ("name",),
    ("id_number",),
    ("occupation", "occupation_code"),
    ("level",),
    ("class_number",),
    ("start", "period"),
    ("end", "period"),
    ("theory", "practice", "online"),
    ("result",),
)
_DECORATION: Final = re.compile(r"[*＊:：]|\((必填|选填|必填项|节|课时|学时)\)|\[.*?\]")
_FOOTER: Final = re.compile(
    r"(合计|总计|小计|共计|填表人|制表人|审核人|复核人|经办人|负责人|填报人|填报单位|填报日期|单位盖章|盖章|"
    r"培训机构|联系人|备注|注|说明|签字|签名|本页)(?=$|[\s:：(（0-9]|人数|\S*[:：])"
)

_ID_LENGTH_MIN: Final = 15

FILL_DOWN: Final = (
    "class_number",
    "class_name",
    "training_type",
    "occupation",
    "occupation_code",
    "level",
    "start",
    "end",
    "period",
)
"""Columns of the class, which rosters merge over its rows. Nothing of a person is ever filled."""


def match_header(cells: Sequence[Raw]) -> dict[str, int]:
    """Give the place of each known column in a row.

    Raises:
        MalformedError: With code ``roster-header-repeated``, if one word heads two columns.
    """
    places: dict[str, tuple[int, int]] = {}
    for place, cell in enumerate(cells):
        if not isinstance(cell, str) or not 0 < len(cell) <= 50:  # noqa: PLR2004 - no header is longer
            continue
        known = _FIELDS.get(_DECORATION.sub("", fold(cell)))
        if known is None:
            continue
        field, rank = known
        if field in places and places[field][0] == rank:
            raise MalformedError(
                f"roster header: columns {places[field][1] + 1} and {place + 1} have one heading",
                code="roster-header-repeated",
            )
        if field not in places or rank < places[field][0]:
            places[field] = (rank, place)
    return {field: place for field, (_, place) in places.items()}


def missing_columns(columns: Mapping[str, int]) -> list[str]:
    """Give the words for what a header lacks."""
    return [
        " / ".join(SYNONYMS[field][0] for field in fields)
        for fields in _NEEDED
        if not any(field in columns for field in fields)
    ]


def find_header(rows: Iterable[Sequence[Raw]]) -> tuple[int, dict[str, int]]:
    """Find the header among the first rows.

    Returns:
        How many rows stand above it, and the place of each known column.

    Raises:
        MalformedError: With code ``roster-header-missing``, naming what the best row lacks;
            ``roster-header-repeated``.
    """
    best: dict[str, int] = {}
    for number, cells in enumerate(rows):
        if number >= HEADER_ROWS_MAX:
            break
        try:
            columns = match_header(cells)
        except MalformedError:
            if best:
                continue
            raise
        if not missing_columns(columns):
            return number, columns
        if len(columns) > len(best):
            best = columns
    lacking = ", ".join(missing_columns(best))
    raise MalformedError(
        f"roster: no header row found in the first {HEADER_ROWS_MAX} rows; missing: {lacking}",
        code="roster-header-missing",
    )


def is_data_row(cells: Sequence[Raw], id_place: int) -> bool:
    """Tell a row about a person from totals, signatures, notes and blank rows."""
    found = cells[id_place] if id_place < len(cells) else ""
    # In a totals row anything short may stand under the ID numbers: 合计, 40人.
    if not isinstance(found, str) or len(found) >= _ID_LENGTH_MIN:
        return True
    first = next((cell for cell in cells if not is_blank(cell)), None)
    if first is None:
        return False
    return not (isinstance(first, str) and _FOOTER.match(fold(first)))
