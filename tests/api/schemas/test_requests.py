"""Fields of requests: one spelling for each value."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from api.schemas.requests import EXPECTED, DocumentForm, OnDate, Page, RosterForm

ISSUER = "org-" + "a" * 26


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_of_three_centuries_is_read(day: date) -> None:
    assert OnDate().load({"on": day.isoformat()}) == {"on": day}


@given(st.integers(1, 200))
def test_a_limit_in_plain_digits_is_read(limit: int) -> None:
    assert Page().load({"limit": str(limit)}) == {"limit": limit}


def test_flags_are_false_unless_said() -> None:
    loaded = RosterForm().load({"file": object(), "issuer": ISSUER})
    assert (loaded["correcting"], loaded["all_or_nothing"]) == (False, False)


@pytest.mark.parametrize("text", ["1", "yes", "True", "on", "t", " true", ""])
def test_a_flag_is_true_or_false_in_these_letters(text: str) -> None:
    with pytest.raises(ValidationError):
        RosterForm().load({"file": object(), "issuer": ISSUER, "correcting": text})


@pytest.mark.parametrize(
    "issuer",
    [ISSUER + "\n", ISSUER[:-1], ISSUER + "a", ISSUER.upper(), "org-" + "1" * 26, "ledger"],
)
def test_an_issuer_has_its_pattern_from_end_to_end(issuer: str) -> None:
    with pytest.raises(ValidationError):
        RosterForm().load({"file": object(), "issuer": issuer})


@pytest.mark.parametrize(
    ("schema", "value"),
    [(OnDate, {"on": 20261122}), (Page, {"limit": 5}), (Page, {"cursor": 7}), (OnDate, {"x": "1"})],
)
def test_what_is_no_text_or_not_known_is_refused(
    schema: type[Schema], value: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        schema().load(value)


def test_every_field_says_in_two_languages_what_it_expects() -> None:
    for schema in (OnDate, Page, RosterForm, DocumentForm):
        for name in schema().fields:
            zh, en = EXPECTED[name]
            assert zh
            assert en.isascii()
