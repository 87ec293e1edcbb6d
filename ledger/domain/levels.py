"""The skill levels: ranks, printed digits and names.

| rank | digit | label          |
|------|-------|----------------|
| 0    |       | 学徒工         |
| 1    | 5     | 五级/初级工    |
| 2    | 4     | 四级/中级工    |
| 3    | 3     | 三级/高级工    |
| 4    | 2     | 二级/技师      |
| 5    | 1     | 一级/高级技师  |
| 6    |       | 特级技师       |
| 7    |       | 首席技师       |

The printed digits run the wrong way, so the rank is what is stored and compared. A label in its
official print form (「中文數字+級/名稱」), simplified or traditional, is canonical;
every other way to write a level is an alias.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from ledger.errors import MalformedError

RANK_MAX: Final = 7


@dataclass(frozen=True, slots=True)
class Level:
    """One level.

    Attributes:
        rank: 0 to 7, higher is better.
        digit: Digit printed in certificate numbers, ``5`` to ``1``; None where there is none.
        label: Official label in simplified characters.
        label_hant: The same in traditional characters.
        label_en: English wording for pages and reports.
    """

    rank: int
    digit: str | None
    label: str
    label_hant: str
    label_en: str


LEVELS: Final = (
    Level(0, None, "学徒工", "學徒工", "Apprentice worker"),
    Level(1, "5", "五级/初级工", "五級/初級工", "Level 5 (junior worker)"),
    Level(2, "4", "四级/中级工", "四級/中級工", "Level 4 (intermediate worker)"),
    Level(3, "3", "三级/高级工", "三級/高級工", "Level 3 (senior worker)"),
    Level(4, "2", "二级/技师", "二級/技師", "Level 2 (technician)"),
    Level(5, "1", "一级/高级技师", "一級/高級技師", "Level 1 (senior technician)"),
    Level(6, None, "特级技师", "特級技師", "Special-grade technician"),
    Level(7, None, "首席技师", "首席技師", "Chief technician"),
)
"""All levels; the index is the rank."""

_SIMPLIFIED: Final = str.maketrans("級師國職業資學徒", "级师国职业资学徒")
_SIGNS: Final = re.compile(r"[\s/()\[\]【】、,.·\-'\u200b\ufeff]+")
_SHORT_NAMES: Final = MappingProxyType({1: "初级", 2: "中级", 3: "高级"})
_CANONICAL: Final = MappingProxyType(
    {label: level.rank for level in LEVELS for label in (level.label, level.label_hant)}
)


def _spellings(level: Level) -> set[str]:
    """Give the ways to write a level, simplified and without signs between the parts."""
    if level.digit is None:
        return {level.label, level.label.removesuffix("技师").removesuffix("工")}
    numeral, name = level.label.split("/")
    names = {name} | ({_SHORT_NAMES[level.rank]} if level.rank in _SHORT_NAMES else set())
    numbers = {numeral, f"{level.digit}级"}
    numbers |= {
        f"{prefix}{number}" for prefix in ("职业资格", "国家职业资格") for number in numbers
    }
    both = {number + each for number in numbers for each in names}
    both |= {each + number for number in numbers for each in names}
    return numbers | names | both | {level.digit}


_ALIASES: Final = MappingProxyType(
    {spelling: level.rank for level in LEVELS for spelling in _spellings(level)}
)


def parse_level(text: str) -> tuple[int, bool]:
    """Read a level.

    Returns:
        The rank, and whether the text was the official label (else it is worth a note).

    Raises:
        MalformedError: With code ``level-unknown``, if the text names no level.
    """
    rank = _CANONICAL.get(text)
    if rank is not None:
        return rank, True
    folded = _SIGNS.sub("", normalize("NFKC", text)).translate(_SIMPLIFIED)
    rank = _ALIASES.get(folded)
    if rank is None:
        raise MalformedError(
            f"level: found text of {len(text)} characters, expected a label such as 四级/中级工",
            code="level-unknown",
        )
    return rank, False


def printed_digit(rank: int) -> str | None:
    """Give the digit that certificate numbers print for a rank, 5 初級工 to 1 高級技師.

    Raises:
        MalformedError: There is no such rank.
    """
    return level_of(rank).digit


def level_of(rank: int) -> Level:
    """Give the level of a rank.

    Raises:
        MalformedError: There is no such rank.
    """
    if not 0 <= rank <= RANK_MAX:
        raise MalformedError(f"level: found rank {rank}, expected 0 to 7", code="level-unknown")
    return LEVELS[rank]
