"""The audit of bodies, vault and projections: what is derived is held against what was appended."""

# ruff: noqa: ISC004, Q000, Q003 - SQL statements full of quotes, one to a row of the table

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ledger.domain.withdrawals import RevokeRecord
from ledger.services.auditing import audit
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.erasure import erase
from ledger.services.posting import Posting, with_facts
from ledger.services.record import write
from ledger.services.withdrawal import revoke_record
from ledger.storage.projections import RecordRow
from tests.ledgers import (
    edit,
    make_command,
    make_ledger,
    make_person,
    post,
    post_one,
    query,
    reopen,
    school_of,
    subject_of,
    verify_whole,
)

EDITS = {
    "personal body": ('UPDATE body SET content = zeroblob(99) WHERE "index" = 5', "body", 5),
    "public body": ("UPDATE body SET content = CAST(replace(content, '金蓝', '银蓝') AS BLOB) "
                    'WHERE "index" = 3', "body", 3),
    "salt": ('UPDATE body SET salt = zeroblob(32) WHERE "index" = 2', "body", 2),
    "salt cut": ("UPDATE body SET salt = x'00' WHERE \"index\" = 2", "body", 2),
    "body gone": ('DELETE FROM body WHERE "index" = 5', "body", 5),
    "body moved": ('UPDATE body SET "index" = 99 WHERE "index" = 5', "body", 5),
    "body made public": ("UPDATE body SET subject = NULL, salt = zeroblob(32) "
                         'WHERE "index" = 5', "body", 5),
    "bodies swapped": ("UPDATE body SET content = (SELECT content FROM body AS b WHERE "
                       'b."index" = 11 - body."index"), subject = (SELECT subject FROM body AS b '
                       'WHERE b."index" = 11 - body."index") WHERE "index" IN (5, 6)', "body", 5),
    "record gone": ('DELETE FROM record WHERE "index" = 5', "record", 5),
    "record of another": ("UPDATE record SET subject = (SELECT subject FROM record AS r WHERE "
                          'r."index" = 6) WHERE "index" = 5', "record", 5),
    "certificate freed": ('UPDATE record SET certificate = NULL WHERE "index" = 5', "record", 5),
    "event date": ("UPDATE record SET event_on = '2024-01-01' WHERE \"index\" = 5", "record", 5),
    "revoked in silence": ("UPDATE record SET status = 'revoked', related = 8 WHERE \"index\" = 5",
                           "record", 5),
    "revocation undone": ("UPDATE record SET status = 'active', related = NULL "
                          'WHERE "index" = 4', "record", 4),
    "correction undone": ("UPDATE record SET status = 'active', related = NULL "
                          'WHERE "index" = 7', "record", 7),
    "record added": ('INSERT INTO record SELECT 99, subject, issuer, kind, event_on, identity, '
                     "content, certificate, status, related FROM record WHERE \"index\" = 5",
                     "record", 10),
    "public entry gone": ('DELETE FROM public_entry WHERE "index" = 2', "public-entry", 2),
    "kind changed": ("UPDATE public_entry SET kind = 'key' WHERE \"index\" = 2",
                     "public-entry", 2),
    "facts": ("UPDATE subject SET facts = zeroblob(99)", "vault", None),
    "tag": ("UPDATE subject SET tag = randomblob(16)", "vault", None),
    "key": ("UPDATE subject SET wrapped_key = zeroblob(60)", "vault", 4),
    "key version": ("UPDATE subject SET key_version = 9", "vault", 4),
    "person gone": ("DELETE FROM subject", "body", 4),
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Records at 4 to 7; 8 corrects 7 and 9 revokes 4."""
    made = make_ledger(tmp_path)
    post(made, *(make_command(n) for n in range(4)))
    post_one(made, make_command(3, attendance=None), correcting=True)
    revoke_record(made, "ledger", RevokeRecord(4, "entered-in-error"))
    verify_whole(made)
    return made


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_of_what_hangs_on_an_entry_is_found(ledger: Ledger, kind: str) -> None:
    statement, what, index = EDITS[kind]
    assert edit(ledger, statement) >= 1
    report = audit(reopen(ledger))
    assert what in {finding.what for finding in report.findings}
    assert report.first_bad_index == index


def test_an_entry_of_another_kind_than_its_body_is_found(ledger: Ledger) -> None:
    """Only a faulty writer could make one: the entry is chained, and its body is as committed."""
    command = make_command(9)

    def work(batch: Batch) -> None:
        batch.add_record = partial(_as_certificate, batch, batch.add_record)  # type: ignore[method-assign]
        batch.know([command])
        posting = Posting(batch, school_of(ledger), correcting=False)
        assert posting.decide(with_facts([command])[0]).outcome == "accepted"

    write(ledger, work)
    report = audit(ledger)
    found = {(finding.what, finding.message) for finding in report.findings}
    assert ("body", "the body is not one of the entry's kind") in found


def _as_certificate(
    _batch: Batch, add: Callable[..., None], row: RecordRow, *others: object
) -> None:
    add(replace(row, kind="certificate"), *others)


def test_a_body_that_went_without_an_erasure_entry_is_found(ledger: Ledger) -> None:
    subject = subject_of(ledger, 1)
    for table, column in (("subject", "id"), ("record", "subject"), ("body", "subject")):
        edit(ledger, f"DELETE FROM {table} WHERE {column} = ?", subject)  # noqa: S608
    report = audit(ledger)
    assert [(finding.index, finding.what) for finding in report.findings] == [(5, "body")]


def test_a_record_that_outlived_the_erasure_of_its_person_is_found(ledger: Ledger) -> None:
    subject = subject_of(ledger, 1)
    columns = query(ledger, 'SELECT * FROM record WHERE "index" = 5')[0]
    erase(ledger, subject)
    verify_whole(ledger)
    edit(ledger, "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *columns)
    assert audit(ledger).first_bad_index == 5


def test_findings_name_nobody(ledger: Ledger) -> None:
    for kind in ("personal body", "salt", "record gone", "event date", "facts", "key"):
        edit(ledger, EDITS[kind][0])
    findings = str(audit(ledger).findings)
    for n in range(4):
        assert make_person(n).id_number not in findings
        assert make_person(n).name not in findings
