"""One thread of one process writes at a time."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ledger.storage.lock import FILE_NAME, WriteLock
from tests.databases import only_sqlite

pytestmark = only_sqlite  # PostgreSQL locks in the database

HOLDER = """
import sys, time
from pathlib import Path
from ledger.storage.lock import WriteLock
with WriteLock(Path(sys.argv[1]), 10).held():
    print("held", flush=True)
    time.sleep(60)
"""


def test_threads_hold_the_lock_one_after_the_other(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path, 10)
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with lock.held():
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_two_locks_on_one_folder_exclude_each_other(tmp_path: Path) -> None:
    """Two open ledgers in one process are as two processes: each has a lock of its own."""
    entered = threading.Event()

    def work() -> None:
        with WriteLock(tmp_path, 10).held():
            entered.set()

    with WriteLock(tmp_path, 10).held():
        thread = threading.Thread(target=work)
        thread.start()
        assert not entered.wait(0.1)
    thread.join(5)
    assert entered.is_set()


def test_a_process_that_dies_frees_the_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    with WriteLock(tmp_path, 10).held():
        pass


def test_the_lock_is_free_again_after_an_exception(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path, 10)
    with pytest.raises(ZeroDivisionError), lock.held():
        _ = 1 / 0
    with lock.held():
        pass


def test_the_lock_file_is_for_its_owner_only(tmp_path: Path) -> None:
    with WriteLock(tmp_path, 10).held():
        assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_lock_that_is_free_is_taken_and_one_that_is_held_is_not_waited_for(
    tmp_path: Path,
) -> None:
    one, other = WriteLock(tmp_path, 10), WriteLock(tmp_path, 10)
    with one.held_if_free() as mine:
        assert mine
        with other.held_if_free() as theirs:
            assert not theirs
    with other.held_if_free() as theirs:
        assert theirs


def test_who_has_the_lock_may_enter_again_and_leaves_it_once(tmp_path: Path) -> None:
    one, other = WriteLock(tmp_path, 10), WriteLock(tmp_path, 10)
    with one.held():
        with one.held(), one.held_if_free() as mine:
            assert mine
        with other.held_if_free() as theirs:
            assert not theirs
    with other.held_if_free() as theirs:
        assert theirs


def test_another_thread_does_not_enter_with_who_has_the_lock(tmp_path: Path) -> None:
    lock, seen = WriteLock(tmp_path, 10), []

    def ask() -> None:
        with lock.held_if_free() as mine:
            seen.append(mine)

    with lock.held():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert seen == [False]
