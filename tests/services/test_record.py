"""The write pipe: idempotency key, then work, then append and answer, all of it or nothing."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from ledger.core.canonical import Json
from ledger.core.entry import decode_entry
from ledger.domain.withdrawals import erasure_body
from ledger.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from ledger.services import record as record_pipe
from ledger.services.batch import Batch
from ledger.services.completions import Recorded, record
from ledger.services.context import Ledger
from ledger.services.key_entries import rotate_key
from ledger.services.posting import Outcome
from ledger.services.proving import entry_bytes
from ledger.services.record import write
from ledger.services.work import Once, Write, Written
from ledger.storage import log
from ledger.storage.engine import reading, writing
from tests.databases import copy_home, only_sqlite, put_back_database
from tests.ledgers import (
    DAY_MS,
    TestClock,
    codes,
    edit,
    make_command,
    make_ledger,
    post,
    query,
    reopen,
    school_of,
    verify_whole,
)

ONCE = Once("org-a", "key", b"request")


def _add(batch: Batch) -> Json:
    return {"entry": batch.add_public("erasure", "ledger", erasure_body([0]))}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return make_ledger(tmp_path, example=False)


def _size(ledger: Ledger) -> int:
    return int(str(query(ledger, "SELECT count(*) FROM entry")[0][0]))


def test_the_same_key_and_request_get_the_first_answer(ledger: Ledger) -> None:
    first = write(ledger, _add, ONCE)
    size = _size(ledger)
    assert first == Written({"entry": 2}, replayed=False)
    for door in (ledger, reopen(ledger)):
        assert write(door, _add, ONCE) == Written({"entry": 2}, replayed=True)
    assert _size(ledger) == size


def test_the_same_key_for_another_request_is_a_conflict(ledger: Ledger) -> None:
    """Notes, security A5."""
    write(ledger, _add, ONCE)
    size = _size(ledger)
    with pytest.raises(ConflictError) as caught:
        write(ledger, _add, Once("org-a", "key", b"other"))
    assert caught.value.code == "idempotency-key-reused"
    assert _size(ledger) == size


def test_a_repeat_is_not_told_what_an_earlier_attempt_at_it_failed_with(ledger: Ledger) -> None:
    """Another process answered it between two attempts."""
    write(ledger, _add, ONCE)
    tag = ledger.sealer.tag("request", ONCE.request)
    again = Write(record_pipe._Alone(_add), (ONCE.issuer, ONCE.key), tag)
    again.error = DamagedError("of the first attempt")
    with reading(ledger.engine) as connection:
        assert record_pipe._without_repeats(ledger, connection, [again]) == []
    assert (again.answer, again.error) == (Written({"entry": 2}, replayed=True), None)


def test_a_key_belongs_to_its_issuer(ledger: Ledger) -> None:
    assert not write(ledger, _add, ONCE).replayed
    assert not write(ledger, _add, Once("org-b", "key", b"other")).replayed
    assert write(ledger, _add, ONCE).replayed


def test_twenty_parallel_writers_with_one_key_make_one_entry(ledger: Ledger) -> None:
    """Notes, security A5: parallel identical posts make one record."""
    size, doors, answers = _size(ledger), [ledger, reopen(ledger)], []
    barrier = threading.Barrier(20)

    def work(n: int) -> None:
        barrier.wait()
        answers.append(write(doors[n % 2], _add, ONCE))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _size(ledger) == size + 1
    assert len(answers) == 20
    assert {str(one.answer) for one in answers} == {"{'entry': 2}"}
    assert sum(not one.replayed for one in answers) == 1


def test_work_that_fails_leaves_no_entry_and_no_answer(ledger: Ledger) -> None:
    def fail(batch: Batch) -> Json:
        _add(batch)
        raise ZeroDivisionError

    size = _size(ledger)
    with pytest.raises(ZeroDivisionError):
        write(ledger, fail, ONCE)
    assert _size(ledger) == size
    assert write(ledger, _add, ONCE) == Written({"entry": 2}, replayed=False)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_append_that_fails_at_the_last_step_leaves_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Notes, style 6: each write is failed twice, before and after it persists."""
    append, size = log.append, _size(ledger)

    def broken(*arguments: object) -> object:
        if when == "after":
            append(*arguments)  # type: ignore[arg-type]
        raise UnavailableError("injected")

    monkeypatch.setattr(log, "append", broken)
    with pytest.raises(UnavailableError):
        write(ledger, _add, ONCE)
    monkeypatch.undo()
    assert _size(ledger) == size
    assert not write(ledger, _add, ONCE).replayed
    verify_whole(ledger)


def test_an_answer_that_was_edited_is_not_given_out(ledger: Ledger) -> None:
    write(ledger, _add, ONCE)
    assert edit(ledger, "UPDATE answer SET answer = ?", b'{"entry":3}') == 1
    with pytest.raises(DamagedError):
        write(ledger, _add, ONCE)


def test_a_clock_that_goes_back_does_not_take_entry_times_along(tmp_path: Path) -> None:
    """Notes, security L11."""
    clock = TestClock()
    ledger = make_ledger(tmp_path, clock=clock)
    for step in (0, -DAY_MS, 10 * 365 * DAY_MS, -20 * 365 * DAY_MS):
        clock.pass_ms(step)
        write(ledger, _add)
    times = [decode_entry(entry_bytes(ledger, i)).time_ms for i in range(_size(ledger))]
    assert times == sorted(times)
    assert all(two > one for one, two in zip(times[-5:], times[-4:], strict=False))


def test_work_that_adds_nothing_writes_nothing(ledger: Ledger) -> None:
    size = _size(ledger)
    assert write(ledger, lambda batch: batch.next_index).answer == size
    assert _size(ledger) == size


def _together(ledger: Ledger, *posts: Callable[[], object]) -> list[object]:
    """Do these while the write lock is held, so that all but the first wait for one round."""
    results: list[object] = [None] * len(posts)

    def work(place: int) -> None:
        try:
            results[place] = posts[place]()
        except Exception as error:  # noqa: BLE001 - for the test to look at
            results[place] = error

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(posts))]
    with writing(reopen(ledger).engine):
        for place, thread in enumerate(threads):
            thread.start()
            thread.join(0.3 if place == 0 else 0.02)
    for thread in threads:
        thread.join()
    return results


def test_posts_that_wait_are_one_transaction_and_each_gets_its_own_outcome(
    tmp_path: Path,
) -> None:
    ledger = make_ledger(tmp_path)
    school = school_of(ledger)
    commits: list[object] = []
    event.listen(ledger.engine, "commit", commits.append)
    posts = [partial(record, ledger, school, [make_command(n)], key=f"k{n}") for n in range(6)]
    answers = _together(
        ledger,
        *posts,
        partial(record, ledger, school, [make_command(3)]),  # repeats one of the same round
        partial(record, ledger, "org-nobody", [make_command(7)]),
        partial(record, ledger, school, [make_command(8, level=9)]),
        posts[4],  # the same key again
    )
    outcomes = [a.outcomes[0] if isinstance(a, Recorded) else a for a in answers]
    assert [o.outcome for o in outcomes[:6] if isinstance(o, Outcome)] == ["accepted"] * 6
    assert isinstance(outcomes[6], Outcome)
    assert isinstance(outcomes[3], Outcome)
    assert (outcomes[6].outcome, outcomes[6].entry_index) == ("duplicate", outcomes[3].entry_index)
    assert isinstance(outcomes[7], NotFoundError)
    assert isinstance(outcomes[8], Outcome)
    assert outcomes[8].outcome == "rejected"
    assert outcomes[9] == outcomes[4]
    assert 2 <= len(commits) <= 4
    assert sorted(o.entry_index for o in outcomes[:6] if isinstance(o, Outcome)) == list(
        range(4, 10)
    )
    verify_whole(ledger)


def test_a_work_that_cannot_be_written_fails_alone(tmp_path: Path) -> None:
    """One person's row is damaged: the others of the round are recorded all the same."""
    ledger = make_ledger(tmp_path)
    school = school_of(ledger)
    post(ledger, make_command(0))
    assert edit(ledger, "UPDATE subject SET wrapped_key = ?", b"damaged") == 1
    posts = [
        partial(record, ledger, school, [make_command(n, number="JL2")], key=f"k{n}")
        for n in (1, 0, 2)
    ]
    first, damaged, last = _together(ledger, *posts)
    assert isinstance(damaged, DamagedError)
    for answer in (first, last):
        assert isinstance(answer, Recorded)
        assert codes(answer.outcomes) == [("accepted", None)]


def test_nobody_is_answered_by_a_round_whose_leader_was_interrupted(tmp_path: Path) -> None:
    """As by Ctrl-C in the thread that commits for the others."""
    ledger = make_ledger(tmp_path)
    school = school_of(ledger)
    commits: list[object] = []

    def interrupt_second(connection: object) -> None:
        commits.append(connection)
        if len(commits) == 2:
            raise KeyboardInterrupt

    event.listen(ledger.engine, "commit", interrupt_second)
    first, leads, follows = (partial(record, ledger, school, [make_command(n)]) for n in range(3))

    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            leads()

    _, _, told = _together(ledger, first, interrupted, follows)
    assert isinstance(told, UnavailableError)
    assert told.code == "outcome-unknown"
    assert codes(follows().outcomes) == [("accepted", None)]


def _ahead(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object], *people: int
) -> tuple[Recorded, int]:
    """Record a batch that is decided ahead of the lock, with something done in between.

    Give also how often it was decided.
    """
    monkeypatch.setattr(record_pipe, "AHEAD_COMMANDS_MIN", 1)
    decided, times = record_pipe._decided, []

    def watched(*arguments: Any) -> object:  # noqa: ANN401 - handed on as they are
        batch = decided(*arguments)
        times.append(batch)
        if len(times) == 1:
            with monkeypatch.context() as patched:
                patched.setattr(record_pipe, "_decided", decided)
                meanwhile()
        return batch

    monkeypatch.setattr(record_pipe, "_decided", watched)
    commands = [make_command(n) for n in people]
    return record(ledger, school_of(ledger), commands, key="ahead"), len(times)


def test_a_batch_decided_ahead_takes_its_places_behind_what_others_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path)
    other = reopen(ledger)
    recorded, times = _ahead(ledger, monkeypatch, lambda: post(other, make_command(7)), 0, 1, 2)
    assert times == 1
    assert [o.entry_index for o in recorded.outcomes] == [5, 6, 7]
    monkeypatch.undo()
    again = record(ledger, school_of(ledger), [make_command(n) for n in range(3)], key="ahead")
    assert (again.replayed, again.outcomes) == (True, recorded.outcomes)
    verify_whole(ledger)


def test_a_batch_decided_ahead_is_decided_anew_where_others_touched_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path)
    other = reopen(ledger)
    recorded, times = _ahead(ledger, monkeypatch, lambda: post(other, make_command(1)), 0, 1, 2)
    assert times == 2
    assert codes(recorded.outcomes) == [
        ("accepted", None), ("duplicate", "duplicate-row"), ("accepted", None)
    ]  # fmt: skip
    verify_whole(ledger)


def test_a_batch_that_names_its_own_entries_is_decided_anew_where_they_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path)
    other = reopen(ledger)
    recorded, times = _ahead(ledger, monkeypatch, lambda: post(other, make_command(7)), 0, 0)
    assert times == 2
    assert [o.entry_index for o in recorded.outcomes] == [5, 5]
    verify_whole(ledger)


def test_a_batch_decided_ahead_under_an_old_vault_key_is_sealed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path)
    other = reopen(ledger)
    _, times = _ahead(ledger, monkeypatch, lambda: rotate_key(other, "vault"), 0)
    assert times == 2
    assert query(ledger, "SELECT key_version FROM subject") == [(2,)]
    verify_whole(ledger)


def test_a_large_batch_that_is_sent_again_is_not_decided_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path)
    first, _ = _ahead(ledger, monkeypatch, lambda: None, 0, 1)
    monkeypatch.undo()
    again, times = _ahead(ledger, monkeypatch, lambda: None, 0, 1)
    assert (again.replayed, again.outcomes) == (True, first.outcomes)
    assert times == 1  # of nothing, under the lock


@only_sqlite  # on PostgreSQL the snapshot ends with the server, and the write is put off
def test_a_batch_decided_on_entries_that_are_gone_is_decided_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby that lagged takes over between deciding and the lock."""
    ledger = make_ledger(tmp_path)
    ledger.close()
    stale = copy_home(ledger.home, tmp_path / "stale")
    other = reopen(ledger)
    post(other, make_command(0))
    other.close()
    ledger.acknowledged = None  # it wrote nothing since, and so it cannot know

    def take_over() -> None:
        ledger.close()
        put_back_database(ledger.home, stale)

    recorded, times = _ahead(ledger, monkeypatch, take_over, 0, 1)
    assert times == 2
    assert codes(recorded.outcomes) == [("accepted", None)] * 2
    verify_whole(ledger)
