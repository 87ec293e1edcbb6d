"""A person's row in the vault is held against itself, whether a record leads to them or not."""

import pytest

from ledger.services.auditing import Depth, audit
from ledger.services.context import Ledger
from tests.ledgers import edit, reopen

EDITS = {
    "facts": ("UPDATE subject SET facts = zeroblob(99)", "vault", None),
    "tag": ("UPDATE subject SET tag = randomblob(16)", "vault", None),
    "key": ("UPDATE subject SET wrapped_key = zeroblob(60)", "vault", 4),
    "key version": ("UPDATE subject SET key_version = 9", "vault", 4),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
def test_a_changed_person_is_found_at_everything(withdrawn: Ledger, kind: str) -> None:
    statement, what, index = EDITS[kind]
    assert edit(withdrawn, statement) >= 1
    report = audit(reopen(withdrawn))
    assert what in {finding.what for finding in report.findings}
    assert report.first_bad_index == index


@pytest.mark.parametrize("kind", EDITS)
def test_depth_bodies_finds_of_a_changed_person_only_what_keeps_bodies_shut(
    withdrawn: Ledger, kind: str
) -> None:
    statement, _, index = EDITS[kind]
    edit(withdrawn, statement)
    report = audit(reopen(withdrawn), depth=Depth.BODIES)
    assert report.first_bad_index == index
    assert report.sound == (index is None)


def test_a_person_without_records_is_found_too(withdrawn: Ledger) -> None:
    edit(withdrawn, 'DELETE FROM body WHERE "index" = 5')
    edit(withdrawn, 'DELETE FROM record WHERE "index" = 5')
    edit(withdrawn, "UPDATE subject SET tag = x'00' WHERE NOT EXISTS "
                    "(SELECT 1 FROM record WHERE subject = subject.id)")  # fmt: skip
    found = audit(reopen(withdrawn)).findings
    assert {(finding.index, finding.what) for finding in found} == {(5, "body"), (None, "vault")}
