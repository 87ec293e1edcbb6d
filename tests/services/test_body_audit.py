"""Every body is opened and held against its entry, at each depth that opens bodies."""

# ruff: noqa: ISC004 - SQL statements full of quotes, one to a row of the table

import pytest
from sqlalchemy import Connection

from ledger.core.entry import decode_entry
from ledger.services.audit_report import AuditReport
from ledger.services.auditing import Depth, audit
from ledger.services.body_audit import BodyAudit
from ledger.services.context import Ledger
from ledger.services.leaf_audit import LeafAudit, SeenEntry
from ledger.storage import bodies, log, scanning, vault
from ledger.storage.engine import reading
from ledger.storage.scanning import BodyRow
from ledger.storage.sealing import body_context
from tests.ledgers import edit, reopen, subject_of

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
    "key": ("UPDATE subject SET wrapped_key = zeroblob(60)", "body", 4),
    "key version": ("UPDATE subject SET key_version = 9", "body", 4),
    "person gone": ("DELETE FROM subject", "body", 4),
}  # fmt: skip


@pytest.mark.parametrize("depth", [Depth.BODIES, Depth.EVERYTHING])
@pytest.mark.parametrize("kind", EDITS)
def test_a_changed_body_is_found_at_depth_bodies_and_everything(
    withdrawn: Ledger, kind: str, depth: Depth
) -> None:
    statement, what, index = EDITS[kind]
    assert edit(withdrawn, statement) >= 1
    report = audit(reopen(withdrawn), depth=depth)
    assert what in {finding.what for finding in report.findings}
    assert report.first_bad_index == index


def test_a_changed_body_is_not_found_at_depth_log(withdrawn: Ledger) -> None:
    assert edit(withdrawn, EDITS["personal body"][0]) == 1
    report = audit(reopen(withdrawn), depth=Depth.LOG)
    assert (report.findings, report.bodies) == ([], 0)


def test_a_body_that_was_sealed_anew_is_found_at_depth_bodies_and_its_new_owner_at_everything(
    withdrawn: Ledger,
) -> None:
    """Who holds the ledger's keys can seal another body, or this one under another's key."""
    one, other = subject_of(withdrawn, 1), subject_of(withdrawn, 2)
    with reading(withdrawn.engine) as connection:
        committed = decode_entry(log.read_entry(connection, 5).bytes).body
        ciphers = {
            subject: vault.read_subject(connection, withdrawn.sealer, subject).cipher
            for subject in (one, other)
        }
        stored = bodies.read_body(connection, 5)
    contexts = {subject: body_context(subject.encode(), committed) for subject in ciphers}
    plain = ciphers[one].open(stored.content, contexts[one])
    statement = 'UPDATE body SET subject = ?, content = ? WHERE "index" = 5'
    for changed in (
        plain.replace(b'"granted":"', b'"granted":"9'),
        bytes(32) + plain[32:],
    ):
        assert changed != plain
        sealed = ciphers[one].seal(changed, contexts[one])
        assert edit(withdrawn, statement, one, sealed) == 1
        (found,) = audit(withdrawn, depth=Depth.BODIES).findings
        assert (found.index, found.what) == (5, "body")
        assert "not the one that the entry commits" in found.message
    # Whose it is says the body itself, which depth bodies does not read.
    sealed = ciphers[other].seal(plain, contexts[other])
    assert edit(withdrawn, statement, other, sealed) == 1
    assert audit(withdrawn, depth=Depth.BODIES).findings == []
    told = {(found.index, found.message) for found in audit(withdrawn).findings}
    assert (5, "the body is about another subject than the row says") in told


def test_a_body_that_went_without_an_erasure_entry_is_found(withdrawn: Ledger) -> None:
    subject = subject_of(withdrawn, 1)
    for table, column in (("subject", "id"), ("record", "subject"), ("body", "subject")):
        edit(withdrawn, f"DELETE FROM {table} WHERE {column} = ?", subject)  # noqa: S608
    for depth in (Depth.BODIES, Depth.EVERYTHING):
        report = audit(withdrawn, depth=depth)
        assert [(finding.index, finding.what) for finding in report.findings] == [(5, "body")]


def test_what_is_opened_quickly_is_what_all_care_opens_and_nothing_else(withdrawn: Ledger) -> None:
    """Each column of each row is exchanged for that of each other row, and changed a little."""
    with reading(withdrawn.engine) as connection:
        leaves = LeafAudit(connection, AuditReport().add, 0)
        entries = [entry for _, seen in leaves.check() for entry in seen]
        (rows,) = scanning.body_rows(connection, 0, len(entries), with_facts=False)
        taken = 0
        for entry, row in zip(entries, rows, strict=True):
            for column, value in enumerate(row):
                others = {other[column] for other in rows} | {None, "", b"", 7}
                if isinstance(value, bytes):
                    others |= {value[:-1], value[:40], bytes([value[0] ^ 1]) + value[1:]}
                for other in others:
                    changed = (*row[:column], other, *row[column + 1 :])
                    taken += _taken_alike(withdrawn, connection, entry, changed)
        personal = sum(row[1] is not None for row in rows)
        # The unchanged row comes with each column, and two of them say nothing of the body.
        assert taken >= personal * len(rows[0])


def _taken_alike(ledger: Ledger, connection: Connection, entry: SeenEntry, row: BodyRow) -> bool:
    report = AuditReport()
    audit_ = BodyAudit(ledger, connection, report.add, None)
    quick = audit_._open_as_made(entry, row)
    careful = audit_._open_with_care(entry, row)
    if quick is not None:
        assert (careful, report.findings) == (quick, [])
    return quick is not None
