"""Who of many processes is at work: one holds a lock for as long as it lives.

The lock is asked for without waiting, again and again, so that another gets it soon after its
holder died. On SQLite the kernel frees it, on PostgreSQL the server, with the connection.
"""

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from ledger.core.digest import sha256

LOCK_NUMBER_BYTES: Final = 7  # a positive bigint


class Leadership(Protocol):
    """Asks for the lead, and holds it once it has it."""

    def held(self) -> bool:
        """Tell whether this process leads now; asks for it if it does not."""

    def give_up(self) -> None:
        """Let another one lead."""


class FileLeadership:
    """Among the processes of one machine: a lock on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._threads = threading.Lock()

    def held(self) -> bool:
        """Tell whether this process leads now."""
        with self._threads:
            if self._descriptor is not None:
                return True
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._descriptor = descriptor
            return True

    def give_up(self) -> None:
        """Free the lock."""
        with self._threads:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


class ServerLeadership:
    """Among the processes of many machines: an advisory lock of a connection kept for it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._number = int.from_bytes(sha256(name.encode())[:LOCK_NUMBER_BYTES], "big")
        self._connection: Connection | None = None
        self._threads = threading.Lock()

    def held(self) -> bool:
        """Tell whether this process leads now; a server that is gone has taken the lead along."""
        with self._threads:
            try:
                if self._connection is not None:
                    self._connection.exec_driver_sql("SELECT 1")
                    return True
                return self._asked()
            except DatabaseError:
                self._drop()
                return False

    def _asked(self) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        got: bool = connection.exec_driver_sql(
            "SELECT pg_try_advisory_lock(%s)", (self._number,)
        ).scalar_one()
        if got:
            self._connection = connection
        else:
            connection.close()
        return got

    def give_up(self) -> None:
        """Free the lock."""
        with self._threads:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            # The lock is the session's: only its end is sure to free it.
            self._connection.invalidate()
            with suppress(DatabaseError):
                self._connection.close()
            self._connection = None
