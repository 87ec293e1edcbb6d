"""A process that appends until it is killed: ``python -m tests.journeys.appending``.

    ISSUER ACKNOWLEDGED RUN

It posts batches under the keys ``RUN/0``, ``RUN/1`` and so on, signs a checkpoint now and then, and
writes each answer to the file ACKNOWLEDGED, one line of JSON that is on the disk before the next
batch begins. While the database cannot be used it tries again under the same key. What is in a
batch follows from RUN and the batch's number alone. Standard output gets one byte when it is ready
to begin (a byte on standard input starts it) and one before each COMMIT.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import orjson
from sqlalchemy import event

from ledger.errors import UnavailableError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import open_ledger
from ledger.services.settings import Settings
from tests.torture.appending import BATCHES_MAX, PEOPLE, commands, post

__all__ = ["BATCHES_MAX", "PEOPLE", "acknowledged", "commands", "post"]

Done = TypeVar("Done")

BATCHES_A_CHECKPOINT = 4
SECONDS_MAX = 60
SECONDS_A_TRY = 0.1


def until_it_can(work: Callable[[], Done]) -> Done:
    """Do something once the database can be used."""
    while True:
        try:
            return work()
        except UnavailableError:
            time.sleep(SECONDS_A_TRY)


def acknowledged(file: Path) -> Iterator[list[object]]:
    """Read the answers that a run wrote down whole."""
    *lines, _cut_off = file.read_bytes().split(b"\n")
    yield from map(orjson.loads, lines)


def main(issuer: str, acknowledged: str, run: str) -> None:
    """Append until killed."""
    ledger = open_ledger(Settings.from_environment())
    event.listen(ledger.engine, "commit", lambda _connection: os.write(1, b"c"))
    os.write(1, b"r")
    os.read(0, 1)
    with Path(acknowledged).open("ab") as file:
        for number in range(BATCHES_MAX):
            outcomes = until_it_can(partial(post, ledger, issuer, int(run), number)).outcomes
            file.write(orjson.dumps([outcome._asdict() for outcome in outcomes]) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            if number % BATCHES_A_CHECKPOINT == 0:
                until_it_can(partial(sign_checkpoint, ledger))
    time.sleep(SECONDS_MAX)


if __name__ == "__main__":
    main(*sys.argv[1:])
