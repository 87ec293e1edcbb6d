"""Recover: nothing is written before what happened is an entry; then the ledger goes on, sound."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.core.canonical import decode
from ledger.core.checkpoint import open_checkpoint
from ledger.domain.recoveries import Recovery, Span, parse_recovery
from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import (
    DamagedError,
    MalformedError,
    NotFoundError,
    RefusedError,
    VerificationError,
)
from ledger.services import recovery
from ledger.services.auditing import Depth, audit
from ledger.services.backups import take_backup
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger, open_ledger
from ledger.services.erasure import erase
from ledger.services.exports import export_bundle
from ledger.services.log_copy import body_path
from ledger.services.rebuilding import check
from ledger.services.recovery import find_situation, recover
from ledger.services.rolling_audit import audit_further
from ledger.services.transcripts import find_subject, read_transcript
from ledger.services.withdrawal import revoke_issuer, revoke_record
from ledger.storage import bodies, checkpoints
from ledger.storage.engine import reading
from ledger.verify import verify
from tests.databases import copy_home, past_triggers, put_back_database, settings_for
from tests.ledgers import (
    TODAY,
    TestClock,
    add_other_school,
    edit,
    make_command,
    make_person,
    post,
    query,
    reopen,
    school_of,
    subject_of,
    verify_whole,
)
from tests.log_copies import copy_log

REASON = "disk lost, backup of last night put back"


def _opened(home: Path, clock: TestClock) -> Ledger:
    return open_ledger(settings_for(home), clock=clock, random=Random(77).randbytes)


def _put_back(ledger: Ledger, backup: Path) -> Ledger:
    """Lose the database, put an old copy of it back, and open it as a new process would."""
    ledger.close()
    put_back_database(ledger.home, backup)
    return _opened(ledger.home, ledger.clock)  # type: ignore[arg-type]


@pytest.fixture
def backup(ledger: Ledger, tmp_path: Path) -> Path:
    """The data folder as of six entries: two records."""
    post(ledger, make_command(0), make_command(1))
    sign_checkpoint(ledger)
    ledger.close()
    return copy_home(ledger.home, tmp_path / "old")


def _later(ledger: Ledger) -> None:
    """What happened after the backup: records, revocations, an erasure."""
    post(ledger, *(make_command(n) for n in range(2, 5)))
    revoke_record(ledger, "ledger", RevokeRecord(4, "entered-in-error"))
    erase(ledger, subject_of(ledger, 1))
    sign_checkpoint(ledger)


def _body(ledger: Ledger, index: int) -> Recovery:
    with reading(ledger.engine) as connection:
        return parse_recovery(decode(bodies.read_body(connection, index).content))


def _refuses(ledger: Ledger, code: str) -> None:
    for write in (lambda: post(ledger, make_command(60)), lambda: sign_checkpoint(ledger)):
        with pytest.raises(DamagedError) as caught:
            write()
        assert caught.value.code == code


def _goes_on(ledger: Ledger) -> None:
    assert post(ledger, make_command(61)).outcomes[0].outcome == "accepted"
    verify_whole(ledger)
    assert audit(ledger, depth=Depth.LOG).findings == []
    assert audit_further(ledger).findings == []
    assert check(ledger).differing == 0


def test_a_gap_is_recorded_with_the_old_checkpoint_and_the_ledger_goes_on(
    ledger: Ledger, backup: Path
) -> None:
    _later(ledger)
    old = checkpoints.read_outside(ledger.home)
    assert old is not None
    behind = _put_back(ledger, backup)
    _refuses(behind, "behind-checkpoint")
    found = find_situation(behind)
    assert (found.cause, found.size, found.recorded) == ("behind-checkpoint", 6, None)
    done = recover(behind, REASON)
    assert (done.entry, done.restored, done.checkpoint) == (6, 0, 7)
    body = _body(behind, 6)
    assert body == Recovery("behind-checkpoint", REASON, old.decode(), 6, found.root.hex())
    assert done.kept is not None
    assert done.kept.parent == behind.home
    assert done.kept.name.startswith("checkpoint.before-6-")
    assert done.kept.read_bytes() == old
    assert checkpoints.read_outside(behind.home) != old
    _goes_on(_opened(behind.home, TestClock(behind.clock() + 1)))


def test_entries_of_a_copy_come_back_byte_for_byte_and_the_log_does_not_fork(
    ledger: Ledger, backup: Path, tmp_path: Path
) -> None:
    _later(ledger)
    export = export_bundle(ledger, subject_of(ledger, 2), TODAY)
    last = copy_log(ledger, tmp_path / "copy") and checkpoints.read_outside(ledger.home)
    assert last is not None
    entries = query(ledger, 'SELECT * FROM entry ORDER BY "index"')
    behind = _put_back(ledger, backup)
    assert find_subject(behind, make_person(1).id_number) is not None, "the erased one is back"
    done = recover(behind, REASON, tmp_path / "copy")
    assert (done.restored, done.without_body, done.erased, done.to_repeat) == (5, 3, 1, [])
    assert query(behind, 'SELECT * FROM entry ORDER BY "index"')[:-1] == entries
    assert _body(behind, done.entry).restored == Span(6, 10)
    assert done.kept is None
    assert find_subject(behind, make_person(1).id_number) is None, "erased once more"
    shown: Any = read_transcript(behind, subject_of(behind, 0), TODAY)
    assert shown["records"][0]["status"] == "revoked"
    report = verify_whole(behind)
    assert report.erased == 4, "the erased body, and three that are lost"
    keys = behind.keyring.published()
    assert open_checkpoint(last, behind.origin, keys.log_verifier_keys()).size == 11
    assert verify(export, keys, behind.clock() + 1).verdict == "valid"
    _goes_on(_opened(behind.home, TestClock(behind.clock() + 1)))


def test_without_public_bodies_what_must_be_done_again_is_named(
    ledger: Ledger, backup: Path, tmp_path: Path
) -> None:
    _later(ledger)
    copy_log(ledger, tmp_path / "copy", with_bodies=False)
    behind = _put_back(ledger, backup)
    done = recover(behind, REASON, tmp_path / "copy")
    assert (done.restored, done.without_body, done.erased) == (5, 5, 0)
    assert done.to_repeat == [(9, "revocation"), (10, "erasure")]
    assert subject_of(behind, 1)
    erase(behind, subject_of(behind, 1))
    revoke_record(behind, "ledger", RevokeRecord(4, "entered-in-error"))
    _goes_on(behind)


def test_lost_records_can_be_posted_again(ledger: Ledger, backup: Path, tmp_path: Path) -> None:
    _later(ledger)
    copy_log(ledger, tmp_path / "copy")
    behind = _put_back(ledger, backup)
    recover(behind, REASON, tmp_path / "copy")
    again = post(behind, *(make_command(n) for n in range(2, 5))).outcomes
    assert [each.outcome for each in again] == ["accepted"] * 3
    _goes_on(behind)


def test_a_revocation_of_a_period_comes_back_with_its_body(
    ledger: Ledger, backup: Path, tmp_path: Path
) -> None:
    end = make_command().training_class.end
    revoke_issuer(ledger, RevokeIssuer(school_of(ledger), end, end, "issuer-misconduct"))
    add_other_school(ledger)
    copy_log(ledger, tmp_path / "copy")
    behind = _put_back(ledger, backup)
    recover(behind, REASON, tmp_path / "copy")
    assert query(behind, "SELECT DISTINCT status, related FROM record") == [("revoked", 6)]
    with pytest.raises(Exception, match="registered"):
        add_other_school(behind)
    _goes_on(behind)


def test_many_entries_come_back_across_tiles(ledger: Ledger, backup: Path, tmp_path: Path) -> None:
    post(ledger, *(make_command(n) for n in range(10, 600)))
    copy_log(ledger, tmp_path / "copy")
    behind = _put_back(ledger, backup)
    assert recover(behind, REASON, tmp_path / "copy").restored == 590
    _goes_on(behind)


def test_a_copy_that_is_older_broken_or_of_another_history_changes_nothing(
    ledger: Ledger, backup: Path, tmp_path: Path
) -> None:
    post(ledger, make_command(2))
    older = copy_log(ledger, tmp_path / "older")
    _later(ledger)
    copy = copy_log(ledger, tmp_path / "copy")
    behind = _put_back(ledger, backup)
    before = query(behind, "SELECT * FROM entry")

    def refused(folder: Path, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            recover(behind, REASON, folder)
        assert query(behind, "SELECT * FROM entry") == before
        _refuses(behind, "behind-checkpoint")

    refused(older, RefusedError, "holds 7 entries, expected at least the 11")
    refused(tmp_path, NotFoundError, "cannot be read")
    bundle = copy / "tile/entries/000.p/11"
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:-1] + b"]")
    refused(copy, VerificationError, "not those under the checkpoint")
    bundle.write_bytes(whole[:-3])
    refused(copy, MalformedError, "bundle")
    bundle.unlink()
    refused(copy, NotFoundError, "not whole")
    bundle.write_bytes(whole)
    wrong = copy / body_path(10)
    wrong.write_bytes(wrong.read_bytes().replace(b"5", b"6"))
    refused(copy, DamagedError, "not the body that entry 10 commits to")
    wrong.unlink()
    assert recover(behind, REASON, copy).restored == 5


def test_a_copy_of_a_fork_is_not_taken_though_it_continues_the_database(
    ledger: Ledger, backup: Path, tmp_path: Path
) -> None:
    """Another history grew from the same backup, signed with the same key."""
    post(ledger, make_command(2), make_command(3))
    note = sign_checkpoint(ledger).note
    fork = _put_back(ledger, backup)
    checkpoints.write_outside(fork.home, query(fork, "SELECT note FROM checkpoint")[-1][0])  # type: ignore[arg-type]
    post(fork, *(make_command(n) for n in range(30, 34)))
    copy_log(fork, tmp_path / "copy")
    behind = _put_back(fork, backup)
    checkpoints.write_outside(behind.home, note)
    with pytest.raises(DamagedError, match="do not lead to the checkpoint of 8 entries"):
        recover(behind, REASON, tmp_path / "copy")
    _refuses(behind, "behind-checkpoint")


def test_a_missing_checkpoint_file_is_recorded(ledger: Ledger) -> None:
    (ledger.home / "checkpoint").unlink()
    again = reopen(ledger)
    _refuses(again, "checkpoint-missing")
    done = recover(again, "the file was deleted by mistake")
    assert done.situation.last is None
    assert _body(again, done.entry).checkpoint is None
    assert done.kept is None
    _goes_on(again)


def test_another_history_is_recorded_with_the_checkpoints_that_it_leaves_behind(
    ledger: Ledger, backup: Path
) -> None:
    """An old backup was put back, the checkpoint file was removed, and it was written on."""
    post(ledger, *(make_command(n) for n in range(2, 5)))
    lost = sign_checkpoint(ledger).note
    rows = query(ledger, "SELECT size, note FROM checkpoint WHERE size > 6")
    other = _put_back(ledger, backup)
    (other.home / "checkpoint").unlink()
    edit(other, "DELETE FROM checkpoint")
    post(other, *(make_command(n) for n in range(20, 26)))
    with past_triggers(other.home) as database:
        database.executemany("INSERT INTO checkpoint VALUES (?, ?)", rows)
    checkpoints.write_outside(other.home, lost)
    other = reopen(other)
    _refuses(other, "other-history")
    done = recover(other, REASON)
    superseded = _body(other, done.entry).superseded
    assert superseded is not None
    assert (superseded.first, superseded.last, superseded.count) == (9, 9, 1)
    assert done.kept is not None
    assert done.kept.read_bytes() == lost
    assert take_backup(other, other.home.parent / "backups").checkpoint_size == 13
    _goes_on(other)
    # What it excuses is these notes and no others.
    edit(other, "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 13), "
         "size = 8 WHERE size = 13")  # fmt: skip
    assert {finding.what for finding in audit(reopen(other)).findings} == {"checkpoint"}


def test_only_bodies_of_entries_that_came_back_are_excused(
    ledger: Ledger, backup: Path, tmp_path: Path
) -> None:
    _later(ledger)
    copy_log(ledger, tmp_path / "copy")
    behind = _put_back(ledger, backup)
    recover(behind, REASON, tmp_path / "copy")
    edit(behind, 'DELETE FROM body WHERE "index" = 4')
    edit(behind, 'DELETE FROM record WHERE "index" = 4')
    found = {(finding.index, finding.what) for finding in audit(reopen(behind)).findings}
    assert (4, "body") in found


def test_a_sound_ledger_and_a_damaged_one_are_not_recovered(ledger: Ledger, backup: Path) -> None:
    for use in (find_situation, lambda each: recover(each, REASON)):
        with pytest.raises(RefusedError) as caught:
            use(ledger)
        assert caught.value.code == "nothing-to-recover"
    _later(ledger)
    behind = _put_back(ledger, backup)
    edit(behind, "UPDATE entry SET leaf_hash = zeroblob(32) WHERE [index] = 3")
    with pytest.raises(DamagedError, match="what is stored is not what was appended"):
        recover(behind, REASON)
    _refuses(behind, "behind-checkpoint")


@pytest.mark.parametrize("reason", ["", " blank before", "x" * 501])
def test_a_reason_is_asked_for(ledger: Ledger, backup: Path, reason: str) -> None:
    _later(ledger)
    behind = _put_back(ledger, backup)
    with pytest.raises(MalformedError, match="reason"):
        recover(behind, reason)
    _refuses(behind, "behind-checkpoint")


class _Died(BaseException):
    pass


@pytest.mark.parametrize(
    ("cause", "step"),
    [
        ("behind-checkpoint", "sign_note"),
        ("behind-checkpoint", "keep_aside"),
        ("behind-checkpoint", "write_outside"),
        ("behind-checkpoint", "store"),
        ("checkpoint-missing", "sign_note"),
        ("checkpoint-missing", "write_outside"),
        ("checkpoint-missing", "store"),
    ],
)
def test_whoever_dies_on_the_way_leaves_a_ledger_that_a_repetition_completes(
    ledger: Ledger, backup: Path, monkeypatch: pytest.MonkeyPatch, step: str, cause: str
) -> None:
    _later(ledger)
    behind = _put_back(ledger, backup)
    if cause == "checkpoint-missing":
        (behind.home / "checkpoint").unlink()
    place: Any = recovery if step == "sign_note" else checkpoints

    def die(*_arguments: object) -> None:
        raise _Died

    with monkeypatch.context() as patch:
        patch.setattr(place, step, die)
        with pytest.raises(_Died):
            recover(behind, REASON)
    again = _opened(behind.home, TestClock(behind.clock()))
    if step != "store":
        _refuses(again, cause)
        found = find_situation(again)
        assert found.recorded == 6
        assert recover(again, "another reason, which is not recorded").entry == 6
    sign_checkpoint(again)
    assert query(again, "SELECT count(*) FROM public_entry WHERE kind = 'recovery'") == [(1,)]
    _goes_on(again)


def test_a_second_disaster_is_a_second_entry(ledger: Ledger, backup: Path) -> None:
    _later(ledger)
    first = _put_back(ledger, backup)
    recover(first, REASON)
    post(first, make_command(40))
    sign_checkpoint(first)
    second = _put_back(first, backup)
    _refuses(second, "behind-checkpoint")
    assert find_situation(second).recorded is None
    recover(second, REASON)
    names = sorted(path.name for path in second.home.glob("checkpoint*"))
    assert len(names) == 3, names
    _goes_on(second)
