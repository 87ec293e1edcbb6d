"""Processes that append, and what must be in the ledger of what was acknowledged to them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import Recorded
from ledger.services.context import Ledger
from ledger.services.projection import id_number_tag
from ledger.storage import log, projections, vault
from ledger.storage.engine import reading
from tests.journeys import appending
from tests.journeys.command_line import ROOT, environment
from tests.journeys.ledgers import opened


class Appender:
    """A process that appends, started and waiting for its signal to begin."""

    def __init__(self, home: Path, issuer: str, run: int) -> None:
        self.run = run
        self.file = home.parent / f"acknowledged-{run}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.appending", issuer, self.file, str(run)],
            env=environment(home),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def begin(self) -> None:
        """Wait until it is ready, and let it begin."""
        assert self.process.stdin is not None
        assert self.wait_for_commits(1), "it is not ready"
        self.process.stdin.write(b"b")
        self.process.stdin.flush()

    def wait_for_commits(self, count: int) -> bool:
        """Wait until it says that so many commits began."""
        assert self.process.stdout is not None
        return len(os.read(self.process.stdout.fileno(), count)) > 0

    def kill(self) -> None:
        """Kill it; what it held is the kernel's to give back."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def appending_process(home: Path, issuer: str, run: int) -> Iterator[Appender]:
    appender = Appender(home, issuer, run)
    try:
        yield appender
    finally:
        appender.kill()


def retried(ledger: Ledger, issuer: str, run: int, file: Path) -> list[Recorded]:
    """Retry every key of a run, the one in flight among them; give the answers."""
    answers = []
    told = list(appending.acknowledged(file)) if file.exists() else []
    for number, first in enumerate(told):
        answer = appending.post(ledger, issuer, run, number)
        assert answer.replayed
        assert orjson.loads(orjson.dumps([o._asdict() for o in answer.outcomes])) == first
        answers.append(answer)
    if len(told) < appending.BATCHES_MAX:
        in_flight = appending.post(ledger, issuer, run, len(told))
        again = appending.post(ledger, issuer, run, len(told))
        assert (again.outcomes, again.replayed) == (in_flight.outcomes, True)
        answers.append(in_flight)
    return answers


def check_present_once(ledger: Ledger, run: int, answers: list[Recorded]) -> set[int]:
    """Check that each record of a run is there, once, at the index that was told."""
    indices: set[int] = set()
    for number, answer in enumerate(answers):
        posted = appending.commands(run, number)
        told: dict[bytes, list[int]] = {}
        for command, outcome in zip(posted, answer.outcomes, strict=True):
            assert outcome.entry_index is not None
            tag = id_number_tag(ledger.sealer, command.person.id_number)
            told.setdefault(tag, [])
            if outcome.outcome == "accepted":
                told[tag].append(outcome.entry_index)
            else:
                assert outcome.entry_index in told[tag]
        with reading(ledger.engine) as connection:
            people = vault.find_by_tags(connection, ledger.sealer, told)
            assert people.keys() == told.keys()
            for tag, stored in people.items():
                rows = projections.records_of_subjects(connection, [stored.id])
                assert [row.index for row in rows] == told[tag]
        found = [index for each in told.values() for index in each]
        assert len(found) == appending.PEOPLE + 1
        assert not indices & set(found)
        indices.update(found)
    return indices


def check_round(home: Path, issuer: str, runs: dict[int, Path], before: set[int]) -> set[int]:
    """Check the ledger after a kill; give the indices of all records so far."""
    with opened(home) as ledger:
        assert audit(ledger).findings == [], "before anything is written"
        known = set(before)
        for run, file in runs.items():
            new = check_present_once(ledger, run, retried(ledger, issuer, run, file))
            assert not known & new
            known |= new
        sign_checkpoint(ledger)
        report = audit(ledger)
        assert report.findings == []
        with reading(ledger.engine) as connection:
            size = log.read_head(connection).size
        assert report.entries == size
        assert known == set(range(size - len(known), size)), "nothing is there that nobody posted"
    return known
