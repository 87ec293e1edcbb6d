"""A command that stops on its way: ``python -m tests.journeys.pausing POINT COMMAND...``.

At POINT it writes the line ``paused`` to standard output, and goes on when it reads a byte:

    read        an export has read the transcript and has written nothing
    opening     its file is about to be made, under a passing name
    naming      the file is whole, and is about to get its own name
    named       it has its own name
    committing  the first transaction that may have written is about to commit
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event

from ledger.cli import main as run_command
from ledger.cli import main_job, records
from ledger.services.erasure import EXPORTS
from ledger.services.exports import export_bundle

# What Python itself tells of, just before it does it; the last is the end of ``private_file``.
SYSTEM_CALLS = {"opening": "tempfile.mkstemp", "naming": "os.rename", "named": "os.remove"}


def pause(*_told: object) -> None:
    """Say that it is paused, and wait for a byte."""
    os.write(1, b"paused\n")
    os.read(0, 1)


class WriterPause:
    """Pauses once, in a transaction that does not only read."""

    def __init__(self) -> None:
        self._paused = False

    def __call__(self, connection: Connection) -> None:
        """Tell whether it is time, at each commit."""
        reads = connection.get_execution_options().get("postgresql_readonly", False)
        if not self._paused and not reads:
            self._paused = True
            pause()


def pause_before(call: str) -> None:
    """Pause before a system call that touches the kept exports."""

    def listen(name: str, arguments: tuple[Any, ...]) -> None:
        if name == call and f"/{EXPORTS}/" in str(arguments[0]):
            pause()

    sys.addaudithook(listen)


def pause_after(function: Callable[..., bytes]) -> Callable[..., bytes]:
    """Give the function with a pause between its end and what its caller does next."""

    def paused(*arguments: Any) -> bytes:  # noqa: ANN401 - handed on as they are
        answer = function(*arguments)
        pause()
        return answer

    return paused


def main(point: str, *command: str) -> None:
    """Run a command that pauses at a point."""
    if point == "read":
        records.export_bundle = main_job.export_bundle = pause_after(export_bundle)
    elif point == "committing":
        event.listen(Engine, "commit", WriterPause())
    else:
        pause_before(SYSTEM_CALLS[point])
    run_command(list(command))


if __name__ == "__main__":
    main(*sys.argv[1:])
