"""L5: kill -9 of processes that append loses nothing, doubles nothing, and leaves a sound log.

Two processes append at once until both are killed: half of the kills come at any moment, half
within a millisecond or so after a COMMIT began. After each round what was acknowledged last and
what was in flight are retried, and the log must have grown by what was answered and no more; at the
end of each block of rounds every key is retried, every record looked up, and all is audited.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.projection import id_number_tag
from ledger.storage import log, projections, vault
from ledger.storage.engine import reading
from tests.journeys.ledgers import make_ledger, opened
from tests.torture import appending
from tests.torture.campaigns import Tell, chance_of, share
from tests.torture.preloaded import KILLED, Child, Preloaded

ROUNDS = share(8, 20)
SECONDS_A_ROUND = 0.1
COMMITS_MAX = 25
SECONDS_A_COMMIT = 0.0015


@contextmanager
def appender(preloaded: Preloaded, *arguments: object) -> Iterator[Child]:
    """Start a process that appends; it is dead on leaving."""
    child = preloaded.start("append", *arguments)
    try:
        assert child.hear(), "it is not ready"
        yield child
    finally:
        child.kill()


def kill_at_a_moment(child: Child, chance: random.Random) -> None:
    """Kill at any moment, or soon after a commit began."""
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, SECONDS_A_ROUND))
    else:
        for _ in range(chance.randint(1, COMMITS_MAX)):
            assert child.hear(), "it ended by itself"
        time.sleep(chance.uniform(0, SECONDS_A_COMMIT))
    assert child.kill() == KILLED


@dataclass
class Block:
    """One ledger and all that was answered on it, by run."""

    home: Path
    issuer: str
    size: int
    answers: dict[int, list[list[object]]] = field(default_factory=dict)
    acknowledged: int = 0

    def file(self, run: int) -> Path:
        return self.home.parent / f"answers-{run}"

    def check_run(self, ledger: Ledger, run: int) -> None:
        """Retry what a killed process was told last, and what it had in flight."""
        told = list(appending.written_down(self.file(run)))
        self.acknowledged += len(told)
        if told:
            self.check_first_answer(ledger, run, len(told) - 1, told[-1])
        if len(told) < appending.BATCHES_MAX:
            in_flight = appending.post(ledger, self.issuer, run, len(told))
            told.append(appending.answer_of(in_flight))
            self.check_first_answer(ledger, run, len(told) - 1, told[-1])
        self.answers[run] = told
        self.size += len(told) * appending.ENTRIES

    def check_first_answer(self, ledger: Ledger, run: int, number: int, first: object) -> None:
        answer = appending.post(ledger, self.issuer, run, number)
        assert answer.replayed, (run, number)
        assert appending.answer_of(answer) == first, (run, number)

    def check_size(self, ledger: Ledger) -> None:
        """Check that the log holds what was answered and no more, and sign it."""
        with reading(ledger.engine) as connection:
            assert log.read_head(connection).size == self.size
        assert sign_checkpoint(ledger).checkpoint.size == self.size

    def check_whole(self, ledger: Ledger) -> None:
        """Retry every key, look up every record, audit all."""
        known: set[int] = set()
        for run, answers in self.answers.items():
            for number, answer in enumerate(answers):
                self.check_first_answer(ledger, run, number, answer)
                found = check_present_once(ledger, run, number, answer)
                assert not known & found
                known |= found
        assert known == set(range(self.size - len(known), self.size))
        report = audit(ledger)
        assert (report.findings, report.entries) == ([], self.size)


def check_present_once(ledger: Ledger, run: int, number: int, answer: list[object]) -> set[int]:
    """Check that each record of a batch is there, once, at the index that was told; give these."""
    told: dict[bytes, list[int]] = {}
    for command, outcome in zip(appending.commands(run, number), answer, strict=True):
        assert isinstance(outcome, dict)
        indices = told.setdefault(id_number_tag(ledger.sealer, command.person.id_number), [])
        if outcome["outcome"] == "accepted":
            indices.append(outcome["entry_index"])
        else:
            assert outcome["entry_index"] in indices
    with reading(ledger.engine) as connection:
        people = vault.find_by_tags(connection, ledger.sealer, told)
        assert people.keys() == told.keys()
        for tag, stored in people.items():
            rows = projections.records_of_subjects(connection, [stored.id])
            assert [row.index for row in rows] == told[tag]
    found = {index for each in told.values() for index in each}
    assert len(found) == appending.ENTRIES
    return found


@pytest.mark.parametrize("number", range(share(1, 50)))
def test_kill_9_of_two_appending_processes_loses_nothing_and_doubles_nothing(
    number: int, tmp_path: Path, preloaded: Preloaded, tell: Tell
) -> None:
    chance = chance_of("kill", number)
    ledger, issuer = make_ledger(tmp_path / "home")
    block = Block(ledger.home, issuer, sign_checkpoint(ledger).checkpoint.size)
    for first in range(0, 2 * ROUNDS, 2):
        # With nobody else at the database the next one to open it must recover what the dead left.
        alone = chance.random() < 0.5
        if alone:
            ledger.close()
        with (
            appender(preloaded, block.home, issuer, block.file(first), first) as one,
            appender(preloaded, block.home, issuer, block.file(first + 1), first + 1) as other,
        ):
            one.say()
            other.say()
            for child in chance.sample([one, other], 2):
                kill_at_a_moment(child, chance)
        block.check_run(ledger, first)
        block.check_run(ledger, first + 1)
        block.check_size(ledger)
    ledger.close()
    with opened(block.home) as fresh:
        block.check_whole(fresh)
    tell(kills=2 * ROUNDS, acknowledged_batches=block.acknowledged, entries=block.size)
