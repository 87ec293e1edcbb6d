"""Erasing a person: what was theirs is gone, and everything that was proved is still proved."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import NotFoundError, UnavailableError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.erasure import EXPORTS, erase, erasures_held_off, finish_erasure
from ledger.services.exports import export_bundle
from ledger.services.import_reports import stored_report
from ledger.services.key_entries import rotate_key
from ledger.services.rosters import import_roster
from ledger.services.transcripts import find_subject, list_subjects, read_transcript
from ledger.services.withdrawal import revoke_issuer, revoke_record
from ledger.storage.handover import FOLDER
from ledger.verify import verify
from tests.ledgers import (
    TODAY,
    codes,
    make_certificate,
    make_command,
    make_ledger,
    make_person,
    make_roster,
    post,
    post_one,
    query,
    reopen,
    school_of,
    subject_of,
    verify_whole,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = make_ledger(tmp_path)
    post(made, make_command(0), make_command(1), make_command(0, number="B", certificate=None))
    return made


def test_key_bodies_and_rows_of_an_erased_person_are_gone(ledger: Ledger) -> None:
    subject = subject_of(ledger)
    answer = erase(ledger, subject)
    assert answer == {"entry": 7, "entries": [4, 6]}
    for table, column in (("subject", "id"), ("body", "subject"), ("record", "subject")):
        found = query(ledger, f"SELECT * FROM {table} WHERE {column} = ?", subject)  # noqa: S608
        assert found == []
    with pytest.raises(NotFoundError):
        read_transcript(ledger, subject, TODAY)
    assert find_subject(ledger, make_person().id_number) is None
    assert [each["records"] for each in list_subjects(ledger)] == [1]


def test_every_proof_still_verifies_and_the_audit_counts_what_is_gone(ledger: Ledger) -> None:
    before = verify_whole(ledger)
    erase(ledger, subject_of(ledger))
    after = verify_whole(ledger)
    assert after.entries == before.entries + 1
    assert (before.erased, after.erased) == (0, 2)


def test_a_stop_right_after_the_commit_leaves_no_export_behind(ledger: Ledger) -> None:
    subject = subject_of(ledger)
    kept = ledger.home / EXPORTS / f"{subject}.json"
    kept.parent.mkdir()
    kept.write_bytes(export_bundle(ledger, subject, TODAY))
    seen: list[bool] = []
    event.listen(ledger.engine, "commit", lambda _: seen.append(kept.exists()))
    erase(ledger, subject)
    assert seen
    assert not any(seen)


def test_a_half_written_export_goes_with_the_person(ledger: Ledger) -> None:
    """As a kill leaves it: under a passing name."""
    subject, exports = subject_of(ledger), ledger.home / EXPORTS
    exports.mkdir()
    for name in (f"{subject}.json", f".{subject}.json.a1b2c3d4"):
        (exports / name).write_bytes(export_bundle(ledger, subject, TODAY))
    erase(ledger, subject)
    assert list(exports.iterdir()) == []


def test_an_erasure_waits_while_it_is_held_off_by_another_ledger_of_the_folder(
    ledger: Ledger,
) -> None:
    subject, other = subject_of(ledger), reopen(ledger)
    eraser = threading.Thread(target=erase, args=(other, subject))
    with erasures_held_off(ledger, subject):
        eraser.start()
        eraser.join(0.2)
        assert find_subject(ledger, make_person().id_number) == subject
    eraser.join()
    assert find_subject(ledger, make_person().id_number) is None


def test_nobody_who_is_not_in_the_vault_holds_an_erasure_off(ledger: Ledger) -> None:
    subject = subject_of(ledger)
    erase(ledger, subject)
    with pytest.raises(NotFoundError), erasures_held_off(ledger, subject):
        pytest.fail("an erased person's export would be written")
    erase(ledger, subject_of(ledger, 1))


def test_a_rotation_in_another_process_does_not_hide_a_person_who_is_there(ledger: Ledger) -> None:
    subject = subject_of(ledger)
    rotate_key(reopen(ledger), "vault")
    with erasures_held_off(ledger, subject):
        pass


def test_nothing_of_an_erased_person_stays_in_any_file(ledger: Ledger) -> None:
    """Notes, security P1: the write-ahead log and freed pages are searched too."""
    subject = subject_of(ledger)
    row = query(ledger, "SELECT wrapped_key, facts, tag FROM subject WHERE id = ?", subject)[0]
    bodies = query(ledger, "SELECT content FROM body WHERE subject = ?", subject)
    exports = ledger.home / EXPORTS
    exports.mkdir()
    (exports / f"{subject}.json").write_bytes(export_bundle(ledger, subject, TODAY))
    erase(ledger, subject)
    left = b"".join(path.read_bytes() for path in ledger.home.rglob("*") if path.is_file())
    person = make_person()
    for trace in [*row, *(body for (body,) in bodies), person.name, person.id_number, subject]:
        assert (trace if isinstance(trace, bytes) else str(trace).encode()) not in left
    assert list(exports.iterdir()) == []


def test_other_peoples_exports_stay_and_verify(ledger: Ledger) -> None:
    other = subject_of(ledger, 1)
    data = export_bundle(ledger, other, TODAY)
    exports = ledger.home / EXPORTS
    exports.mkdir()
    (exports / f"{other}.json").write_bytes(data)
    erase(ledger, subject_of(ledger))
    assert (exports / f"{other}.json").read_bytes() == data
    trust = ledger.keyring.published()
    assert verify(data, trust, ledger.clock() + 1_000).verdict == "valid"
    again = export_bundle(ledger, other, TODAY)
    assert verify(again, trust, ledger.clock() + 1_000).verdict == "valid"


def test_erasing_twice_or_nobody_is_not_found(ledger: Ledger) -> None:
    subject = subject_of(ledger)
    erase(ledger, subject)
    size = verify_whole(ledger).entries
    for each in (subject, "", "%", "nobody"):
        with pytest.raises(NotFoundError):
            erase(ledger, each)
    assert verify_whole(ledger).entries == size


def test_the_same_id_number_comes_back_as_a_new_person(ledger: Ledger) -> None:
    old = subject_of(ledger)
    erase(ledger, old)
    outcomes = post(ledger, make_command(0)).outcomes
    assert codes(outcomes) == [("accepted", None)]
    new = subject_of(ledger)
    assert new != old
    shown = read_transcript(ledger, new, TODAY)
    assert shown["total_credits"] == "5.5"
    assert len(shown["records"]) == 1
    verify_whole(ledger)


def test_withdrawn_and_corrected_records_of_an_erased_person_leave_a_sound_log(
    ledger: Ledger,
) -> None:
    school = school_of(ledger)
    corrected = post_one(ledger, make_command(0, attendance=None), correcting=True).entry_index
    assert corrected is not None
    revoke_record(ledger, school, RevokeRecord(corrected, "entered-in-error"))
    post_one(ledger, make_certificate(0))
    days = (make_command().training_class.start, make_certificate().certificate.issued)
    revoke_issuer(ledger, RevokeIssuer(school, *days, "issuer-misconduct"))
    verify_whole(ledger)
    erase(ledger, subject_of(ledger))
    erase(ledger, subject_of(ledger, 1))
    assert verify_whole(reopen(ledger)).erased == 5


def test_the_import_reports_that_tell_of_the_person_go_with_them(ledger: Ledger) -> None:
    person = make_person(9)
    bad = make_roster(9, end="2025-02-30").decode().replace("五级/初级工", person.id_number)
    data = make_roster(9).decode() + bad.split("\n", 1)[1]
    summary = import_roster(ledger, school_of(ledger), data.encode())
    assert summary.outcomes == {"accepted": 1, "rejected": 1, "duplicate": 0}
    erase(ledger, subject_of(ledger, 9))
    with pytest.raises(NotFoundError):
        stored_report(ledger, summary.report_id)
    sign_checkpoint(ledger)
    verify_whole(ledger)


def test_what_a_dead_process_left_and_cannot_be_overwritten_keeps_an_erasure_unfinished(
    ledger: Ledger,
) -> None:
    obstacle = ledger.home / FOLDER / "lost+found"
    obstacle.mkdir(parents=True)
    with pytest.raises(UnavailableError) as caught:
        erase(ledger, subject_of(ledger))
    assert caught.value.code == "erasure-unfinished"
    obstacle.rmdir()
    finish_erasure(ledger)
