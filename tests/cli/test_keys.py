"""keys list, keys rotate and keys revoke."""

from pathlib import Path

import pytest

from tests.cli.command import Run, make_run
from tests.ledgers import make_roster


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


def _exported(run: Run, folder: Path) -> Path:
    school = run("organisation", "list", "--json").json["organisations"][0]["id"]
    (folder / "roster.csv").write_bytes(make_roster(0))
    assert run("import", folder / "roster.csv", "--issuer", school).status == 0
    subject = run("subjects", "--json").json["subjects"][0]["id"]
    assert run("export", "--subject", subject, "--out", folder / "bundle.json").status == 0
    return folder / "bundle.json"


def _rotated(run: Run) -> str:
    """Rotate the credential key; give the id of the old one."""
    listed = run("keys", "list", "--json").json["keys"]
    assert run("keys", "rotate", "--purpose", "credential").status == 0
    return str(next(key["id"] for key in listed if key["purpose"] == "credential"))


def test_a_verifier_refuses_what_a_compromised_key_signed(run: Run, tmp_path: Path) -> None:
    bundle = _exported(run, tmp_path)
    old = _rotated(run)
    assert run("verify", bundle).status == 0
    revoked = run("keys", "revoke", old, "--compromised-at", "2020-01-01T00:00:00.000Z", "--json")
    assert revoked.status == 0
    assert revoked.json["key"]["compromised_at"] == "2020-01-01T00:00:00.000Z"
    assert len(revoked.json["entries"]) == 1
    # The entry is under a signed checkpoint, so an older key list learns of it from a new export.
    note = (tmp_path / "home" / "checkpoint").read_text()
    assert revoked.json["entries"] == [int(note.splitlines()[1]) - 1]
    verdict = run("verify", bundle, "--json")
    assert (verdict.status, verdict.json["verdict"]) == (1, "issuer-unknown")
    assert "key-compromised" in {check["reason"] for check in verdict.json["checks"]}
    assert verdict.json["records"] == []
    assert run("audit").status == 0


def test_a_key_is_revoked_once_and_not_while_it_is_current(run: Run) -> None:
    old = _rotated(run)
    assert "revoked" in run("keys", "revoke", old).out
    current = run("keys", "list", "--json").json["keys"][-1]["id"]
    for key, code in ((old, "key-revoked"), (current, "key-current"), ("x", "key-not-found")):
        answer = run("keys", "revoke", key, "--json")
        assert (answer.status, answer.json["error"]["code"]) == (1, code)
    assert run("keys", "revoke", old, "--compromised-at", "yesterday").status == 2
