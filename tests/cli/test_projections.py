"""rebuild: 0 when done or alike, 1 when a check finds a difference."""

from pathlib import Path

import pytest

from ledger.services.context import open_ledger
from ledger.services.settings import Settings
from tests.cli.command import Run, make_run
from tests.ledgers import edit, make_command, make_ledger, post


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    ledger = make_ledger(tmp_path)
    post(ledger, make_command(0), make_command(1))
    ledger.close()
    return make_run(ledger.home, monkeypatch)


def test_a_check_of_sound_projections_exits_with_0(run: Run) -> None:
    answer = run("rebuild", "--check", "--json")
    assert answer.status == 0
    assert answer.json == {
        "entries": 6,
        "without_body": 0,
        "records": 2,
        "public_entries": 4,
        "differing": 0,
        "rebuilt": False,
    }
    assert "0 stored rows differ" in run("rebuild", "--check").out


def test_a_check_of_broken_ones_exits_with_1_and_a_rebuild_mends_them(
    run: Run, tmp_path: Path
) -> None:
    ledger = open_ledger(Settings(tmp_path / "home"))
    edit(ledger, "DELETE FROM record")
    ledger.close()
    assert (run("rebuild", "--check").status, run("audit").status) == (1, 1)
    answer = run("rebuild")
    assert answer.status == 0
    assert "2 stored rows were not as" in answer.out
    assert (run("rebuild", "--check").status, run("audit").status) == (0, 0)


def test_without_a_ledger_it_is_wrong_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = make_run(tmp_path / "elsewhere", monkeypatch)("rebuild", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "no-ledger")
