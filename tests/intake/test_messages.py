"""The catalogue: a whole text in two languages for each code that intake can give."""

import re
from inspect import getsource

import pytest

from ledger.domain import certificate_numbers, identifiers, levels, occupations
from ledger.intake import (
    archives,
    cells,
    headers,
    rosters,
    rows,
    tables,
    text_tables,
    workbooks,
)
from ledger.intake.messages import MESSAGES, RULE_MESSAGES, message, rule_key

HAN = re.compile("[\u4e00-\u9fff]")
FILES = "".join(map(getsource, (archives, headers, rosters, tables, text_tables, workbooks)))
READERS = "".join(
    map(getsource, (cells, rows, certificate_numbers, identifiers, levels, occupations))
)


@pytest.mark.parametrize("key", [*MESSAGES, *RULE_MESSAGES])
def test_every_message_is_whole_in_both_languages(key: str) -> None:
    found = message(key)
    for text in (found.expected, found.fix):
        for words in (text.zh_hans, text.en):
            assert words
            assert words == words.strip()
            assert not words.endswith((".", "。"))
            assert "{" not in words
        assert re.search("[A-Za-z]", text.en) or HAN.search(text.en)
    assert HAN.search(found.fix.zh_hans)
    assert re.search("[a-z]", found.fix.en)


@pytest.mark.parametrize("key", [*MESSAGES, *RULE_MESSAGES])
def test_keys_are_codes_with_at_most_one_variant(key: str) -> None:
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*(:[a-z]+)?", key)
    code, colon, _ = key.partition(":")
    assert not colon or code in MESSAGES, "a variant stands beside its code"


def test_every_code_with_which_a_file_is_refused_has_a_message_and_the_reverse() -> None:
    given = set(re.findall(r'code="(roster-[a-z-]+)"', FILES))
    given |= set(re.findall(r'"(roster-[a-z-]+)" if ', FILES))
    given |= set(re.findall(r' else "(roster-[a-z-]+)"', FILES))
    assert given == {key for key in MESSAGES if key.startswith("roster-")}


def test_every_message_about_a_row_belongs_to_a_code_that_is_given() -> None:
    about_rows = {key for key in MESSAGES if not key.startswith("roster-")}
    assert {key for key in about_rows if f'"{key}"' not in READERS} == set()


def test_an_unknown_key_is_an_error_and_not_an_empty_text() -> None:
    with pytest.raises(KeyError):
        message("no-such-code")


def test_the_limits_that_are_told_are_those_that_hold() -> None:
    def told(key: str) -> str:
        return message(key).expected.en

    assert f"{rosters.BYTES_MAX >> 20} MiB" in told("roster-too-large")
    assert f"{tables.ROWS_MAX:,} rows" in told("roster-too-many-rows")
    assert f"{headers.COLUMNS_MAX} columns" in told("roster-too-many-columns")
    assert f"{headers.COLUMNS_MAX} columns" in told("roster-sheet-too-wide")
    assert f"{archives.CELLS_MAX:,} cells" in told("roster-too-many-cells")
    assert f"{cells.TEXT_MAX} characters" in told("text-too-long")
    assert str(cells.HOURS_MAX) in told("hours-invalid")
    assert str(cells.SCORE_MAX) in told("score-invalid")


def test_no_code_of_a_rule_is_one_of_a_cell() -> None:
    assert not MESSAGES.keys() & RULE_MESSAGES.keys()


def test_a_code_that_no_rule_has_is_told_as_malformed() -> None:
    assert rule_key("issuer-scope") == "issuer-scope"
    assert rule_key("no-such-code") == "malformed"
    assert "malformed" in RULE_MESSAGES
