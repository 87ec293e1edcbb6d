"""verify, audit, checkpoint, prove: 0 when sound, 1 when not, 2 for wrong use."""

from pathlib import Path

import pytest

from ledger.core.proof import parse_log_proof, verify_log_proof
from ledger.services.context import open_ledger, system_clock
from ledger.services.settings import Settings
from tests.cli.command import Run, make_run
from tests.ledgers import DAY_MS, TestClock, edit, make_command, make_roster, post


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = make_run(tmp_path / "home", monkeypatch)
    school = made("init", "--example", "--json").json["organisation"]["id"]
    (tmp_path / "roster.csv").write_bytes(make_roster(0))
    assert made("import", tmp_path / "roster.csv", "--issuer", school).status == 0
    return made


@pytest.fixture
def bundle(run: Run, tmp_path: Path) -> Path:
    subject = run("subjects", "--json").json["subjects"][0]["id"]
    out = tmp_path / "bundle.json"
    assert run("export", "--subject", subject, "--out", out).status == 0
    return out


def test_a_valid_bundle_exits_with_0_and_names_each_check(run: Run, bundle: Path) -> None:
    assert run("verify", bundle, "--json").json["verdict"] == "valid"
    words = run("verify", bundle)
    assert words.status == 0
    assert "(valid, bundle" in words.out
    assert "  x " not in words.out
    assert run("verify", bundle, "--lang", "zh-Hans").out != words.out


def test_a_changed_bundle_exits_with_1_and_says_what_failed(run: Run, bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes().replace(b"5.5", b"9.5"))
    answer = run("verify", bundle)
    assert answer.status == 1
    assert "  x " in answer.out
    assert run("verify", bundle, "--json").json["verdict"] == "altered"


def test_a_bundle_is_verified_with_no_ledger_but_not_without_a_key_list(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = tmp_path / "trust.json"
    trust.write_bytes((tmp_path / "home" / "keys.json").read_bytes())
    alone = make_run(tmp_path / "elsewhere", monkeypatch)
    assert alone("verify", bundle, "--trust", trust).status == 0
    without = alone("verify", bundle, "--json")
    assert (without.status, without.json["error"]["code"]) == (2, "no-ledger")
    trust.write_bytes(b"{}")
    assert alone("verify", bundle, "--trust", trust).status == 2
    assert alone("verify", tmp_path / "absent").status == 2


def test_an_audit_of_a_sound_ledger_exits_with_0(run: Run) -> None:
    document = run("audit", "--json")
    assert document.status == 0
    assert (document.json["sound"], document.json["entries"]) == (True, 5)
    assert run("audit").out.endswith("sound\n")


def test_an_audit_tells_of_entries_dated_after_the_clock(run: Run, tmp_path: Path) -> None:
    """The log is sound: its times go on from there. But somebody should look at the clock."""
    assert "dated" not in run("audit").out
    ahead = TestClock(system_clock() + 10 * 365 * DAY_MS)
    ledger = open_ledger(Settings(tmp_path / "home"), clock=ahead)
    post(ledger, make_command(7))
    ledger.close()
    told = run("audit").out
    assert "the newest entry is dated" in told
    assert told.endswith("sound\n")
    assert run("audit", "--json").json["ahead_ms"] > 9 * 365 * DAY_MS


def test_an_audit_of_the_log_alone_opens_no_body(run: Run) -> None:
    document = run("audit", "--depth", "log", "--processes", "1", "--json")
    assert document.status == 0
    assert (document.json["sound"], document.json["depth"]) == (True, "log")
    assert document.json["bodies"] == 0
    assert document.json["entries"] > 0
    deeper = run("audit", "--depth", "bodies", "--processes", "1", "--json").json
    assert deeper["bodies"] == deeper["entries"] == document.json["entries"]
    assert run("audit", "--depth", "deep").status == 2
    assert run("audit", "--processes", "0").status == 2


def test_an_audit_of_a_changed_ledger_exits_with_1_and_names_the_index(
    run: Run, tmp_path: Path
) -> None:
    ledger = open_ledger(Settings(tmp_path / "home"))
    edit(ledger, 'DELETE FROM entry WHERE "index" = 3')
    ledger.close()
    document = run("audit", "--json")
    assert (document.status, document.json["first_bad_index"]) == (1, 3)
    words = run("audit").out
    assert "NOT SOUND" in words
    assert "first bad index: 3" in words


def test_a_checkpoint_is_printed_as_the_note_it_is(run: Run, tmp_path: Path) -> None:
    words = run("checkpoint")
    assert words.out.encode() == (tmp_path / "home" / "checkpoint").read_bytes()
    document = run("checkpoint", "--json").json
    assert (document["note"], document["size"]) == (words.out, 5)


def test_a_proof_is_printed_or_written_and_verifies(run: Run, tmp_path: Path) -> None:
    words, document = run("prove", 4).out, run("prove", 4, "--json").json
    assert document["proof"] == words
    out = tmp_path / "4.tlog-proof"
    assert run("prove", 4, "--out", out).status == 0
    assert out.read_text() == words
    ledger = open_ledger(Settings(tmp_path / "home"))
    keys = ledger.keyring.published().log_verifier_keys()
    ledger.close()
    verify_log_proof(parse_log_proof(words), document["entry"].encode(), ledger.origin, keys)
    for index, status in ((5, 1), (-1, 2), ("x", 2)):
        assert run("prove", index).status == status
