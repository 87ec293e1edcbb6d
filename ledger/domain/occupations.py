"""The occupation table (職業分類大典 2022): codes ``d-dd-dd-dd``, names and flags.

    code,name,flags
    6-31-01-03,电工,
    4-01-06-01,电子商务师,S

Flag ``S`` marks a digital occupation, ``L`` a green one. A name is looked up with traditional
characters and Taiwan wording folded to simplified ones. Names of older tables only ever suggest:
which present occupation is meant is for the issuer to say.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from ledger.domain.records import Occupation
from ledger.errors import MalformedError

ROWS_MAX: Final = 10_000
NAME_MAX: Final = 100

_CODE: Final = re.compile(r"[1-8]-[0-9]{2}-[0-9]{2}-[0-9]{2}")
_BARE_CODE: Final = re.compile(r"([1-8])-?([0-9]{2})-?([0-9]{2})-?([0-9]{2})")
_FLAGS: Final = MappingProxyType({"": "", "S": "S", "L": "L", "LS": "LS", "SL": "LS"})
_GLUED_FLAGS: Final = re.compile(r"[LS](/?[LS])?$")
_WORK_TYPE: Final = re.compile(r"(.+?)\((.+)\)")
_HYPHENS: Final = re.compile(r"[‐-―−]")
_BLANKS: Final = re.compile(r"[\s\u200b\ufeff]+")

_TRADITIONAL: Final = (
    "職業種編碼稱證書號頒發開結課時學習實踐論線評績級類別聯係電話機構單訓練師員護養務嬰兒展導網約營銷遞車維農經統無駕駛"
    "調築設備驗檢測數據製產鍛鑄鋼鐵銅鍋爐壓鑽礦氣體橋樑樓園藝術樂戲劇畫繪圖寫譯輯記審計會銀貸險財稅關報運輸倉儲裝載貨郵"
    "遊館飯飲廚麵點釀葉煙紡織絲綢縫紉紙膠磚塗飾潔衛醫藥劑療復複殯寵獸禽魚蝦蠶樹蟲熱燈纜變應鑑鑒環監視頻覺動軟雲區塊鏈"
    "虛擬現場講說購採買賣貿賃權總負責黨團長國際東門間個們為與於從後來過還這進達選適遠連隊階隨難離雜靈頁項順須預領題額願"
    "顧顯風飛馬驅專創辦屆滿給優補貼備註齡歷歲億萬幣紀錄簽參勞資龍參聲廣傳媒檔務釐價質試檢準備遷徵搶險護僱傭齊辭當屬誌積節繫絡"
)
_SIMPLIFIED: Final = (
    "职业种编码称证书号颁发开结课时学习实践论线评绩级类别联系电话机构单训练师员护养务婴儿展导网约营销递车维农经统无驾驶"
    "调筑设备验检测数据制产锻铸钢铁铜锅炉压钻矿气体桥梁楼园艺术乐戏剧画绘图写译辑记审计会银贷险财税关报运输仓储装载货邮"
    "游馆饭饮厨面点酿叶烟纺织丝绸缝纫纸胶砖涂饰洁卫医药剂疗复复殡宠兽禽鱼虾蚕树虫热灯缆变应鉴鉴环监视频觉动软云区块链"
    "虚拟现场讲说购采买卖贸赁权总负责党团长国际东门间个们为与于从后来过还这进达选适远连队阶随难离杂灵页项顺须预领题额愿"
    "顾显风飞马驱专创办届满给优补贴备注龄历岁亿万币纪录签参劳资龙参声广传媒档务厘价质试检准备迁征抢险护雇佣齐辞当属志积节系络"
)
_FOLD: Final = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
_WORDING: Final = (("网际网路", "互联网"), ("智慧型", "智能"), ("数位", "数字"), ("软体", "软件"))

_POLICY_ROWS: Final = (
    ("4-01-06-01", "电子商务师", "S"),
    ("4-01-06-02", "互联网营销师", "S"),
    ("4-02-04-06", "无人机驾驶员", ""),
    ("4-02-07-08", "快递员", ""),
    ("4-03-02-01", "中式烹调师", ""),
    ("4-07-05-03", "消防设施操作员", ""),
    ("4-10-01-01", "婴幼儿发展引导员", ""),
    ("4-10-01-03", "保育师", ""),
    ("4-10-01-05", "养老护理员", ""),
    ("4-10-01-06", "家政服务员", ""),
    ("4-10-08-01", "网约配送员", ""),
    ("4-12-01-01", "汽车维修工", ""),
    ("5-05-01-02", "农业经理人", "L"),
    ("5-05-05-02", "农机修理工", ""),
    ("6-18-02-04", "焊工", ""),
    ("6-29-01-01", "砌筑工", ""),
    ("6-31-01-03", "电工", ""),
    ("6-31-07-03", "工业机器人系统操作员", "S"),
)
_OLD_NAMES: Final = MappingProxyType(
    {
        "维修电工": ("6-31-01-03",),
        "电焊工": ("6-18-02-04",),
        "育婴员": ("4-10-01-01",),
        "育婴师": ("4-10-01-01",),
        "保育员": ("4-10-01-03", "4-10-01-01"),
        "瓦工": ("6-29-01-01",),
    }
)


def fold(text: str) -> str:
    """Fold text for comparing: NFKC, no blanks, simplified characters, mainland wording.

    Never for names of people, and never for what is stored.
    """
    folded = _BLANKS.sub("", normalize("NFKC", text)).translate(_FOLD)
    for taiwan, mainland in _WORDING:
        if taiwan in folded:
            folded = folded.replace(taiwan, mainland)
    return folded


@dataclass(frozen=True, slots=True)
class OccupationMatch:
    """What a name and a code stand for.

    Attributes:
        occupation: The row of the table, or None where ``code`` says why not.
        was_cleaned: Whether name or code were written otherwise than in the table.
        code: occupation-unknown, occupation-mismatch or occupation-ambiguous, else None.
        suggestions: What may be meant, as ``code name``, where ``code`` is set.
        warning: occupation-old-name or occupation-work-type, else None.
    """

    occupation: Occupation | None
    was_cleaned: bool = False
    code: str | None = None
    suggestions: tuple[str, ...] = ()
    warning: str | None = None


class OccupationTable:
    """The occupations that records may name.

    Args:
        rows: The rows; each code once.

    Raises:
        MalformedError: With code ``occupation-table``, naming the row (1 = first) that is wrong.
    """

    def __init__(self, rows: Iterable[Occupation]) -> None:
        self._by_code: dict[str, Occupation] = {}
        self._by_name: dict[str, list[Occupation]] = {}
        for number, row in enumerate(rows, start=1):
            self._check(number, row)
            self._by_code[row.code] = row
            self._by_name.setdefault(fold(row.name), []).append(row)
        if not self._by_code:
            raise MalformedError("occupation table: expected at least one row", code=_TABLE)

    def _check(self, number: int, row: Occupation) -> None:
        if number > ROWS_MAX:
            raise MalformedError(f"occupation table: over {ROWS_MAX} rows", code=_TABLE)
        where = f"occupation table, row {number}:"
        if not _CODE.fullmatch(row.code):
            raise MalformedError(f"{where} expected a code such as 6-31-01-03", code=_TABLE)
        if row.code in self._by_code:
            raise MalformedError(f"{where} code {row.code} stands there twice", code=_TABLE)
        if not 0 < len(row.name) <= NAME_MAX or row.name != normalize("NFC", row.name.strip()):
            raise MalformedError(f"{where} expected a name without outer blanks", code=_TABLE)
        if row.flags not in ("", "L", "S", "LS"):
            raise MalformedError(f"{where} expected flags L, S or LS", code=_TABLE)

    def __iter__(self) -> Iterator[Occupation]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def by_name(self, name: str) -> tuple[Occupation, ...]:
        """Give the occupations of a name, 繁/簡 and glued flags folded; old names give none."""
        folded = fold(name)
        found = self._by_name.get(folded) or self._by_name.get(_GLUED_FLAGS.sub("", folded), [])
        return tuple(found)

    def suggest(self, name: str) -> tuple[Occupation, ...]:
        """Give the occupations that a name of an older table may mean."""
        codes = _OLD_NAMES.get(fold(name), ())
        return tuple(self._by_code[code] for code in codes if code in self._by_code)

    def resolve(self, name: str, code: str) -> OccupationMatch:
        """Find the one occupation that a name and a code stand for; either may be empty.

        A code decides where the name agrees with it; a name alone decides where it is the name of
        one present occupation. Nothing is guessed.
        """
        if not code.strip():
            return self._resolve_name(name)
        occupation = self._by_code.get(code)
        code_was_cleaned = occupation is None
        if occupation is None:
            occupation = self._by_code.get(_respell_code(code))
        if occupation is None:
            return OccupationMatch(
                None, code="occupation-unknown", suggestions=_shown(self.by_name(name))
            )
        if name == occupation.name:
            return OccupationMatch(occupation, code_was_cleaned)
        if not name.strip():
            return OccupationMatch(occupation, was_cleaned=code_was_cleaned)
        return self._agree(name, occupation)

    def _agree(self, name: str, occupation: Occupation) -> OccupationMatch:
        named = self.by_name(name)
        if occupation in named:
            return OccupationMatch(occupation, was_cleaned=True)
        base = _base_name(name)
        if base and occupation in self.by_name(base):
            return OccupationMatch(occupation, was_cleaned=True, warning="occupation-work-type")
        if occupation in self.suggest(name):
            return OccupationMatch(occupation, was_cleaned=True, warning="occupation-old-name")
        return OccupationMatch(
            None, code="occupation-mismatch", suggestions=_shown((occupation, *named))
        )

    def _resolve_name(self, name: str) -> OccupationMatch:
        named = self.by_name(name)
        if len(named) == 1:
            return OccupationMatch(named[0], was_cleaned=name != named[0].name)
        # A 工種 in brackets, such as 电工(维修), may have another code than the name before it.
        guesses = named or self.suggest(name) or self.by_name(_base_name(name))
        if guesses:
            return OccupationMatch(None, code="occupation-ambiguous", suggestions=_shown(guesses))
        return OccupationMatch(None, code="occupation-unknown")


_TABLE: Final = "occupation-table"


def policy_table() -> OccupationTable:
    """Give the built-in table: the occupations that the policy's programmes train for."""
    return OccupationTable(Occupation(*row) for row in _POLICY_ROWS)


def read_occupation_table(data: bytes) -> OccupationTable:
    """Read a table from CSV in UTF-8 with the header ``code,name,flags``.

    Raises:
        MalformedError: With code ``occupation-table``, naming the row (1 = first under the header).
    """
    try:
        text = data.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedError("occupation table: expected CSV in UTF-8", code=_TABLE) from error
    if not lines or lines[0] != ["code", "name", "flags"]:
        raise MalformedError("occupation table: expected the header code,name,flags", code=_TABLE)
    return OccupationTable(_table_rows(lines[1:]))


def _table_rows(lines: list[list[str]]) -> Iterator[Occupation]:
    for number, cells in enumerate(lines, start=1):
        if len(cells) != 3:  # noqa: PLR2004 - code, name, flags
            raise MalformedError(
                f"occupation table, row {number}: found {len(cells)} cells, expected 3",
                code=_TABLE,
            )
        code, name, flags = cells
        yield Occupation(code, name, _FLAGS.get(flags, flags))


def _respell_code(text: str) -> str:
    found = _BARE_CODE.fullmatch(_HYPHENS.sub("-", _BLANKS.sub("", normalize("NFKC", text))))
    return "-".join(found.groups()) if found else ""


def _base_name(name: str) -> str:
    found = _WORK_TYPE.fullmatch(fold(name)) if len(name) <= NAME_MAX else None
    return found[1] if found else ""


def _shown(occupations: Iterable[Occupation]) -> tuple[str, ...]:
    return tuple(f"{each.code} {each.name}" for each in occupations)
