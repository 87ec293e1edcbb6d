"""A span is audited alone, in one state of the database, and says what it leaves to others."""

from pathlib import Path

from sqlalchemy import event

from ledger.domain.withdrawals import RevokeRecord
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.erasure import erase
from ledger.services.span_audit import Depth, SpanAudit, begin_state
from ledger.services.withdrawal import revoke_record
from ledger.storage.engine import reading
from tests.ledgers import edit, make_command, make_ledger, post, reopen, subject_of


def test_a_span_tells_what_it_saw_and_what_only_the_whole_can_judge(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    post(ledger, *(make_command(n) for n in range(6)))
    sign_checkpoint(ledger)
    erase(ledger, subject_of(ledger, 1))
    revoke_record(ledger, "ledger", RevokeRecord(4, "entered-in-error"))
    seen = SpanAudit(ledger).audit(0, 10)
    assert (seen.entries, seen.bodies, seen.missing, seen.erased) == (10, 9, [5], [])
    assert seen.checkpoints.good == 10
    seen = SpanAudit(ledger).audit(0, 12)
    assert (seen.missing, seen.erased, seen.findings) == ([5], [5], [])
    seen = SpanAudit(ledger, Depth.LOG).audit(0, 12)
    assert (seen.entries, seen.bodies, seen.missing) == (12, 0, [])
    seen = SpanAudit(ledger, Depth.BODIES).audit(0, 12)
    assert (seen.bodies, seen.missing, seen.erased, seen.findings) == (11, [5], [5], [])


def test_entries_that_are_not_there_at_the_end_of_a_span_are_named(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    post(ledger, *(make_command(n) for n in range(6)))
    assert SpanAudit(ledger).audit(0, 10).findings == []
    edit(ledger, 'DELETE FROM entry WHERE "index" >= 8')
    seen = SpanAudit(reopen(ledger)).audit(0, 10)
    assert {(finding.index, finding.what) for finding in seen.findings} == {(8, "entry")}
    assert (seen.place, seen.entries) == (10, 8)


def test_keys_are_opened_after_the_state_is_taken(tmp_path: Path) -> None:
    """So that a row under a key that came meanwhile is not taken for damage."""
    ledger = make_ledger(tmp_path)
    before, index = ledger.keys, ledger.home / "keys" / "index.json"
    with reading(ledger.engine) as connection:
        # A rotation in the very moment in which the state is taken.
        event.listen(connection, "after_cursor_execute", lambda *_: index.touch(), once=True)
        begin_state(ledger, connection)
        assert ledger.keys is not before
