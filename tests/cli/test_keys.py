"""keys list and keys rotate."""

from pathlib import Path

import pytest

from tests.cli.command import Run, make_run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = make_run(tmp_path / "home", monkeypatch)
    assert made("init", "--example").status == 0
    return made


def test_the_published_keys_are_listed_and_no_secret(run: Run, tmp_path: Path) -> None:
    answer = run("keys", "list", "--json")
    assert {key["purpose"] for key in answer.json["keys"]} == {"log", "credential"}
    assert run("keys", "list").out.count("SCL-1") == 2
    for path in (tmp_path / "home" / "keys").iterdir():
        for line in path.read_text().split():
            assert len(line) < 40 or line not in answer.out


@pytest.mark.parametrize("purpose", ["log", "credential"])
def test_a_signing_key_is_rotated_with_an_overlap(run: Run, purpose: str) -> None:
    answer = run("keys", "rotate", "--purpose", purpose, "--overlap-days", 2, "--json")
    assert answer.json["key"]["purpose"] == purpose
    old, new = (
        key for key in run("keys", "list", "--json").json["keys"] if key["purpose"] == purpose
    )
    assert old["valid_until"] is not None
    assert new == answer.json["key"]
    assert run("audit").status == 0
    assert "hand keys.json" in run("keys", "rotate", "--purpose", purpose).out


def test_the_vault_key_is_rotated_and_the_lookup_secret_is_not(run: Run) -> None:
    answer = run("keys", "rotate", "--purpose", "vault", "--json").json
    assert answer == {"purpose": "vault", "version": 2, "rewrapped": 0}
    assert "version 3" in run("keys", "rotate", "--purpose", "vault").out
    refused = run("keys", "rotate", "--purpose", "lookup")
    assert (refused.status, refused.err.split(":")[0]) == (1, "lookup-rotation")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--purpose", "all"), ("--purpose", "log", "--overlap-days", -1)],
)
def test_wrong_use_exits_with_2(run: Run, arguments: tuple[object, ...]) -> None:
    assert run("keys", "rotate", *arguments).status == 2
