"""Rosters made for tests: one right row, changed a column at a time. All people are synthetic."""

import csv
import io
import time
import tracemalloc
import zipfile
from collections.abc import Iterable, Mapping

import pytest
import xlsxwriter

from ledger.errors import MalformedError
from ledger.intake.messages import MESSAGES
from ledger.intake.rosters import read_roster

RIGHT = {
    "姓名": "胡芳雨",
    "身份证号": "330199199505192154",
    "联系电话": "18035746282",
    "人员类别": "职业农民",
    "培训类型": "安全技能培训",
    "职业(工种)": "农业经理人",
    "职业编码": "5-05-01-02",
    "培训等级": "五级/初级工",
    "班级编号": "ZJ20230008",
    "班级名称": "农业经理人初级工第8期",
    "开班日期": "2023-05-04",
    "结班日期": "2023-06-24",
    "理论课时": "48",
    "实操课时": "72",
    "线上课时": "16",
    "出勤率": "86%",
    "考核日期": "2023-06-25",
    "理论成绩": "72",
    "实操成绩": "83",
    "评定结果": "合格",
    "证书类型": "职业技能等级证书",
    "证书编号": "S000033840776235000001",
    "发证日期": "2023-07-22",
}
HEADER = tuple(RIGHT)


def row(**changes: str) -> list[str]:
    """Give the right row with some columns changed."""
    unknown = changes.keys() - RIGHT.keys()
    assert not unknown, unknown
    return list({**RIGHT, **changes}.values())


def csv_text(rows: Iterable[Iterable[str]], *, header: Iterable[str] = HEADER) -> str:
    """Write rows as CSV text under a header."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([list(header), *map(list, rows)])
    return file.getvalue()


def workbook(rows: Iterable[Iterable[object]], merges: Mapping[str, str] | None = None) -> bytes:
    """Write rows, the header among them, into an XLSX file."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy/m/d"})
        for number, cells in enumerate(rows):
            for place, value in enumerate(cells):
                if hasattr(value, "year"):
                    sheet.write_datetime(number, place, value, day)
                elif isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif value is not None:
                    sheet.write(number, place, value)
        for area, value in (merges or {}).items():
            sheet.merge_range(area, value)
    return file.getvalue()


BOOK = workbook([HEADER, row()])
SHEET = "xl/worksheets/sheet1.xml"


def refused(data: bytes, name: str | None = None) -> str:
    """Give the code with which a file is refused, in time and memory."""
    tracemalloc.start()
    started = time.process_time()  # other processes' work is not this one's
    with pytest.raises(MalformedError) as caught:
        read_roster(data, name)
    elapsed = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert elapsed < 3, "tracing slows this about threefold"
    assert peak < 100_000_000
    assert caught.value.code in MESSAGES
    return caught.value.code


def repacked(changes: dict[str, bytes]) -> bytes:
    """Give the sample workbook with some parts replaced or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(file, "w", 8) as new:
        parts = {name: old.read(name) for name in old.namelist()} | changes
        for name, content in parts.items():
            new.writestr(name, content)
    return file.getvalue()


def sheet(cells: bytes) -> bytes:
    return b"<worksheet><sheetData><row>" + cells + b"</row></sheetData></worksheet>"
