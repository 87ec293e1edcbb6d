"""Verifying at the ledger tells what the offline verifier would tell a stranger."""

from pathlib import Path

from ledger.services.exports import export_bundle
from ledger.services.recovery import recover
from ledger.services.verification import verify_document
from ledger.verify import verify
from tests.databases import copy_home, put_back_database
from tests.ledgers import (
    TODAY,
    TestClock,
    edit,
    make_command,
    make_ledger,
    post,
    reopen,
    subject_of,
)


def test_the_ledger_says_what_a_stranger_would_find(tmp_path: Path) -> None:
    clock = TestClock()
    ledger = make_ledger(tmp_path, clock=clock)
    post(ledger, make_command())
    subject = subject_of(ledger)
    clock.pass_ms(60_000)
    data = export_bundle(ledger, subject, TODAY)
    for document, verdict in ((data, "valid"), (data[:-1] + b" ", "wrong-format"), (b"", "")):
        found = verify_document(ledger, document)
        assert found == verify(document, ledger.keyring.published(), clock()).to_json()
        assert found["verdict"] == (verdict or found["verdict"])
        assert (found["verdict"] == "valid") == (verdict == "valid")


def test_another_ledgers_export_is_not_vouched_for(tmp_path: Path) -> None:
    clock = TestClock()
    mine, theirs = (
        make_ledger(tmp_path / name, clock=clock, seed=n) for n, name in enumerate("ab")
    )
    post(theirs, make_command())
    subject = subject_of(theirs)
    clock.pass_ms(60_000)
    data = export_bundle(theirs, subject, TODAY)
    assert verify_document(theirs, data)["verdict"] == "valid"
    assert verify_document(mine, data)["verdict"] not in {"valid", "wrong-format"}


def test_an_export_from_a_lost_part_of_the_log_is_explained_by_the_recovery(
    tmp_path: Path,
) -> None:
    """A stranger finds it valid, for it is genuine; the ledger knows that it lost that part."""
    clock = TestClock()
    ledger = make_ledger(tmp_path, clock=clock)
    post(ledger, make_command(0))
    clock.pass_ms(60_000)
    kept = export_bundle(ledger, subject_of(ledger, 0), TODAY)
    ledger.close()
    copy_home(ledger.home, tmp_path / "old")
    post(ledger, make_command(1))
    clock.pass_ms(60_000)
    lost = export_bundle(ledger, subject_of(ledger, 1), TODAY)
    assert verify_document(ledger, lost)["verdict"] == "valid"
    ledger.close()
    put_back_database(ledger.home, tmp_path / "old")
    behind = reopen(ledger)
    clock.pass_ms(60_000)
    found = verify_document(behind, lost)
    assert (found["verdict"], found["checks"][-1]["entries"]) == ("cannot-check", [])
    entry = recover(behind, "disk lost").entry
    post(behind, *(make_command(n) for n in range(2, 9)))
    found = verify_document(behind, lost)
    assert found["verdict"] == "cannot-check"
    last = found["checks"][-1]
    assert (last["name"], last["reason"], last["entries"]) == (
        "log-history", "history-lost", [entry],
    )  # fmt: skip
    assert verify(lost, behind.keyring.published(), clock()).verdict == "valid"
    assert verify_document(behind, kept)["verdict"] == "valid"
    altered = lost.replace(b"5.5", b"9.5")
    assert verify_document(behind, altered)["verdict"] == "altered"
    edit(behind, "DELETE FROM tile")
    assert verify_document(behind, kept)["verdict"] == "valid", "what a stranger finds"
