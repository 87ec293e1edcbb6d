"""publish and mirror, as an operator and as a stranger run them."""

import time
from pathlib import Path

import pytest

from ledger.errors import UnavailableError
from ledger.services.mirroring import Mirror
from tests.cli.command import Run


@pytest.fixture
def public(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JINLAN_PUBLIC", str(tmp_path / "public"))
    assert run("init", "--example", "--json").status == 0
    assert run("checkpoint", "--json").status == 0
    return tmp_path / "public"


def test_publish_writes_the_folder_that_the_setting_names(run: Run, public: Path) -> None:
    told = run("publish", "--json").json
    assert (told["folder"], told["entries"], told["new"]) == (str(public), 4, True)
    assert (public / "checkpoint").read_text(encoding="utf-8") == told["note"]
    assert run("publish", "--json").json["new"] is False
    assert "nothing new" in run("publish").out


def test_publish_tells_people_what_is_new(run: Run, public: Path) -> None:
    assert run("publish").out == f"{public}: 4 entries, 4 of them new\n"


def test_a_mirror_without_trust_says_whose_word_it_takes(
    run: Run, public: Path, tmp_path: Path
) -> None:
    run("publish")
    first = run("mirror", public, tmp_path / "copy")
    assert (first.status, first.out) == (0, "jinlan.localhost: 4 entries, 4 of them new: sound\n")
    assert "taken from the log itself" in first.err
    second = run("mirror", public, tmp_path / "copy", "--once")
    assert (second.status, second.err) == (0, "")


def test_a_mirror_tells_programs_everything(run: Run, public: Path, tmp_path: Path) -> None:
    run("publish")
    keys = tmp_path / "home/keys.json"
    told = run("mirror", public, tmp_path / "copy", "--trust", keys, "--json").json
    assert told["first_use"] is False
    assert (told["origin"], told["size"], told["new"]) == ("jinlan.localhost", 4, 4)
    assert len(told["log_keys"]) == 1


def test_what_is_wrong_ends_the_mirror_and_says_why(run: Run, public: Path, tmp_path: Path) -> None:
    run("publish")
    (public / "tile/0/000.p/4").write_bytes(bytes(128))
    answer = run("mirror", public, tmp_path / "copy", "--every", "1")
    assert answer.status == 1
    assert answer.err.startswith("tile-wrong: ")
    told = run("mirror", public, tmp_path / "copy", "--json")
    assert (told.status, told.json["error"]["code"]) == (1, "tile-wrong")
    assert not (tmp_path / "copy/checkpoint").exists()


def test_wrong_use_is_told(run: Run, public: Path, tmp_path: Path) -> None:
    run("publish")
    assert run("mirror", "ftp://x", tmp_path / "copy").err.startswith("malformed: ")
    assert run("mirror", tmp_path / "nowhere", tmp_path / "copy").status == 1
    assert "is the log itself" in run("mirror", public, public).err
    assert run("mirror", public, tmp_path / "copy", "--every", "0").status == 2


def test_a_log_that_cannot_be_reached_is_tried_again(
    run: Run, public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is there; and with --once it is not waited for."""
    run("publish")
    follow, rounds = Mirror.follow, []

    def away_at_first(mirror: Mirror) -> object:
        rounds.append(mirror)
        if len(rounds) < 3:
            raise UnavailableError("nobody there", code="log-unreachable")
        if len(rounds) == 4:
            raise KeyboardInterrupt
        return follow(mirror)

    monkeypatch.setattr(Mirror, "follow", away_at_first)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    assert run("mirror", public, tmp_path / "copy", "--every", "5").status == 1
    assert len(rounds) == 4
    assert (tmp_path / "copy/checkpoint").exists()
    rounds.clear()
    answer = run("mirror", public, tmp_path / "copy", "--every", "5", "--once")
    assert answer.err == "log-unreachable: nobody there\n"
