"""A simulated ledger: the real services on real files, with the clock and the chance of a seed.

Commands come from the seed, and so do the moments at which the process crashes or the engine fails.
Whoever was not answered asks again, as a client does; after every step the ledger is held against
the model.
"""

import shutil
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final, TypeVar

import pytest

from ledger.core.merkle import verify_consistency
from ledger.core.tile import consistency_path
from ledger.domain.records import Assessment, RecordCompletion, TrainingClass
from ledger.errors import DamagedError, UnavailableError
from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint, tile_reader
from ledger.services.completions import Recorded, record
from ledger.services.context import Ledger, open_ledger
from ledger.services.settings import DATABASE, Settings
from ledger.services.transcripts import find_subject, list_subjects, read_transcript
from ledger.storage import log
from ledger.storage.engine import reading
from tests.journeys.people import CARER, id_number, person
from tests.ledgers import TestClock, make_ledger, school_of
from tests.simulation.faults import CRASH, KINDS, Crash, Faults
from tests.simulation.model import Model, Wish

MOMENTS_MAX: Final = 45
FAULT_SHARE: Final = 0.3
TRIES_MAX: Final = 20
ON: Final = date(2026, 1, 1)
T = TypeVar("T")


class World:
    """One run: the ledger, the model, and what was seen of both."""

    def __init__(self, seed: int, folder: Path, say: Callable[[str], None]) -> None:
        self.chance = Random(f"simulation/{seed}")
        self.clock = TestClock()
        self.started_ms = self.clock.now_ms
        self.say = say
        self._folder = folder
        self._copies = 0
        self.struck = 0
        self.ledger = make_ledger(folder, clock=self.clock, seed=seed)
        self.school = school_of(self.ledger)
        self.model = Model(sign_checkpoint(self.ledger).checkpoint.size)
        self.signed: list[tuple[int, bytes]] = []
        self._faults = self._watch()
        self._other: tuple[Ledger, Faults] | None = None

    def _watch(self) -> Faults:
        self._copies += 1
        copy = self._folder / f"crash-{self._copies}"
        return Faults(self.ledger.engine, self.ledger.home, copy)

    def _open(self, home: Path) -> None:
        random = Random(self.chance.random()).randbytes
        self.ledger = open_ledger(Settings(home), clock=self.clock, random=random)
        self._faults = self._watch()

    def open(self, home: Path) -> None:
        """Open the ledger in ``home`` as a new process would, the others being dead."""
        self.close()
        self._other = None
        if home != self.ledger.home:
            shutil.rmtree(self.ledger.home)
        self._open(home)

    def switch(self) -> None:
        """Go on as another process that has the ledger open as well, and knows what it knew."""
        mine = self.ledger, self._faults
        if self._other is None:
            self._open(self.ledger.home)
        else:
            self.ledger, self._faults = self._other
        self._other = mine

    def close(self) -> None:
        """Close the database for all, so that its file is all there is of it."""
        self.ledger.close()
        if self._other is not None:
            self._other[0].close()

    def insist(self, command: Callable[[], T], done: Callable[[], T] | None = None) -> T:
        """Give a command as a client gives it: again, until there is an answer.

        What has no key is not given again where the log has grown: ``done`` gives its answer.
        """
        for _ in range(TRIES_MAX):
            if done is not None and self.size() > self.model.size:
                return done()
            striking = self.chance.random() < FAULT_SHARE
            kind = self.chance.choice(KINDS) if striking else ""
            moment = self.chance.randint(1, MOMENTS_MAX)
            try:
                with self._faults.set(kind, moment):
                    return command()
            except Crash:
                self.say(f"  crash at moment {moment}")
                self.open(self._faults.copy)
            except UnavailableError:
                assert kind not in {"", CRASH}
                self.say(f"  {kind} at moment {moment}")
            self.struck += 1
        raise AssertionError("it never was answered")

    def post(self, wishes: tuple[Wish, ...], key: str, *, correct: bool) -> Recorded:
        """Post a batch, once."""
        commands = [completion(wish) for wish in wishes]
        return record(self.ledger, self.school, commands, key=key, correcting=correct)

    def size(self) -> int:
        """Give the number of entries."""
        with reading(self.ledger.engine) as connection:
            return log.read_head(connection).size

    def sign(self) -> None:
        """Sign a checkpoint; those of before must be beginnings of the same log."""
        fresh = self.insist(lambda: sign_checkpoint(self.ledger)).checkpoint
        assert fresh.size == self.model.size
        self.signed.append((fresh.size, fresh.root))
        with reading(self.ledger.engine) as connection:
            for size, root in self.signed:
                path = consistency_path(size, fresh.size, tile_reader(connection))
                verify_consistency(size, fresh.size, root, fresh.root, path)

    def audit(self) -> None:
        """Check that the ledger is sound."""
        report = audit(self.ledger)
        assert (report.findings, report.entries) == ([], self.model.size)

    def check(self) -> None:
        """Hold the ledger against the model."""
        assert self.size() == self.model.size
        people = self.model.people()
        listed = {one["id"]: one["records"] for one in list_subjects(self.ledger)}
        assert len(listed) == len(people)
        for number in people:
            subject = find_subject(self.ledger, id_number(number))
            assert subject is not None
            shown = read_transcript(self.ledger, subject, ON)
            statuses, total = self.model.transcript(number)
            assert {line["index"]: line["status"] for line in shown["records"]} == statuses
            assert listed[subject] == len(statuses)
            assert Fraction(shown["total_credits"]) == total

    def copy_database(self) -> Path:
        """Copy the database as a backup of the file would; give the copy."""
        self.close()
        self._copies += 1
        return Path(shutil.copy(self.ledger.home / DATABASE, self._folder / f"db-{self._copies}"))

    def check_refused(self, old: Path) -> None:
        """Put an older database in place: a new process must refuse it and write nothing."""
        home = self.ledger.home
        newest = self.copy_database()
        shutil.copy(old, home / DATABASE)
        opened = open_ledger(Settings(home), clock=self.clock)
        for write in (
            lambda: sign_checkpoint(opened),
            lambda: record(opened, self.school, [completion(Wish(99, 1, 40))]),
        ):
            with pytest.raises(DamagedError) as refused:
                write()
            assert refused.value.code == "behind-checkpoint"
        assert not audit(opened).sound
        opened.close()
        shutil.copy(newest, home / DATABASE)
        self.open(home)


def completion(wish: Wish) -> RecordCompletion:
    """Make the command of a wish."""
    return RecordCompletion(
        person(wish.person),
        TrainingClass(f"JL202500{wish.number}", None, None, date(2025, 3, 3), date(2025, 4, 11)),
        CARER,
        wish.number,
        {"theory": Fraction(wish.hours), "practice": Fraction(80), "online": Fraction(0)},
        Fraction(9, 10),
        Assessment(date(2025, 4, 14), passed=True, scores={"theory": "80"}),
        None,
    )
