"""backup and restore: the passphrase comes from a private file or a prompt, never an argument."""

import shutil
from pathlib import Path

import pytest

from tests.cli.command import Run, make_run
from tests.ledgers import make_command, make_ledger, post

WORDS = "four words nobody joins"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    ledger = make_ledger(tmp_path)
    post(ledger, make_command(0))
    ledger.close()
    (tmp_path / "passphrase").write_text(f"{WORDS}\n")
    (tmp_path / "passphrase").chmod(0o600)
    return make_run(ledger.home, monkeypatch)


def test_a_backup_is_written_and_restored_elsewhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("--keys", tmp_path / "keys", "--passphrase-file", tmp_path / "passphrase")
    made = run("backup", tmp_path / "backups", *keys, "--json")
    assert made.status == 0
    assert (made.json["entries"], made.json["checkpoint"], made.json["dropped"]) == (5, 5, [])
    elsewhere = make_run(tmp_path / "elsewhere", monkeypatch)
    done = elsewhere("restore", made.json["folder"], *keys, "--json")
    assert done.status == 0
    assert done.json == {
        "entries": 5,
        "checkpoint": 5,
        "sound": True,
        "writable": True,
        "refusal": None,
        "findings": [],
    }
    assert elsewhere("audit").status == 0
    again = elsewhere("restore", made.json["folder"], *keys, "--json")
    assert (again.status, again.json["error"]["code"]) == (1, "home-not-empty")


def test_a_prompted_passphrase_opens_the_keys_and_is_asked_for_twice_when_new(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = f"{WORDS}\n{WORDS}\n"
    made = run("backup", tmp_path / "backups", "--keys", tmp_path / "keys", stdin=twice)
    assert made.status == 0
    assert "read back and verified" in made.out
    assert WORDS not in made.out + made.err
    (folder,) = (tmp_path / "backups").iterdir()
    elsewhere = make_run(tmp_path / "elsewhere", monkeypatch)
    wrong = elsewhere("restore", folder, "--keys", tmp_path / "keys", stdin="something else\n")
    assert (wrong.status, "passphrase-wrong" in wrong.err) == (1, True)
    done = elsewhere("restore", folder, "--keys", tmp_path / "keys", stdin=f"{WORDS}\n")
    assert done.status == 0
    assert "5 entries restored and audited: sound" in done.out


def test_older_backups_are_dropped_when_asked_for(run: Run, tmp_path: Path) -> None:
    folders = [run("backup", tmp_path / "b", "--json").json["folder"] for _ in range(2)]
    newest = run("backup", tmp_path / "b", "--keep", 1)
    assert [f"dropped: {folder}" in newest.out for folder in folders] == [True, True]
    assert len(list((tmp_path / "b").iterdir())) == 1


def test_a_passphrase_file_that_others_can_read_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "passphrase").chmod(0o644)
    keys = ("--keys", tmp_path / "keys", "--passphrase-file", tmp_path / "passphrase")
    answer = run("backup", tmp_path / "backups", *keys, "--json")
    assert (answer.status, answer.json["error"]["code"]) == (1, "key-custody")
    assert not (tmp_path / "backups").exists()
    alone = run("backup", tmp_path / "backups", "--passphrase-file", tmp_path / "passphrase")
    assert alone.status == 2


def test_a_backup_behind_the_checkpoint_is_restored_and_names_recover(
    run: Run, tmp_path: Path
) -> None:
    folder = run("backup", tmp_path / "backups", "--json").json["folder"]
    home = tmp_path / "home"
    ledger = make_ledger(tmp_path)
    post(ledger, make_command(1))
    ledger.close()
    assert run("checkpoint").status == 0
    for path in home.glob("ledger.sqlite3*"):
        path.unlink()
    answer = run("restore", folder)
    assert answer.status == 0
    assert "behind-checkpoint" in answer.out
    assert "python -m ledger recover" in answer.out
    shutil.rmtree(folder)
    assert run("restore", folder).status == 2
