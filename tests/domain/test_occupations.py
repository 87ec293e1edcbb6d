"""The occupation table: strict rows, folded look-up, no guesses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import occupations as table_module
from ledger.domain.occupations import fold, policy_table, read_occupation_table
from ledger.errors import MalformedError
from tests.shared_data import shared

TABLE = policy_table()


@pytest.mark.parametrize(
    ("name", "code"),
    [("电工", ""), ("电工", "6-31-01-03"), ("", "6-31-01-03")],
)
def test_a_plain_name_or_code_is_found_as_it_stands(name: str, code: str) -> None:
    match = TABLE.resolve(name, code)
    assert match.occupation is not None
    assert match.occupation.code == "6-31-01-03"
    assert not match.was_cleaned


@pytest.mark.parametrize(
    ("name", "code", "warning"),
    [
        ("電工", "6-31-01-03", None),
        ("電工", "", None),
        ("电工S", "", None),
        ("电工", "6310103", None),
        ("电工", "６－３１－０１－０３", None),
        ("电工（维修）", "6-31-01-03", "occupation-work-type"),
        ("維修電工", "6-31-01-03", "occupation-old-name"),
    ],
)
def test_other_spellings_are_found_and_noted(name: str, code: str, warning: str | None) -> None:
    match = TABLE.resolve(name, code)
    assert match.occupation is not None
    assert match.occupation.code == "6-31-01-03"
    assert (match.was_cleaned, match.warning) == (True, warning)


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("御剑飞行师", "", "occupation-unknown"),
        ("", "", "occupation-unknown"),
        ("电工", "9-99-99-99", "occupation-unknown"),
        ("电工", "6-31-01-99", "occupation-unknown"),
        ("中式烹调师", "4-10-01-06", "occupation-mismatch"),
        ("机械设备检修工", "6-31-01-03", "occupation-mismatch"),
        ("维修电工", "", "occupation-ambiguous"),
        ("育嬰員", "", "occupation-ambiguous"),
        ("电工（维修）", "", "occupation-ambiguous"),
    ],
)
def test_what_is_not_sure_is_refused_with_its_cause(name: str, code: str, expected: str) -> None:
    match = TABLE.resolve(name, code)
    assert match.occupation is None
    assert match.code == expected
    assert bool(match.suggestions) == (expected != "occupation-unknown" or name == "电工")


def test_the_policy_table_agrees_with_the_published_one() -> None:
    """職業分類大典 2022."""
    full = read_occupation_table(shared("data/occupations.csv").read_bytes())
    assert len(full) > 1600
    assert set(TABLE) <= set(full)


@pytest.mark.parametrize(
    "lines",
    [
        ["6-31-01-3,电工,"],
        ["6-31-01-03,电工"],
        ["6-31-01-03,,"],
        ["6-31-01-03,电工,X"],
        ["6-31-01-03, 电工,"],
        ["6-31-01-03,电工,", "6-31-01-03,电工,"],
    ],
)
def test_a_malformed_row_is_refused_with_its_number(lines: list[str]) -> None:
    data = "\n".join(["code,name,flags", "4-12-01-01,汽车维修工,", *lines]).encode()
    with pytest.raises(MalformedError, match=f"row {len(lines) + 1}") as caught:
        read_occupation_table(data)
    assert caught.value.code == "occupation-table"


@pytest.mark.parametrize("data", [b"", b"code,name\n", b"\xff\xfe", b'code,name,flags\n"a'])
def test_other_files_are_no_table(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_occupation_table(data)


def test_flags_are_read_in_either_order() -> None:
    data = "code,name,flags\n2-02-02-08,导航,SL\n".encode()
    assert [row.flags for row in read_occupation_table(data)] == ["LS"]


def test_the_folding_table_pairs_one_character_with_one() -> None:
    assert len(table_module._TRADITIONAL) == len(table_module._SIMPLIFIED)
    assert fold("網際網路營銷師（Ｓ）") == "互联网营销师(S)"
    assert fold("智慧型製造") == "智能制造"


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing_for_plain_text(text: str) -> None:
    once = fold(text)
    assert once.translate(table_module._FOLD) == once
