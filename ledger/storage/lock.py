"""The write lock of a SQLite ledger among the threads and processes of one machine.

A file lock is taken before SQLite's own: whoever waits for it in the kernel is woken at once, where
SQLite's busy handler sleeps and lets one of eight processes take everything. Two files make it
fair. Who wants the lock takes the gate first and gives it back once the lock itself is theirs, so
that whoever has just written finds the next one already waiting inside the gate.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.errors import UnavailableError

FILE_NAME: Final = "ledger.lock"
GATE_NAME: Final = "ledger.gate"


class WriteLock:
    """Held by one thread of one process at a time."""

    def __init__(self, folder: Path, seconds_max: float) -> None:
        self._path = folder / FILE_NAME
        self._gate = folder / GATE_NAME
        self._seconds_max = seconds_max
        self._threads = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it; who holds it may enter again.

        The kernel frees it when the process dies, however it dies.

        Raises:
            UnavailableError: Others held it for longer than this may wait.
        """
        if self._holder == threading.get_ident():
            yield
            return
        deadline = time.monotonic() + self._seconds_max
        if not self._threads.acquire(timeout=self._seconds_max):
            raise _held_too_long(self._seconds_max)
        try:
            descriptor = self._free()
            with self._holding(self._waited_for(deadline) if descriptor is None else descriptor):
                yield
        finally:
            self._threads.release()

    @contextmanager
    def held_if_free(self) -> Iterator[bool]:
        """Hold the lock if nobody else has it or waits for it; tell whether."""
        if self._holder == threading.get_ident():
            yield True
            return
        descriptor = None
        if self._threads.acquire(blocking=False):
            descriptor = self._free()
            if descriptor is None:
                self._threads.release()
        if descriptor is None:
            yield False
            return
        try:
            with self._holding(descriptor):
                yield True
        finally:
            self._threads.release()

    @contextmanager
    def _holding(self, descriptor: int) -> Iterator[None]:
        self._holder = threading.get_ident()
        try:
            yield
        finally:
            self._holder = None
            os.close(descriptor)

    def _free(self) -> int | None:
        """Take the lock if nobody has it or waits for it."""
        gate = _free(self._gate)
        if gate is None:
            return None
        try:
            return _free(self._path)
        finally:
            os.close(gate)

    def _waited_for(self, deadline: float) -> int:
        gate = _locked(self._gate, deadline, self._seconds_max)
        try:
            return _locked(self._path, deadline, self._seconds_max)
        finally:
            os.close(gate)


def _free(path: Path) -> int | None:
    """Lock a file if nobody has it locked."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _locked(path: Path, deadline: float, seconds_max: float) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _wait(descriptor, deadline, seconds_max)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait(descriptor: int, deadline: float, seconds_max: float) -> None:
    """Wait for a lock in the kernel, though not for ever; takes charge of the descriptor.

    The kernel knows no limit for this wait, so a thread waits; one that is given up closes what it
    gets in the end.
    """
    settled = threading.Lock()
    outcome: list[bool] = []

    def take() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with settled:
            if outcome:
                os.close(descriptor)
            else:
                outcome.append(True)

    thread = threading.Thread(target=take, name="write lock", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    with settled:
        if not outcome:
            outcome.append(False)
            raise _held_too_long(seconds_max)


def _held_too_long(seconds_max: float) -> UnavailableError:
    return UnavailableError(
        f"the ledger is being written by others for more than {seconds_max:g} seconds; nothing was "
        "recorded, try again"
    )
