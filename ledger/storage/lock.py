"""The write lock of one ledger among the processes of one machine.

A file lock is taken before SQLite's own: waiting in the kernel is fair and wakes at once, where
SQLite's busy handler sleeps and lets one of eight processes take everything.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

FILE_NAME: Final = "ledger.lock"


class WriteLock:
    """Held by one thread of one process at a time."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE_NAME
        self._threads = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it.

        The kernel frees it when the process dies, however it dies.
        """
        with self._threads:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
