"""Faults at a chosen moment: the n-th thing that a command does to the database.

A crash copies the data folder at that moment, as a kill would leave it, and ends the command with
an exception that nothing catches; the ledger then goes on from the copy. An error is what SQLite
itself says of a full, locked or broken disk.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

ERRORS = {
    "full": "database or disk is full",
    "locked": "database is locked",
    "broken": "disk I/O error",
}
CRASH = "crash"
KINDS = (*ERRORS, CRASH)


class Crash(BaseException):
    """The process is no more."""


class Faults:
    """Counts what is done to a database, and strikes at the moment that was set."""

    def __init__(self, engine: Engine, home: Path, copy: Path) -> None:
        self._home, self.copy = home, copy
        self._left = 0
        self._kind = ""
        self._commit = engine.dialect.do_commit
        engine.dialect.do_commit = self._committing  # type: ignore[method-assign]
        for name in ("do_execute", "do_executemany", "do_execute_no_params"):
            event.listen(engine, name, self._moment)

    @contextmanager
    def set(self, kind: str, moment: int) -> Iterator[None]:
        """Let a fault strike at the n-th moment from now; none where ``kind`` is empty."""
        self._kind, self._left = kind, moment if kind else 0
        try:
            yield
        finally:
            self._left = 0

    def _committing(self, connection: Any) -> None:  # noqa: ANN401 - the dialect's own type
        self._moment()
        self._commit(connection)
        # Once it is committed there is no error any more; a crash there may be.
        if self._kind == CRASH:
            self._moment()

    def _moment(self, *_told: object) -> None:
        if not self._left:
            return
        self._left -= 1
        if self._left:
            return
        if self._kind != CRASH:
            raise sqlite3.OperationalError(ERRORS[self._kind])
        shutil.copytree(self._home, self.copy)
        raise Crash
