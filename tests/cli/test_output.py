"""What every command shares: exit status by error, JSON or words, progress for people only."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ledger.cli.output import command, opened_ledger, print_json, progress
from ledger.errors import DamagedError, LedgerError, NotFoundError, RefusedError
from tests.ledgers import make_ledger


def _failing(error: Exception) -> click.Command:
    @command("fail")
    def fail(*, as_json: bool) -> None:
        """Fail."""
        del as_json
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RefusedError("no", code="uscc"), 1),
        (DamagedError("bad"), 1),
        (NotFoundError("no ledger", code="no-ledger"), 2),
        (RefusedError("no", code="setting-unusable"), 2),
    ],
)
def test_an_error_is_told_in_words_or_as_json_and_gives_the_status(
    error: LedgerError, status: int
) -> None:
    words = CliRunner().invoke(_failing(error))
    assert (words.exit_code, words.stdout) == (status, "")
    assert words.stderr == f"{error.code}: {error.message}\n"
    as_json = CliRunner().invoke(_failing(error), ["--json"])
    assert (as_json.exit_code, as_json.stderr) == (status, "")
    assert f'"code": "{error.code}"' in as_json.stdout


def test_an_error_of_the_program_is_not_hidden() -> None:
    assert isinstance(
        CliRunner().invoke(_failing(ZeroDivisionError())).exception, ZeroDivisionError
    )
    assert isinstance(CliRunner().invoke(_failing(OSError("odd"))).exception, OSError)


def test_a_status_that_a_command_gives_is_its_exit_status() -> None:
    @command("answer")
    def answer(*, as_json: bool) -> int:
        """Answer."""
        print_json({"json": as_json, "字": 1})
        return 1

    result = CliRunner().invoke(answer, ["--json"])
    assert (result.exit_code, result.stdout) == (1, '{\n  "json": true,\n  "字": 1\n}\n')


def test_no_progress_bar_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (True, False):
        with progress("rows", 3, quiet=quiet) as advance:
            advance(3)
    assert capsys.readouterr() == ("", "")


def test_a_ledger_is_closed_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINLAN_HOME", str(make_ledger(tmp_path).home))
    with pytest.raises(ZeroDivisionError), opened_ledger() as ledger, ledger.engine.connect():
        _ = 1 / 0
    assert "Connections in pool: 0" in ledger.engine.pool.status()
