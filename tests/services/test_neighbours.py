"""Processes of one machine write for each other.

Two open ledgers on one data folder are to each other as two processes are.
"""

import pickle
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from keys.rotation import rotate_secret
from ledger.core.entry import decode_entry
from ledger.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from ledger.services import record as record_service
from ledger.services.batch import Batch
from ledger.services.completions import Recorded, record
from ledger.services.context import Ledger
from ledger.services.neighbours import HANDED_COMMANDS_MAX, SharedRound
from ledger.storage import log, sqlite
from ledger.storage.engine import reading, turn
from ledger.storage.handover import BELL_SUFFIX, FOLDER, WRITTEN, Slot
from tests.databases import only_sqlite
from tests.ledgers import (
    codes,
    edit,
    make_command,
    make_ledger,
    query,
    reopen,
    school_of,
    subject_of,
    verify_whole,
)

pytestmark = only_sqlite  # PostgreSQL's processes wait in the database

SECONDS_MAX = 30


@dataclass
class Two:
    """A process that has the turn, and another that wants to write."""

    here: Ledger
    there: Ledger
    school: str
    threads: ThreadPoolExecutor

    def record_here(self, *people: int, key: str | None = None) -> Recorded:
        return record(self.here, self.school, [make_command(n) for n in people], key=key)

    def begin_there(self, *people: int, **options: object) -> Future[Recorded]:
        """Post from the other process; it waits when this returns."""
        commands = [make_command(n) for n in people]
        begun = self.threads.submit(record, self.there, self.school, commands, **options)  # type: ignore[arg-type]
        self.wait_for_offer()
        return begun

    def wait_for_offer(self) -> None:
        end = time.monotonic() + SECONDS_MAX
        while self.here.handover.waiting() is None:
            assert time.monotonic() < end, "nothing was offered"
            time.sleep(0.001)

    def times(self) -> list[int]:
        """Give the times of the entries about people: those of one transaction share theirs."""
        with reading(self.here.engine) as connection:
            size = log.read_head(connection).size
            entries = [decode_entry(e.bytes) for e in log.read_entries(connection, 0, size)]
        return [entry.time_ms for entry in entries if entry.kind == "completion"]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    here = make_ledger(tmp_path)
    there, school = reopen(here), school_of(here)
    for each in (here, there):  # what a process does with its first write
        record(each, school, [])
    with ThreadPoolExecutor() as threads:
        yield Two(here, there, school, threads)
    verify_whole(here)
    there.close()
    here.close()


def result(begun: Future[Recorded]) -> Recorded:
    return begun.result(SECONDS_MAX)


def test_what_waits_in_another_process_is_written_in_the_transaction_of_who_has_the_turn(
    two: Two,
) -> None:
    with turn(two.here.engine):
        begun = two.begin_there(1, 2)
        mine = two.record_here(3)
    theirs = result(begun)
    assert codes([*mine.outcomes, *theirs.outcomes]) == [("accepted", None)] * 3
    first = mine.outcomes[0].entry_index
    assert first is not None
    assert [outcome.entry_index for outcome in theirs.outcomes] == [first + 1, first + 2]
    assert len(set(two.times())) == 1
    # It goes on from there, by itself and under its fence.
    assert two.there.acknowledged == two.here.acknowledged
    assert codes(record(two.there, two.school, [make_command(4)]).outcomes) == [("accepted", None)]


def test_nobody_waits_where_nobody_writes(two: Two) -> None:
    assert codes(two.record_here(1).outcomes) == [("accepted", None)]
    assert not (two.here.home / FOLDER).exists()


def test_people_of_both_processes_are_known_to_each_other(two: Two) -> None:
    with turn(two.here.engine):
        begun = two.begin_there(1)
        mine = two.record_here(1)
    (theirs,) = result(begun).outcomes
    assert theirs.outcome == "duplicate"
    assert theirs.entry_index == mine.outcomes[0].entry_index


def test_what_is_handed_over_is_sealed(two: Two) -> None:
    person = make_command(1).person
    with turn(two.here.engine):
        begun = two.begin_there(1)
        slots = [p for p in (two.here.home / FOLDER).iterdir() if p.suffix != BELL_SUFFIX]
        files = [path.read_bytes() for path in slots]
        two.record_here(2)
    result(begun)
    assert any(any(each) for each in files)
    for text in (person.name, person.id_number, person.phone or "-"):
        assert all(text.encode() not in each for each in files)


def test_a_repeat_under_the_key_of_the_round_waits_for_its_answer(two: Two) -> None:
    with turn(two.here.engine):
        begun = two.begin_there(1, key="k")
        mine = two.record_here(1, key="k")
    theirs = result(begun)
    assert (mine.replayed, theirs.replayed) == (False, True)
    assert theirs.outcomes == mine.outcomes


def test_a_repeat_that_is_handed_over_gets_the_first_answer(two: Two) -> None:
    first = two.record_here(1, key="k")
    with turn(two.here.engine):
        begun = two.begin_there(1, key="k")
        two.record_here(2)
    theirs = result(begun)
    assert (theirs.replayed, theirs.outcomes) == (True, first.outcomes)


def test_an_error_reaches_the_caller_in_the_other_process_alone(two: Two) -> None:
    two.record_here(1, key="k")
    with turn(two.here.engine):
        begun = two.begin_there(2, key="k")
        mine = two.record_here(3)
    with pytest.raises(ConflictError) as caught:
        result(begun)
    assert caught.value.code == "idempotency-key-reused"
    assert codes(mine.outcomes) == [("accepted", None)]


def test_an_unknown_issuer_is_told_so_across_processes(two: Two) -> None:
    school, two.school = two.school, "org-" + "a" * 26
    with turn(two.here.engine):
        begun = two.begin_there(1)
        two.school = school
        mine = two.record_here(2)
    with pytest.raises(NotFoundError):
        result(begun)
    assert codes(mine.outcomes) == [("accepted", None)]


def test_a_damaged_row_stops_only_who_asks_for_it(two: Two) -> None:
    two.record_here(1)
    subject = subject_of(two.here, 1)
    ((wrapped,),) = query(two.here, "SELECT wrapped_key FROM subject WHERE id = ?", subject)
    edit(two.here, "UPDATE subject SET wrapped_key = ? WHERE id = ?", bytes(60), subject)
    with turn(two.here.engine):
        begun = two.begin_there(1)
        mine = two.record_here(2)
    with pytest.raises(DamagedError):
        result(begun)
    assert codes(mine.outcomes) == [("accepted", None)]
    edit(two.here, "UPDATE subject SET wrapped_key = ? WHERE id = ?", wrapped, subject)


def test_who_dies_after_commit_has_written_it_once(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SharedRound, "confirm_answers", lambda _self: None)
    with turn(two.here.engine):
        begun = two.begin_there(1)
        two.record_here(2)
    (theirs,) = result(begun).outcomes
    assert (theirs.outcome, theirs.entry_index is None) == ("accepted", False)
    assert len(set(two.times())) == 1


@pytest.mark.parametrize("step", ["decide", "prepare", "commit"])
def test_what_another_did_not_bring_to_an_end_is_done_by_its_owner(
    two: Two, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store, prepare, here = Batch.store, SharedRound.prepare_answers, threading.get_ident()

    def fail_here() -> None:
        if threading.get_ident() == here:
            raise UnavailableError("injected")

    def failing_store(self: Batch, *arguments: object) -> object:
        fail_here()
        return store(self, *arguments)  # type: ignore[arg-type]

    def failing_prepare(self: SharedRound, *heads: log.Head) -> None:
        if step == "commit":
            prepare(self, *heads)  # what was prepared does not hold: the entries never came
        fail_here()
        prepare(self, *heads)

    if step == "decide":
        monkeypatch.setattr(Batch, "store", failing_store)
    else:
        monkeypatch.setattr(SharedRound, "prepare_answers", failing_prepare)
    with turn(two.here.engine):
        begun = two.begin_there(1)
        with pytest.raises(UnavailableError):
            two.record_here(2)
    assert codes(result(begun).outcomes) == [("accepted", None)]
    assert len(two.times()) == 1


def test_an_answer_to_an_earlier_offer_is_not_believed(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who was stopped for long answers what was given up meanwhile."""
    put, answers = Slot.put, []

    def remembered(self: Slot, state: int, content: bytes = b"") -> None:
        answers.append(content)
        put(self, state, content)

    with monkeypatch.context() as patched, turn(two.here.engine):
        begun = two.begin_there(1)
        patched.setattr(Slot, "put", remembered)
        two.record_here(2)
        old = next(content for content in answers if content)
    result(begun)
    with turn(two.here.engine):
        begun = two.begin_there(3)
        ((slot, _),) = two.here.handover.take()
        slot.put(WRITTEN, old)
        slot.ring()
    (theirs,) = result(begun).outcomes
    assert theirs.outcome == "accepted"
    assert len(set(two.times())) == 2


@pytest.fixture
def impatient(two: Two, monkeypatch: pytest.MonkeyPatch) -> Two:
    """Let the other process wait for the lock for a short while only."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 300)
    two.there.close()
    two.there = reopen(two.here)
    record(two.there, two.school, [])
    return two


def test_who_gives_up_before_it_was_taken_has_recorded_nothing(impatient: Two) -> None:
    with turn(impatient.here.engine):
        begun = impatient.begin_there(1)
        with pytest.raises(UnavailableError) as caught:
            result(begun)
        assert caught.value.code == "unavailable"
        impatient.record_here(2)
    assert len(impatient.times()) == 1


def test_who_gives_up_while_it_is_written_is_told_that_nothing_is_known(impatient: Two) -> None:
    with turn(impatient.here.engine):
        begun = impatient.begin_there(1)
        impatient.here.handover.take()
        with pytest.raises(UnavailableError) as caught:
            result(begun)
    assert caught.value.code == "outcome-unknown"


def _nothing_offered(two: Two, begun: Future[Recorded]) -> bool:
    time.sleep(0.1)
    return not begun.done() and two.here.handover.waiting() is None


@pytest.mark.parametrize("what", ["the first write", "a long round"])
def test_a_first_write_and_a_long_round_are_left_to_their_process(two: Two, what: str) -> None:
    people = range(1)
    if what == "a long round":
        people = range(HANDED_COMMANDS_MAX + 1)
    else:
        two.there.distrust()
    commands = [make_command(n) for n in people]
    with turn(two.here.engine):
        begun = two.threads.submit(record, two.there, two.school, commands)
        assert _nothing_offered(two, begun)
        two.record_here(200)
    assert {outcome.outcome for outcome in result(begun).outcomes} == {"accepted"}
    assert len(set(two.times())) == 2


def test_all_or_nothing_is_left_to_its_process(two: Two) -> None:
    with turn(two.here.engine):
        begun = two.threads.submit(
            record, two.there, two.school, [make_command(1)], all_or_nothing=True
        )
        assert _nothing_offered(two, begun)
    assert codes(result(begun).outcomes) == [("accepted", None)]


def test_a_process_that_remembers_more_than_the_database_is_not_written_for(two: Two) -> None:
    """An old backup under running processes: each refuses by what it acknowledged itself."""
    assert two.there.acknowledged is not None
    two.there.acknowledged = log.Head(9_999, bytes(32), 1)
    with turn(two.here.engine):
        begun = two.begin_there(1)
        two.record_here(2)
    with pytest.raises(DamagedError) as caught:
        result(begun)
    assert caught.value.code == "behind-acknowledged"


def test_an_answer_sealed_under_a_newer_key_than_was_known_is_read(two: Two) -> None:
    with turn(two.here.engine):
        begun = two.begin_there(1)
        rotate_secret(two.here.home, "vault")
        two.record_here(2)
    assert codes(result(begun).outcomes) == [("accepted", None)]


def test_an_answer_that_adds_nothing_to_the_log_is_not_believed_before_it_is_committed(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log holds the head that it names either way, and yet the key may be unknown."""
    two.record_here(1)
    prepare = SharedRound.prepare_answers

    def failing_prepare(self: SharedRound, *heads: log.Head) -> None:
        prepare(self, *heads)
        if self.taken:
            raise UnavailableError("injected")

    monkeypatch.setattr(SharedRound, "prepare_answers", failing_prepare)
    with turn(two.here.engine):
        begun = two.begin_there(1, key="k")
        with pytest.raises(UnavailableError):
            two.record_here(1)
    assert result(begun).outcomes[0].outcome == "duplicate"
    monkeypatch.undo()
    assert two.record_here(1, key="k").replayed


def test_who_cannot_ask_whether_the_dead_wrote_it_is_told_that_nothing_is_known(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SharedRound, "confirm_answers", lambda _self: None)

    def fail_there(ledger: Ledger, _connection: object) -> None:
        if ledger is two.there:
            raise UnavailableError("injected")

    with turn(two.here.engine):
        begun = two.begin_there(1)
        two.record_here(2)
        monkeypatch.setattr(record_service, "hold_against_last_checkpoint", fail_there)
    with pytest.raises(UnavailableError) as caught:
        result(begun)
    assert caught.value.code == "outcome-unknown"
    assert len(two.times()) == 2


def test_an_offer_of_another_release_harms_nobody_else(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    with turn(two.here.engine):
        with monkeypatch.context() as patched:
            patched.setattr(pickle, "dumps", lambda _content: b"cledger.gone\nGone\n.")
            begun = two.begin_there(1)
        mine = two.record_here(2)
    assert codes([*mine.outcomes, *result(begun).outcomes]) == [("accepted", None)] * 2


def test_a_folder_that_goes_meanwhile_changes_no_answer(two: Two) -> None:
    with turn(two.here.engine):
        begun = two.begin_there(1, 2)
        shutil.rmtree(two.here.home / FOLDER)
        mine = two.record_here(3)
    assert codes([*mine.outcomes, *result(begun).outcomes]) == [("accepted", None)] * 3
