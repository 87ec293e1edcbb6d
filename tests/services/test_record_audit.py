"""The projection is held against the bodies it is made of, at depth everything and only there."""

# ruff: noqa: ISC004, Q000, Q003 - SQL statements full of quotes, one to a row of the table

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from ledger.services.auditing import Depth, audit
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.erasure import erase
from ledger.services.posting import Posting, with_facts
from ledger.services.record import write
from ledger.storage.projections import RecordRow
from tests.ledgers import (
    edit,
    make_command,
    make_person,
    query,
    reopen,
    school_of,
    subject_of,
    verify_whole,
)

EDITS = {
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
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
def test_a_changed_projection_row_is_found_at_everything_and_not_at_depth_bodies(
    withdrawn: Ledger, kind: str
) -> None:
    statement, what, index = EDITS[kind]
    assert edit(withdrawn, statement) >= 1
    report = audit(reopen(withdrawn))
    assert what in {finding.what for finding in report.findings}
    assert report.first_bad_index == index
    assert audit(reopen(withdrawn), depth=Depth.BODIES).findings == []


def test_an_entry_of_another_kind_than_its_body_is_found(withdrawn: Ledger) -> None:
    """Only a faulty writer could make one: the entry is chained, and its body is as committed."""
    command = make_command(9)

    def work(batch: Batch) -> None:
        batch.add_record = partial(_as_certificate, batch, batch.add_record)  # type: ignore[method-assign]
        batch.know([command])
        posting = Posting(batch, school_of(withdrawn), correcting=False)
        assert posting.decide(with_facts([command])[0]).outcome == "accepted"

    write(withdrawn, work)
    report = audit(withdrawn)
    found = {(finding.what, finding.message) for finding in report.findings}
    assert ("body", "the body is not one of the entry's kind") in found


def _as_certificate(
    _batch: Batch, add: Callable[..., None], row: RecordRow, *others: object
) -> None:
    add(replace(row, kind="certificate"), *others)


def test_a_record_that_outlived_the_erasure_of_its_person_is_found(withdrawn: Ledger) -> None:
    subject = subject_of(withdrawn, 1)
    columns = query(withdrawn, 'SELECT * FROM record WHERE "index" = 5')[0]
    erase(withdrawn, subject)
    verify_whole(withdrawn)
    edit(withdrawn, "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *columns)
    assert audit(withdrawn).first_bad_index == 5


def test_findings_name_nobody(withdrawn: Ledger) -> None:
    for statement in (
        'UPDATE body SET content = zeroblob(99) WHERE "index" = 5',
        EDITS["record gone"][0],
        EDITS["event date"][0],
        "UPDATE subject SET facts = zeroblob(99)",
    ):
        edit(withdrawn, statement)
    findings = str(audit(withdrawn).findings)
    for n in range(4):
        assert make_person(n).id_number not in findings
        assert make_person(n).name not in findings
