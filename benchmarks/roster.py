"""A synthetic roster of any length: county 330199, every person another, classes of 40."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
HEADER = (
    *("序号", "姓名", "证件类型", "身份证号", "联系电话", "人员类别", "培训类型"),
    *("职业(工种)", "职业编码", "培训等级", "班级编号", "班级名称", "开班日期", "结班日期"),
    *("理论课时", "实操课时", "线上课时", "出勤率", "考核日期", "理论成绩", "实操成绩"),
    *("评定结果", "证书类型", "证书编号", "发证日期"),
)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "建国秀英志强丽华晓明海燕文博雅琴子涵宇轩思远佳怡俊杰春梅东平玉兰成龙彩霞永胜"
OCCUPATIONS = (
    ("养老护理员", "4-10-01-05"),
    ("电工", "6-31-01-03"),
    ("焊工", "6-18-02-04"),
    ("中式烹调师", "4-03-02-01"),
    ("快递员", "4-02-07-08"),
)
LEVELS = (("五级/初级工", 5), ("四级/中级工", 4), ("三级/高级工", 3))
CLASS_SIZE = 40
FIRST_BIRTHDAY = date(1960, 1, 1)
BIRTHDAYS = 16_000


def id_number(place: int) -> str:
    """Make the ``place``-th synthetic ID number."""
    born = FIRST_BIRTHDAY + timedelta(days=place % BIRTHDAYS)
    body = f"330199{born:%Y%m%d}{place // BIRTHDAYS + 1:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def rows(count: int, first: int = 0) -> Iterator[list[str]]:
    """Give ``count`` rows from place ``first`` on."""
    for place in range(first, first + count):
        number = place // CLASS_SIZE
        occupation, code = OCCUPATIONS[number % len(OCCUPATIONS)]
        level, digit = LEVELS[number % len(LEVELS)]
        start = date(2025, 1, 6) + timedelta(days=number % 200)
        end, exam, issued = (start + timedelta(days=days) for days in (40, 44, 60))
        certified = place % 2 == 0
        yield [
            str(place + 1),
            SURNAMES[place % 31] + GIVEN[place // 31 % 37] + GIVEN[place // 1147 % 37],
            "居民身份证",
            id_number(place),
            f"190{place:08}",
            "企业职工",
            "技能提升培训",
            occupation,
            code,
            level,
            f"BM{number:06}",
            f"{occupation}第{number}期",
            start.isoformat(),
            end.isoformat(),
            "40",
            "80",
            "16" if number % 2 else "0",
            f"{80 + place % 21}%",
            exam.isoformat(),
            str(60 + place % 40),
            str(60 + place % 37),
            "合格",
            "职业技能等级证书" if certified else "",
            f"S000033000001{issued:%y}{digit}{place:06}" if certified else "",
            issued.isoformat() if certified else "",
        ]


def roster_csv(count: int) -> bytes:
    """Give a roster as CSV, UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(rows(count))
    return text.getvalue().encode()
