"""What is said about each code, in simplified Chinese and English: one catalogue for all reports.

Keys are codes, or ``code:variant`` where one code has several causes. ``expected`` says what should
have stood there, ``fix`` what the school can do about it.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Text:
    """One text in two languages."""

    zh_hans: str
    en: str


@dataclass(frozen=True, slots=True)
class Message:
    """What is said about one code."""

    expected: Text
    fix: Text


def _message(expected: str, expected_en: str, fix: str, fix_en: str) -> Message:
    return Message(Text(expected, expected_en), Text(fix, fix_en))


_ID_CARD: Final = ("18 位证件号码", "an 18-character ID number")
_FROM_CARD: Final = ("对照证件重新填写", "Type it again from the card")
_AS_TEXT: Final = (
    "先把该列设为“文本”格式，再对照证件重新填写",
    "Format the column as text first, then type the number again from the card",
)
_ONE_NAME: Final = ("一个人的姓名", "the name of one person")
_A_DATE: Final = ("日期，如 2023-05-04", "a date such as 2023-05-04")
_HOURS: Final = ("0 至 9999 的课时数，如 40", "a number of class hours from 0 to 9999, such as 40")
_NUMBER_FORM: Final = (
    "该证书类型的编号，如职业技能等级证书为 Y 或 S 加 21 位数字",
    "a number in the form of its type, such as Y or S and 21 digits",
)
_SPLIT_FILE: Final = ("拆分文件后分批上传", "Split the file and upload the parts")
_SAVE_AGAIN: Final = (
    "用 Excel 或 WPS 另存为 .xlsx 或 CSV（UTF-8）后再上传",
    "Save it again as .xlsx or CSV (UTF-8) and upload that",
)

MESSAGES: Final = MappingProxyType(
    {
        "id-missing": _message(*_ID_CARD, "补填证件号码", "Fill in the ID number"),
        "id-format": _message(*_ID_CARD, *_FROM_CARD),
        "id-checksum": _message(
            "校验码正确的证件号码", "an ID number with the right check character", *_FROM_CARD
        ),
        "id-birth-date": _message(
            "第 7 至 14 位为真实日期", "a real date in places 7 to 14", *_FROM_CARD
        ),
        "id-excel-exponent": _message(
            "完整的 18 位号码；此处被 Excel 显示为科学计数",
            "all 18 characters; the spreadsheet turned them into an exponent",
            *_AS_TEXT,
        ),
        "id-excel-truncated": _message(
            "完整的 18 位号码；末尾数字被 Excel 改成了 0",
            "all 18 characters; the spreadsheet turned the last digits into zeros",
            *_AS_TEXT,
        ),
        "id-county-unknown": _message(
            "已知的县级区划代码",
            "a known county code",
            "请核对号码，可不修改",
            "Check it; it may stay",
        ),
        "id-converted": _message(
            *_ID_CARD,
            "已由 15 位旧号码换算，请核对",
            "Converted from an old 15-digit number; check it",
        ),
        "id-sex-mismatch": _message(
            "与证件号码一致的性别",
            "the sex that the ID number shows",
            "核对性别与号码",
            "Check both",
        ),
        "age-under-16": _message(
            "开班时年满 16 周岁",
            "16 years of age when the class began",
            "核对出生日期",
            "Check the birth date",
        ),
        "name-missing": _message(*_ONE_NAME, "补填姓名", "Fill in the name"),
        "name-multiple": _message(
            *_ONE_NAME,
            "每人一行，把多个姓名拆开；少数民族姓名用“·”分隔",
            "Give each person a row; join the parts of one name with ·",
        ),
        "name-lossy": _message(
            "没有丢失字的姓名",
            "a name without lost characters",
            "补上变成 ? 或 □ 的字，另存为 UTF-8 或 .xlsx",
            "Restore the characters that became ? or □, and save as UTF-8 or .xlsx",
        ),
        "name-invalid": _message(
            *_ONE_NAME, "去掉公式、数字和符号", "Take out formulas, digits and signs"
        ),
        "phone-dropped": _message(
            "电话号码",
            "a phone number",
            "该电话未记录，可补正",
            "It was not kept; you may correct it",
        ),
        "date-missing": _message(*_A_DATE, "补填日期", "Fill in the date"),
        "date-impossible": _message(*_A_DATE, "填写存在的日期", "Give a day that exists"),
        "date-impossible:range": _message(
            "与结束日期一致的起止日期",
            "a range that agrees with the end date",
            "起止日期只填一处",
            "Give the end date in one place only",
        ),
        "date-order": _message(
            "开班、结班、考核、发证依次不早于前一日期",
            "start, end, assessment and issue in this order",
            "核对各日期",
            "Check the dates",
        ),
        "assessment-before-end": _message(
            "考核不早于结班",
            "an assessment not before the last day",
            "请核对，可不修改",
            "Check it; it may stay",
        ),
        "hours-invalid": _message(*_HOURS, "填写课时数字", "Give a number of class hours"),
        "hours-invalid:unit": _message(
            *_HOURS,
            "请换算为课时后填写，系统不替您换算天数或小时",
            "Give class hours (課時); days and clock hours are not converted for you",
        ),
        "hours-invalid:none": _message(
            "至少一项大于 0 的课时",
            "hours above zero in at least one column",
            "补填理论、实操或线上课时",
            "Fill in theory, practice or online hours",
        ),
        "attendance-invalid": _message(
            "0 至 100% 的出勤率，如 86%",
            "a share from 0 to 100%, such as 86%",
            "用百分数填写",
            "Write it with a percent sign",
        ),
        "score-invalid": _message(
            "0 至 1000 的分数",
            "a score from 0 to 1000",
            "填写数字或留空",
            "Give a number or leave it empty",
        ),
        "level-unknown": _message(
            "等级，如 四级/中级工",
            "a level such as 四级/中级工",
            "按“五级/初级工”的写法填写",
            "Write it as in 五级/初级工",
        ),
        "occupation-unknown": _message(
            "职业分类大典中的职业",
            "an occupation of the table",
            "核对职业名称和编码",
            "Check name and code",
        ),
        "occupation-mismatch": _message(
            "名称与编码一致的职业",
            "a name and a code that agree",
            "核对职业名称和编码",
            "Check name and code",
        ),
        "occupation-ambiguous": _message(
            "唯一确定的现行职业",
            "exactly one present occupation",
            "从建议中选择并填写职业编码",
            "Choose from the suggestions and give the code",
        ),
        "occupation-old-name": _message(
            "现行职业名称",
            "the present name",
            "已按编码采用现行名称",
            "The present name was taken by its code",
        ),
        "occupation-work-type": _message(
            "职业名称",
            "the occupation's name",
            "括号内工种未记录",
            "The work type in brackets was not kept",
        ),
        "class-number-missing": _message(
            "班级编号", "a class number", "补填班级编号", "Fill in the class number"
        ),
        "result-missing": _message(
            "合格 或 不合格", "合格 or 不合格", "补填评定结果", "Fill in the result"
        ),
        "result-unknown": _message(
            "合格 或 不合格", "合格 or 不合格", "改为合格或不合格", "Write one of them"
        ),
        "certificate-number-missing": _message(
            *_NUMBER_FORM,
            "补填证书编号，或清空发证日期",
            "Fill in the number, or clear the date of issue",
        ),
        "certificate-number-format": _message(
            *_NUMBER_FORM, "对照证书重新填写", "Type it from the certificate"
        ),
        "certificate-number-mismatch": _message(
            "与等级、发证年份一致的编号",
            "a number that agrees with level and year of issue",
            "核对编号、等级和发证日期",
            "Check number, level and date of issue",
        ),
        "certificate-number-senior": _message(
            *_NUMBER_FORM,
            "特级、首席技师编号未公布规则，请核对",
            "The form for these levels is not published; check it",
        ),
        "certificate-type-missing": _message(
            "证书类型", "a certificate type", "补填证书类型", "Fill in the certificate type"
        ),
        "text-too-long": _message(
            "不超过 200 字", "at most 200 characters", "缩短内容", "Shorten it"
        ),
        "text-invalid": _message(
            "没有控制字符的文字",
            "text without control characters",
            "重新输入该单元格",
            "Type the cell again",
        ),
        "row-too-long": _message(
            "与表头同样多的单元格",
            "as many cells as the header has",
            "检查是否有未加引号的逗号使各列错位",
            "Look for an unquoted comma that shifted the columns",
        ),
        "filled-down": _message(
            "每行都填写",
            "a value in every row",
            "已按合并单元格用上一行补全，请核对",
            "Filled from the row above, as in merged cells; check it",
        ),
        "roster-empty": _message(
            "有数据的文件", "a file with rows", "确认选对了文件", "Check that it is the right file"
        ),
        "roster-too-large": _message("不超过 32 MiB", "at most 32 MiB", *_SPLIT_FILE),
        "roster-encoding": _message(
            "UTF-8、UTF-16 或 GB18030", "UTF-8, UTF-16 or GB18030", *_SAVE_AGAIN
        ),
        "roster-nul": _message("文本文件", "a text file", *_SAVE_AGAIN),
        "roster-header-missing": _message(
            "含姓名、身份证号等列的表头",
            "a header with name, ID number and so on",
            "补上缺少的列",
            "Add the missing columns",
        ),
        "roster-header-repeated": _message(
            "每个表头只出现一次", "each heading once", "删去重复的列", "Delete the repeated column"
        ),
        "roster-too-many-columns": _message(
            "不超过 200 列", "at most 200 columns", "删去多余的列", "Delete columns"
        ),
        "roster-too-many-rows": _message("不超过 100000 行", "at most 100,000 rows", *_SPLIT_FILE),
        "roster-too-many-cells": _message(
            "不超过 300 万个单元格",
            "an area of at most 3,000,000 cells",
            "删去多余的空行空列，或拆分文件",
            "Delete far-off cells, or split the file",
        ),
        "roster-zip-bomb": _message("普通工作簿", "an ordinary workbook", *_SAVE_AGAIN),
        "roster-not-a-workbook": _message(".xlsx 或 CSV", ".xlsx or CSV", *_SAVE_AGAIN),
        "roster-sheet-too-wide": _message(
            "不超过 200 列", "at most 200 columns", "删去远处的单元格", "Delete the far-off cells"
        ),
        "roster-csv-broken": _message(
            "引号成对的 CSV", "CSV whose quotes are closed", *_SAVE_AGAIN
        ),
    }
)
"""What intake says of cells and files."""

RULE_MESSAGES: Final = MappingProxyType(
    {
        "id-name-conflict": _message(
            "与该证件号码已登记的姓名相同",
            "the name that is on file for this ID number",
            "核对姓名和证件号码；若本行正确，请运营方更正已登记的姓名",
            "Check name and number; if the row is right, have the name on file corrected",
        ),
        "record-differs": _message(
            "与已登记的记录相同",
            "the values of the record that stands",
            "若本行正确，以更正方式提交（--correct）；否则按已登记的内容改正",
            "Post it as a correction (--correct) if this row is right; else mend the row",
        ),
        "not-your-record": _message(
            "本机构登记的记录",
            "a record of your own",
            "该记录由其他机构登记，请其更正",
            "Another organisation recorded it; ask that one to correct it",
        ),
        "already-revoked": _message(
            "未被撤销的记录",
            "a record that was not revoked",
            "由本机构撤销的，以更正方式提交（--correct）重新登记；由运营方撤销的，向运营方提出异议",
            "If you revoked it, post it as a correction (--correct); else object with the operator",
        ),
        "issuer-inactive": _message(
            "状态为正常的机构",
            "an organisation whose status is active",
            "机构已暂停或关闭，请联系运营方",
            "Your organisation is suspended or closed; ask the operator",
        ),
        "issuer-scope": _message(
            "在整个培训期间都备案的职业和等级",
            "an occupation and level that you are accredited for during the whole class",
            "核对职业、等级和日期；若无误，先请运营方扩大备案范围",
            "Check occupation, level and dates; if right, have your scope extended first",
        ),
        "certificate-number-taken": _message(
            "只属于一条记录的证书编号",
            "a certificate number of one record only",
            "核对证书编号；若本行正确，请更正占用该编号的记录",
            "Check the number; if the row is right, have the record that holds it corrected",
        ),
        "event-in-future": _message(
            "不晚于今天的日期",
            "a day not after today",
            "核对日期，或等培训结束后再提交",
            "Check the date, or post the row when the class is over",
        ),
        "schedule-missing": _message(
            "有学分标准的日期",
            "a day on which a credit schedule is in force",
            "核对日期；若无误，请运营方先发布该日的学分标准（schedule add）",
            "Check the date; if right, have a schedule published for it first (schedule add)",
        ),
        "malformed": _message(
            "可以登记的内容",
            "values that can be recorded",
            "核对本行，去掉首尾空格和过长的内容",
            "Check the row for blanks at the ends and for text that is too long",
        ),
    }
)
"""What is said where a rule of the ledger refuses a row that could be read."""


def message(key: str) -> Message:
    """Give the message of a code or ``code:variant``.

    Raises:
        KeyError: The key is not in the catalogue, which a test rules out.
    """
    return MESSAGES[key] if key in MESSAGES else RULE_MESSAGES[key]


def rule_key(code: str) -> str:
    """Give the key for a code with which a rule refused a row; an error's own code is rare."""
    return code if code in RULE_MESSAGES else "malformed"
