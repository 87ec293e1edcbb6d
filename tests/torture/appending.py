"""Batches whose content follows from a run and a number, and the file of what was answered."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from ledger.domain.records import RecordCompletion
from ledger.services.completions import Recorded, record
from ledger.services.context import Ledger
from tests.journeys.people import completion

PEOPLE = 5
ENTRIES = PEOPLE + 1
BATCHES_MAX = 60


def commands(run: int, number: int) -> list[RecordCompletion]:
    """Give batch ``number`` of a run: five people, one of them twice, and one with two classes."""
    first = (run * BATCHES_MAX + number) * PEOPLE
    posted = [completion(first + place) for place in range(PEOPLE)]
    return [*posted, posted[0], completion(first, training_class="JL2025002")]


def post(ledger: Ledger, issuer: str, run: int, number: int) -> Recorded:
    """Post a batch under its key."""
    return record(ledger, issuer, commands(run, number), key=f"{run}/{number}")


def answer_of(recorded: Recorded) -> list[object]:
    """Give an answer as it is written down."""
    read: list[object] = orjson.loads(orjson.dumps([o._asdict() for o in recorded.outcomes]))
    return read


def write_down(file: BinaryIO, told: object) -> None:
    """Write one line; on return it is on the disk."""
    file.write(orjson.dumps(told) + b"\n")
    file.flush()
    os.fsync(file.fileno())


def written_down(file: Path) -> Iterator[list[object]]:
    """Read the lines that were written whole."""
    if file.exists():
        *lines, _cut_off = file.read_bytes().split(b"\n")
        yield from map(orjson.loads, lines)
