"""recover: says what it found, asks, records; and without a question where --yes stands."""

import shutil
from pathlib import Path

import pytest

from ledger.services.context import open_ledger
from ledger.services.settings import DATABASE, Settings
from tests.cli.command import Run, make_run
from tests.ledgers import TestClock, make_command, make_ledger, post
from tests.log_copies import copy_log


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A ledger whose database was put back as it was before its last two records."""
    ledger = make_ledger(tmp_path)
    post(ledger, make_command(0))
    ledger.close()
    shutil.copy(ledger.home / DATABASE, tmp_path / "old")
    ahead = open_ledger(Settings(ledger.home), clock=TestClock())
    post(ahead, make_command(1), make_command(2))
    copy_log(ahead, tmp_path / "copy")
    ahead.close()
    for path in ledger.home.glob(f"{DATABASE}*"):
        path.unlink()
    shutil.copy(tmp_path / "old", ledger.home / DATABASE)
    return make_run(ledger.home, monkeypatch)


def test_it_says_what_it_found_and_does_nothing_until_it_is_told_to(run: Run) -> None:
    refused = run("checkpoint")
    assert (refused.status, "behind-checkpoint" in refused.err) == (1, True)
    asked = run("recover", "--reason", "disk lost", stdin="n\n")
    assert asked.status == 1
    assert "entries are missing that were signed for" in asked.out
    assert "missing:           2 entries, from entry 5 on" in asked.out
    assert run("checkpoint").status == 1
    done = run("recover", "--reason", "disk lost", stdin="y\n")
    assert done.status == 0
    assert "entry 5 records it; the new checkpoint is of 6 entries" in done.out
    assert "the old checkpoint is kept in" in done.out
    assert run("checkpoint").status == run("audit").status == 0


def test_with_a_copy_the_entries_come_back(run: Run, tmp_path: Path) -> None:
    done = run("recover", "--reason", "disk lost", "--log", tmp_path / "copy", "--yes", "--json")
    assert done.status == 0
    assert done.json["cause"] == "behind-checkpoint"
    assert (done.json["restored"], done.json["without_body"], done.json["entry"]) == (2, 2, 7)
    assert (done.json["kept"], done.json["to_repeat"], done.json["checkpoint"]) == (None, [], 8)
    assert run("audit").status == run("rebuild", "--check").status == 0


def test_what_came_back_is_told_in_words(run: Run, tmp_path: Path) -> None:
    done = run("recover", "--reason", "disk lost", "--log", tmp_path / "copy", "--yes")
    assert "2 entries came back, 2 without their bodies" in done.out
    again = run("recover", "--reason", "disk lost", "--yes", "--json")
    assert (again.status, again.json["error"]["code"]) == (1, "nothing-to-recover")


def test_a_reason_must_be_given(run: Run) -> None:
    assert run("recover", "--yes").status == 2
    blank = run("recover", "--reason", "", "--yes", "--json")
    assert (blank.status, blank.json["error"]["code"]) == (1, "malformed")
