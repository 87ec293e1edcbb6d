"""The body of a recovery is read exactly as it is written."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.domain.recoveries import Recovery, Span, Superseded, parse_recovery, recovery_body
from ledger.errors import MalformedError

NOTE = "ledger.example\n7\nAAAA\n\n— ledger.example AAAAAAAA\n"
PLAIN = Recovery("behind-checkpoint", "disk lost", NOTE, 7, "0" * 64)
FULL = replace(PLAIN, restored=Span(7, 9), superseded=Superseded(3, 5, 2, "f" * 64))
MISSING = Recovery("checkpoint-missing", "file deleted", None, 0, "0" * 64)


@pytest.mark.parametrize("recovery", [PLAIN, FULL, MISSING])
def test_it_is_read_as_it_was_written(recovery: Recovery) -> None:
    assert parse_recovery(recovery_body(recovery)) == recovery


def test_a_span_has_both_its_ends() -> None:
    assert [index in Span(7, 9) for index in (6, 7, 9, 10)] == [False, True, True, False]


WRONG: list[tuple[str, Any]] = [
    ("v", 2),
    ("cause", "something else"),
    ("reason", ""),
    ("reason", "x" * 501),
    ("checkpoint", None),
    ("checkpoint", "not a note"),
    ("checkpoint", 7),
    ("checkpoint", "\ud800"),
    ("checkpoint", "x" * 40_000),
    ("size", -1),
    ("size", True),
    ("root", "00"),
    ("restored", {"first": 9, "last": 7}),
    ("restored", {"first": 7}),
    ("restored", []),
    ("superseded", {"first": 3, "last": 5, "count": 0, "hash": "f" * 64}),
    ("superseded", {"first": 3, "last": 5, "count": 1, "hash": "F" * 64}),
    ("more", 1),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_another_form_is_refused(field: str, value: object) -> None:
    with pytest.raises(MalformedError):
        parse_recovery({**recovery_body(FULL), field: value})


def test_where_the_checkpoint_was_missing_none_is_told_of() -> None:
    with pytest.raises(MalformedError, match="null where it was missing"):
        parse_recovery({**recovery_body(MISSING), "checkpoint": NOTE})
    for value in (None, 7, "text"):
        with pytest.raises(MalformedError):
            parse_recovery(value)
