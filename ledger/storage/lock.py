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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it.

        The kernel frees it when the process dies, however it dies.

        Raises:
            UnavailableError: Others held it for longer than this may wait.
        """
        deadline = time.monotonic() + self._seconds_max
        if not self._threads.acquire(timeout=self._seconds_max):
            raise _held_too_long(self._seconds_max)
        try:
            gate = _locked(self._gate, deadline, self._seconds_max)
            try:
                descriptor = _locked(self._path, deadline, self._seconds_max)
            finally:
                os.close(gate)
            try:
                yield
            finally:
                os.close(descriptor)
        finally:
            self._threads.release()


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
