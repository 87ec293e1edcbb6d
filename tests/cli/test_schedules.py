"""schedule add, example, list: a form to start from, and what is wrong said where it is."""

from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cli.schedules import read_schedule
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.errors import MalformedError
from tests.cli.command import Run, make_run

FORM = orjson.dumps(EXAMPLE_SCHEDULE.to_json(), option=orjson.OPT_INDENT_2)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = make_run(tmp_path / "home", monkeypatch)
    assert made("init").status == 0
    return made


def test_the_example_is_a_form_that_can_be_published(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "schedule.json"
    file.write_text(run("schedule", "example").out)
    assert run("schedule", "list", "--json").json == {"schedules": []}
    added = run("schedule", "add", file, "--json")
    assert (added.status, added.json["entry"], added.json["schedule_id"]) == (0, 2, "example")
    assert run("schedule", "list", "--json").json == {"schedules": [added.json]}
    assert "#2  example version 1  from 2021-03-29" in run("schedule", "list").out
    again = run("schedule", "add", file)
    assert (again.status, again.err.split(":")[0]) == (1, "schedule-exists")
    assert run("audit").status == 0


def test_a_file_from_windows_is_read_too() -> None:
    assert read_schedule(b"\xef\xbb\xbf" + FORM.replace(b"\n", b"\r\n")) == EXAMPLE_SCHEDULE


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"quantum": "0.5"', b'"quantum": 0.5', "schedule.quantum: found 0.5, expected"),
        (b'"theory": "16"', b'"theory": "0"', "schedule.hours_per_credit: found"),
        (b'"rounding": "floor"', b'"rounding": "down"', "schedule.rounding: found 'down'"),
        (b'"rounding"', b'"runding"', "found no field 'rounding'"),
        (b'"version": 1', b'"version": 1, "version": 2', "the field 'version' twice"),
        (b'"version": 1,', b'"version": 1', "schedule, line "),
        (b'"example"', b'"ex\xff"', "a byte that is not UTF-8"),
        (FORM, b"[" * 100_000, "nested too deeply"),
        (FORM, b"[]", "schedule: found an array, expected an object"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(
    run: Run, tmp_path: Path, old: bytes, new: bytes, told: str
) -> None:
    assert FORM.count(old) == 1
    file = tmp_path / "schedule.json"
    file.write_bytes(FORM.replace(old, new))
    answer = run("schedule", "add", file)
    assert (answer.status, answer.out) == (1, "")
    assert told in answer.err
    assert run("schedule", "list", "--json").json == {"schedules": []}


@given(st.integers(0, len(FORM) - 1), st.binary(max_size=3))
def test_no_slip_in_a_file_is_an_error_of_the_program(place: int, slip: bytes) -> None:
    with suppress(MalformedError):
        read_schedule(FORM[:place] + slip + FORM[place + 1 :])
