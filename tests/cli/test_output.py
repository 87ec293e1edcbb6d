"""What every command shares: exit status by error, JSON or words, progress for people only."""

import threading
from pathlib import Path

import click
import orjson
import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.progress import Progress

from ledger.cli.output import (
    Commands,
    command,
    opened_ledger,
    print_json,
    private_file,
    progress,
    write_export,
    write_private,
)
from ledger.errors import DamagedError, LedgerError, NotFoundError, RefusedError
from ledger.services.context import Ledger
from ledger.services.erasure import EXPORTS, erase
from ledger.services.transcripts import list_subjects
from ledger.storage.engine import writing
from tests.ledgers import make_command, make_ledger, post


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
        with progress("rows", quiet=quiet) as watch:
            watch.expect(3)
            watch.advance(3)
    assert capsys.readouterr() == ("", "")


def test_a_ledger_is_closed_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINLAN_HOME", str(make_ledger(tmp_path).home))
    with pytest.raises(ZeroDivisionError), opened_ledger() as ledger, ledger.engine.connect():
        _ = 1 / 0
    assert "Connections in pool: 0" in ledger.engine.pool.status()


def test_a_bar_has_its_end_where_a_person_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float | None, float]] = []

    class Bar(Progress):
        def stop(self) -> None:  # type: ignore[explicit-override]
            seen.extend((task.total, task.completed) for task in self.tasks)
            super().stop()

    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setattr("ledger.cli.output.Progress", Bar)
    with progress("rows") as watch:
        watch.expect(3)
        watch.advance(2)
    assert seen[0] == (3, 2)


def test_a_private_file_is_for_its_owner_only_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_that_was_not_finished_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")

    def die() -> None:
        with private_file(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_goes_through_a_link_and_into_a_device(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "behind")
    write_private(link, b"here")
    assert link.is_symlink()
    assert (tmp_path / "behind").read_bytes() == b"here"
    write_private(Path("/dev/null"), b"gone")
    assert not Path("/dev/null").is_file()


def _subject(ledger: Ledger) -> str:
    post(ledger, make_command())
    return str(list_subjects(ledger)[0]["id"])


def test_no_export_is_kept_of_a_person_who_was_erased_since_it_was_made(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    subject, kept = _subject(ledger), ledger.home / EXPORTS
    kept.mkdir()
    (tmp_path / "link").symlink_to(kept / f"{subject}.json")
    write_export(ledger, subject, kept / f"{subject}.json", b"there")
    assert (kept / f"{subject}.json").read_bytes() == b"there"
    erase(ledger, subject)
    same = f"{subject}.json"
    for path in (kept / same, kept / ".." / EXPORTS / same, tmp_path / "link"):
        with pytest.raises(NotFoundError):
            write_export(ledger, subject, path, b"gone")
    assert list(kept.iterdir()) == []


def test_nothing_is_kept_under_a_name_by_which_an_erasure_would_not_find_it(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    subject, kept = _subject(ledger), ledger.home / EXPORTS
    (kept / "2026").mkdir(parents=True)
    (tmp_path / "link").symlink_to(kept / "behind")
    for path in (kept / "wang.json", kept / "2026" / f"{subject}.json", tmp_path / "link"):
        with pytest.raises(RefusedError) as caught:
            write_export(ledger, subject, path, b"lost")
        assert caught.value.code == "export-name"
        assert subject in caught.value.message
    assert list(kept.rglob("*.json")) == []


def test_a_copy_that_is_handed_out_waits_for_no_writer_and_holds_none_up(tmp_path: Path) -> None:
    """Through a pipe it may go to somebody slow."""
    ledger, copy = make_ledger(tmp_path), tmp_path / "copy.json"
    arguments = (ledger, _subject(ledger), copy, b"copy")
    handing_out = threading.Thread(target=write_export, args=arguments)
    with writing(ledger.engine):
        handing_out.start()
        handing_out.join(5)
        assert copy.read_bytes() == b"copy"
    handing_out.join()


@pytest.mark.parametrize("arguments", [["none"], ["ask", "--none"], ["ask", "x"], ["ask"]])
def test_wrong_use_is_one_json_document_where_json_is_asked_for(arguments: list[str]) -> None:
    @command("ask")
    @click.option("--number", type=int, required=True)
    def ask(*, number: int, as_json: bool) -> None:
        """Ask."""
        print_json([number, as_json])

    group = Commands("all", commands=[ask])
    wrong = CliRunner().invoke(group, [*arguments, "--json"])
    assert (wrong.exit_code, wrong.stderr) == (2, "")
    assert orjson.loads(wrong.stdout)["error"]["code"] == "malformed"
    words = CliRunner().invoke(group, arguments)
    assert (words.exit_code, words.stdout) == (2, "")
    right = CliRunner().invoke(group, ["ask", "--number", "1", "--json"])
    assert (right.exit_code, orjson.loads(right.stdout)) == (0, [1, True])


def test_a_question_without_an_answer_is_one_json_document() -> None:
    @command("ask")
    def ask(*, as_json: bool) -> None:
        """Ask."""
        click.confirm("Sure?", err=True)
        print_json(as_json)

    unanswered = CliRunner().invoke(Commands("all", commands=[ask]), ["ask", "--json"], input="")
    assert unanswered.exit_code == 1
    assert orjson.loads(unanswered.stdout)["error"]["code"] == "not-confirmed"
