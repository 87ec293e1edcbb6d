"""Level ranks, printed digits and names."""

import pytest

from ledger.domain.levels import LEVELS, level_of, parse_level, printed_digit
from ledger.errors import MalformedError


@pytest.mark.parametrize("level", LEVELS)
def test_both_official_labels_are_canonical(level: object) -> None:
    for label in (level.label, level.label_hant):  # type: ignore[attr-defined]
        assert parse_level(label) == (level.rank, True)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "alias",
    [
        "四级",
        "4级",
        "中级",
        "中级工",
        "4",
        "国家职业资格四级",
        "國家職業資格四級",
        "４级",
        "中级工(四级)",
        "四级／中级工",
        " 四级/中级工",
        "职业资格4级",
    ],
)
def test_aliases_are_read_and_noted(alias: str) -> None:
    assert parse_level(alias) == (2, False)


@pytest.mark.parametrize(
    "text", ["", "九级", "六级", "0", "6", "级", "中级工高级工", "四级/高级工"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_level(text)
    assert caught.value.code == "level-unknown"


def test_printed_digits_run_against_ranks() -> None:
    """The digits run the wrong way: 5 is the lowest level."""
    digits = [printed_digit(level.rank) for level in LEVELS]
    assert digits == [None, "5", "4", "3", "2", "1", None, None]
    assert [level_of(rank).rank for rank in range(8)] == list(range(8))
    with pytest.raises(MalformedError):
        level_of(8)
    with pytest.raises(MalformedError):
        level_of(-1)
