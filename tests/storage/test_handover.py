"""What one process wants written is found by another, and its answer comes back."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from ledger.storage.handover import (
    BELL_SUFFIX,
    CONTENT_BYTES_MAX,
    FOLDER,
    FREE,
    TAKEN,
    WRITTEN,
    Handover,
)

DESCRIPTORS = Path("/proc/self/fd")
SECONDS_MAX = 10

# A process that offers something and lives on.
OFFERER = """
import sys, time
from pathlib import Path
from ledger.storage.handover import Handover
assert Handover(Path(sys.argv[1])).offer(b"what the dead wanted")
print("offered", flush=True)
time.sleep(60)
"""


@pytest.fixture
def offerer(tmp_path: Path) -> subprocess.Popen[str]:
    """Start a process that has offered something."""
    process = subprocess.Popen(
        [sys.executable, "-c", OFFERER, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "offered\n"
    return process


def slot_files(home: Path) -> list[Path]:
    return [path for path in (home / FOLDER).iterdir() if path.suffix != BELL_SUFFIX]


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_an_offer_of_another_process_is_taken_once(
    tmp_path: Path, offerer: subprocess.Popen[str]
) -> None:
    mine = Handover(tmp_path)
    assert [content for _, content in mine.take()] == [b"what the dead wanted"]
    assert mine.take() == []
    _end(offerer)


def test_what_a_process_wanted_that_died_is_not_written_any_more(
    tmp_path: Path, offerer: subprocess.Popen[str]
) -> None:
    """It may have told its caller nothing, who has long done something else."""
    early, late = Handover(tmp_path), Handover(tmp_path)
    assert early.waiting() is not None
    _end(offerer)
    assert early.take() == []
    assert late.take() == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_nothing_of_the_dead_stays_on_the_disk(
    tmp_path: Path, offerer: subprocess.Popen[str]
) -> None:
    (slot,) = slot_files(tmp_path)
    kept = slot.open("rb")  # as somebody who reads the blocks of the removed file
    assert b"what the dead wanted" in kept.read()
    _end(offerer)
    Handover(tmp_path).forget_dead()
    kept.seek(0)
    assert not kept.read().strip(b"\0")
    kept.close()
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_the_living_are_not_forgotten(tmp_path: Path, offerer: subprocess.Popen[str]) -> None:
    Handover(tmp_path).forget_dead()
    assert len(Handover(tmp_path).take()) == 1
    _end(offerer)


def test_an_answer_reaches_who_offered_and_nobody_sees_what_was_asked(tmp_path: Path) -> None:
    one, other = Handover(tmp_path), Handover(tmp_path)
    assert one.offer(b"a long question")
    assert one.answer() == (FREE, b"")
    ((slot, _),) = other.take()
    assert one.answer() == (TAKEN, b"")
    slot.put(TAKEN, b"answer")
    assert one.answer() == (TAKEN, b"answer")
    slot.mark(WRITTEN)
    assert one.answer() == (WRITTEN, b"answer")
    assert all(b"question" not in path.read_bytes() for path in slot_files(tmp_path))


def test_a_bell_ends_the_wait_at_once(tmp_path: Path) -> None:
    one, other = Handover(tmp_path), Handover(tmp_path)
    assert one.offer(b"question")
    ((slot, _),) = other.take()
    threading.Timer(0.05, slot.ring).start()
    began = time.monotonic()
    one.listen(30)
    assert time.monotonic() - began < 15


def test_rings_that_nobody_hears_hold_nobody_up(tmp_path: Path) -> None:
    one, other = Handover(tmp_path), Handover(tmp_path)
    assert one.offer(b"question")
    ((slot, _),) = other.take()
    for _ in range(100_000):
        slot.ring()
    one.listen(1)


def test_what_is_withdrawn_is_not_taken(tmp_path: Path) -> None:
    one, other = Handover(tmp_path), Handover(tmp_path)
    assert one.offer(b"question")
    assert one.withdraw()
    assert other.take() == []


def test_who_withdraws_too_late_is_told(tmp_path: Path) -> None:
    one, other = Handover(tmp_path), Handover(tmp_path)
    assert one.offer(b"question")
    other.take()
    assert not one.withdraw()


def test_a_process_does_not_take_its_own_offer(tmp_path: Path) -> None:
    mine = Handover(tmp_path)
    assert mine.offer(b"question")
    assert mine.take() == []


def test_what_does_not_fit_is_not_offered(tmp_path: Path) -> None:
    mine, other = Handover(tmp_path), Handover(tmp_path)
    assert not mine.offer(bytes(CONTENT_BYTES_MAX + 1))
    assert mine.offer(b"\1" * CONTENT_BYTES_MAX)
    assert [len(content) for _, content in other.take()] == [CONTENT_BYTES_MAX]


def test_where_there_is_no_room_for_a_slot_nothing_is_offered_and_nothing_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not Handover(tmp_path).offer(b"question")
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_slots_are_closed_to_other_users_and_go_with_their_owner(tmp_path: Path) -> None:
    mine, other = Handover(tmp_path), Handover(tmp_path)
    assert mine.offer(b"question")
    assert other.waiting() is not None
    folder = tmp_path / FOLDER
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    mine.close()
    assert list(folder.iterdir()) == []
    assert other.take() == []


def test_a_forked_child_offers_in_a_slot_of_its_own(tmp_path: Path) -> None:
    mine, other = Handover(tmp_path), Handover(tmp_path)
    assert mine.offer(b"of the parent")
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.write(ready[1], b"1" if mine.offer(b"of the child") else b"0")
        os.read(go[0], 1)
        os._exit(0)
    try:
        assert os.read(ready[0], 1) == b"1"
        assert sorted(content for _, content in other.take()) == [b"of the child", b"of the parent"]
    finally:
        os.write(go[1], b"1")
        os.waitpid(child, 0)
        for descriptor in (*ready, *go):
            os.close(descriptor)


def _soon(call: Callable[[], object]) -> object:
    with suppress(TimeoutError):
        pool = ThreadPoolExecutor(1)
        called = pool.submit(call)
        pool.shutdown(wait=False)
        return called.result(SECONDS_MAX)
    return "it waits"


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Handover]:
    """Give who has offered something, while one is stopped that has the folder to itself."""
    mine = Handover(tmp_path)
    assert mine.offer(b"question")
    descriptor = os.open(tmp_path / FOLDER, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield mine
    os.close(descriptor)


def test_nobody_waits_for_one_that_is_stopped(tmp_path: Path, stopped: Handover) -> None:
    other = Handover(tmp_path)
    assert _soon(lambda: other.offer(b"no slot")) is False
    assert _soon(other.take) == []
    assert _soon(stopped.withdraw) is False  # whether it was taken cannot be known
    assert stopped.answer() == (FREE, b"")
    assert _soon(other.forget_dead) is False


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    (folder / "lost+found").mkdir()
    yield


@contextmanager
def _pipe(folder: Path) -> Iterator[None]:
    os.mkfifo(folder / "pipe")
    yield


@contextmanager
def _short_file(folder: Path) -> Iterator[None]:
    with (folder / "short").open("xb") as short:
        fcntl.flock(short, fcntl.LOCK_EX)
        os.mkfifo(folder / f"short{BELL_SUFFIX}")
        yield


@contextmanager
def _slot_without_a_bell(folder: Path) -> Iterator[None]:
    third = Handover(folder.parent)
    assert third.offer(b"of the third")
    for bell in folder.glob(f"*{BELL_SUFFIX}"):
        bell.unlink()
    yield
    third.close()


@pytest.mark.parametrize("lay", [_folder, _pipe, _short_file, _slot_without_a_bell])
def test_what_is_no_slot_is_passed_over(
    tmp_path: Path, lay: Callable[[Path], AbstractContextManager[None]]
) -> None:
    one, other = Handover(tmp_path), Handover(tmp_path)
    (tmp_path / FOLDER).mkdir()
    with lay(tmp_path / FOLDER):
        assert one.offer(b"question")
        assert [content for _, content in other.take()] == [b"question"]
        opened = len(list(DESCRIPTORS.iterdir()))
        assert [other.waiting() for _ in range(5)] == [None] * 5
        assert len(list(DESCRIPTORS.iterdir())) == opened


def test_a_folder_that_is_none_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(b"")
    mine = Handover(tmp_path)
    assert not mine.offer(b"question")
    assert mine.take() == []
    assert not mine.forget_dead()


def test_a_folder_that_goes_is_made_anew(tmp_path: Path) -> None:
    one, other = Handover(tmp_path), Handover(tmp_path)
    assert one.offer(b"question")
    assert other.waiting() is not None
    opened = len(list(DESCRIPTORS.iterdir()))
    shutil.rmtree(tmp_path / FOLDER)
    assert other.take() == []
    assert not one.withdraw()
    assert one.offer(b"question")
    assert len(other.take()) == 1
    assert len(list(DESCRIPTORS.iterdir())) == opened
