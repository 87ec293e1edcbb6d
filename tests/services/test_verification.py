"""Verifying at the ledger tells what the offline verifier would tell a stranger."""

from pathlib import Path

from ledger.services.exports import export_bundle
from ledger.services.verification import verify_document
from ledger.verify import verify
from tests.ledgers import TODAY, TestClock, make_command, make_ledger, post, subject_of


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
