"""What is kept beside the log is audited part by part."""

from pathlib import Path

import pytest

from ledger.services.audit_beside import BESIDE, audit_beside
from tests.ledgers import edit, make_command, make_ledger, post, reopen, verify_whole

EDITS = {
    "vault": "INSERT INTO subject SELECT 'a' || substr(id, 2), randomblob(16), key_version, "
             "wrapped_key, facts FROM subject LIMIT 1",
    "answer": "INSERT INTO answer VALUES ('o', 'k', x'00', x'00', x'00')",
    "report": "INSERT INTO report VALUES ('r', 0, x'00')",
    "schema": "CREATE TABLE more (number INTEGER)",
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_a_part_is_sound_until_it_is_changed(tmp_path: Path, name: str) -> None:
    ledger = make_ledger(tmp_path)
    post(ledger, *(make_command(n) for n in range(3)))
    verify_whole(ledger)
    assert audit_beside(ledger, name) == []
    if name in EDITS:
        edit(ledger, EDITS[name])
        assert {finding.what for finding in audit_beside(reopen(ledger), name)} == {name}


def test_a_part_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    edit(ledger, "DROP TABLE answer")
    assert [finding.what for finding in audit_beside(reopen(ledger), "answer")] == ["answer"]
