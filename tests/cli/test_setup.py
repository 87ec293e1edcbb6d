"""init, migrate, occupations: what they print and how they exit."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Run
from tests.ledgers import OTHER_USCC

SCOPE = ("--scope", "4-10-01-05:1-3:2023-01-01")


def test_init_makes_a_ledger_and_repeating_it_is_harmless(run: Run, tmp_path: Path) -> None:
    first = run("init", "--example", "--json")
    assert first.status == 0
    assert first.json["home"] == str(tmp_path / "home")
    assert run("init", "--example", "--json").json == first.json
    assert run("init", "--json").json["organisation"] is None
    assert first.json["organisation"]["id"] in run("init", "--example").out
    assert run("audit", "--json").json["entries"] == 4


def test_every_other_command_says_that_there_is_no_ledger_and_exits_with_2(
    run: Run, tmp_path: Path
) -> None:
    for arguments in (
        ("audit",), ("checkpoint",), ("subjects",), ("prove", 0), ("keys", "list"), ("migrate",),
        ("organisation", "list"), ("occupations",), ("transcript", "--subject", "x"),
        ("export", "--subject", "x", "--out", tmp_path / "x"),
        ("erase", "--subject", "x", "--yes"), ("keys", "rotate", "--purpose", "log"),
        ("revoke", "--entry", 4, "--reason", "entered-in-error"),
        ("schedule", "list"), ("keys", "revoke", "x"),
        ("organisation", "change", "org-x", "--status", "closed"),
        ("organisation", "add", "--name", "x", "--uscc", OTHER_USCC, *SCOPE),
    ):  # fmt: skip
        answer = run(*arguments)
        assert (answer.status, answer.out) == (2, ""), arguments
        assert answer.err.startswith("no-ledger: ")
        as_json = run(*arguments, "--json")
        assert (as_json.status, as_json.json["error"]["code"]) == (2, "no-ledger"), arguments
    assert not (tmp_path / "home").exists()


def test_a_setting_that_cannot_be_used_is_wrong_use(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINLAN_PORT", "many")
    assert (run("init").status, run("init", "--json").json["error"]["code"]) == (
        2, "setting-unusable",
    )  # fmt: skip


def test_migrate_tells_that_it_is_done(run: Run) -> None:
    run("init")
    assert run("migrate", "--json").json == {"migrated": True}
    assert run("migrate").status == 0


def test_a_small_occupation_table_is_imported(run: Run, tmp_path: Path) -> None:
    run("init")
    known = run("occupations", "--json").json["occupations"]
    table = tmp_path / "table.csv"
    table.write_text("code,name,flags\n6-99-99-98,新职业甲,S\n6-99-99-99,新职业乙,\n")
    assert run("occupations", table, "--json").json == {"imported": 2, "occupations": known + 2}
    table.write_text("code,name,flags\nx,新职业,\n")
    answer = run("occupations", table)
    assert (answer.status, answer.err.split(":")[0]) == (1, "occupation-table")
    assert run("occupations", tmp_path / "absent.csv").status == 2
    assert "2 rows" not in run("occupations").out


def test_wrong_use_exits_with_2_and_prints_nothing_on_standard_output(run: Run) -> None:
    for arguments in (("nonsense",), ("init", "--nonsense"), ("organisation", "add")):
        answer = run(*arguments)
        assert (answer.status, answer.out) == (2, "")
    assert run("--help").status == 0


def test_the_module_runs_as_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINLAN_HOME", str(tmp_path / "home"))
    result = subprocess.run(
        [sys.executable, "-m", "ledger", "audit"], capture_output=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"no-ledger: ")
