"""The write pipe: idempotency key, then work, then append and answer, all of it or nothing."""

import threading
from pathlib import Path

import pytest

from ledger.core.canonical import Json
from ledger.core.entry import decode_entry
from ledger.domain.withdrawals import erasure_body
from ledger.errors import ConflictError, DamagedError, UnavailableError
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.proving import entry_bytes
from ledger.services.record import Once, Written, write
from ledger.storage import log
from tests.ledgers import DAY_MS, TestClock, edit, make_ledger, query, reopen, verify_whole

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
