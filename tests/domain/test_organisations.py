"""Organisations: scope by occupation, level and day; bodies read back in one spelling only."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.domain.organisations import (
    Organisation,
    Scope,
    organisation_body,
    parse_organisation_body,
)
from ledger.errors import MalformedError

SCOPE = Scope("4-10-01-05", frozenset({1, 2, 3}), date(2023, 1, 1), date(2023, 12, 31))
SCHOOL = Organisation(
    id="org-" + "a" * 26,
    name="某某职业技能培训学校",
    uscc="N2330106MF00000010",
    type="school",
    scope=(SCOPE, Scope("*", frozenset({1}), date(2024, 1, 1))),
)


@pytest.mark.parametrize(
    ("occupation", "level", "on", "covered"),
    [
        ("4-10-01-05", 1, date(2023, 1, 1), True),
        ("4-10-01-05", 3, date(2023, 12, 31), True),
        ("4-10-01-05", 4, date(2023, 6, 1), False),
        ("4-10-01-06", 1, date(2023, 6, 1), False),
        ("4-10-01-05", 1, date(2022, 12, 31), False),
        ("4-10-01-05", 2, date(2024, 1, 1), False),
        ("6-31-01-03", 1, date(2030, 1, 1), True),
    ],
)
def test_scope_is_occupation_level_and_day(
    occupation: str,
    level: int,
    on: date,
    covered: bool,  # noqa: FBT001 - a case
) -> None:
    assert SCHOOL.covers(occupation, level, on) is covered
    assert not replace(SCHOOL, status="suspended").covers(occupation, level, on)


@pytest.mark.parametrize("kind", ["public-school", "private-school", "employer"])
def test_no_rule_reads_the_type(kind: str) -> None:
    """Policy M10: 民辦 = 公辦."""
    other = replace(SCHOOL, type=kind)
    for level in range(8):
        on = date(2023, 6, 1)
        assert other.covers("4-10-01-05", level, on) == SCHOOL.covers("4-10-01-05", level, on)


def test_a_body_reads_back() -> None:
    assert parse_organisation_body(organisation_body(SCHOOL)) == SCHOOL


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"id": "ledger"},
        {"id": "org-x"},
        {"uscc": "N2330106MF00000011"},
        {"uscc": "n2330106MF00000010"},
        {"name": ""},
        {"type": "School"},
        {"status": "open"},
        {"scope": {}},
        {"scope": [{"occupation": "x", "levels": [1], "from": "2023-01-01", "to": None}]},
        {"scope": [{"occupation": "*", "levels": [2, 1], "from": "2023-01-01", "to": None}]},
        {"scope": [{"occupation": "*", "levels": [1.0], "from": "2023-01-01", "to": None}]},
        {"scope": [{"occupation": "*", "levels": [], "from": "2023-01-01", "to": None}]},
        {"scope": [{"occupation": "*", "levels": [8], "from": "2023-01-01", "to": None}]},
        {"scope": [{"occupation": "*", "levels": [1], "from": "20230101", "to": None}]},
        {"scope": [{"occupation": "*", "levels": [1], "from": "2023-01-02", "to": "2023-01-01"}]},
        {"extra": 1},
    ],
)
def test_any_other_body_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        parse_organisation_body({**organisation_body(SCHOOL), **change})
