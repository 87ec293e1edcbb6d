"""What may happen in a simulated ledger: each draws what it needs, does it and says what it was."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pytest

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import ConflictError, NotFoundError, RefusedError
from ledger.services.erasure import erase, finish_erasure
from ledger.services.key_entries import rotate_key
from ledger.services.transcripts import find_subject, read_transcript
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.journeys.people import id_number
from tests.simulation.model import ACTIVE, Wish
from tests.simulation.world import ON, World

PEOPLE: Final = 12
CLASSES: Final = 3
HOURS: Final = (40, 40, 40, 20, 60)
HOUR_MS: Final = 3_600_000
STEPS_AN_AUDIT: Final = 5
YEAR_MS: Final = 8_766 * HOUR_MS
EVENT_DAY: Final = date(2025, 4, 11)


class Commands:
    """The commands over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self._copies: list[tuple[int, Path]] = []

    def step(self) -> None:
        """Do one of the commands."""
        names, weights = zip(*WEIGHTS.items(), strict=True)
        name = self._chance.choices(names, weights)[0]
        self._world.say(f"{name}: {getattr(self, name)()}")

    def _wish(self) -> Wish:
        chance = self._chance
        return Wish(chance.randrange(PEOPLE), chance.randint(1, CLASSES), chance.choice(HOURS))

    def _post(self, wishes: tuple[Wish, ...], *, correct: bool) -> str:
        world, model = self._world, self._world.model
        key = f"key-{len(model.answers)}"
        recorded = world.insist(lambda: world.post(wishes, key, correct=correct))
        model.post(wishes, recorded.outcomes, correct=correct)
        model.answers[key] = wishes, correct, recorded.outcomes
        said = ", ".join(f"{o.outcome} {o.entry_index}" for o in recorded.outcomes)
        return f"{key} {[(w.person, w.number, w.hours) for w in wishes]} -> {said}"

    def post(self) -> str:
        """Post one record."""
        return self._post((self._wish(),), correct=False)

    def post_batch(self) -> str:
        """Post some records in one batch, some of them twice."""
        wishes = [self._wish() for _ in range(self._chance.randint(2, 6))]
        return self._post((*wishes, self._chance.choice(wishes)), correct=False)

    def correct(self) -> str:
        """Post records as corrections."""
        wishes = tuple(self._wish() for _ in range(self._chance.randint(1, 3)))
        return self._post(wishes, correct=True)

    def retry(self) -> str:
        """Ask again under a key: the first answer comes again and nothing is recorded."""
        world, answers = self._world, self._world.model.answers
        if not answers:
            return "no key yet"
        key = self._chance.choice(list(answers))
        wishes, correct, first = answers[key]
        again = world.insist(lambda: world.post(wishes, key, correct=correct))
        assert (again.outcomes, again.replayed) == (first, True)
        return key

    def reuse(self) -> str:
        """Post something else under a key that was used: it is refused."""
        world, answers = self._world, self._world.model.answers
        if not answers:
            return "no key yet"
        key = self._chance.choice(list(answers))
        wishes, correct, _ = answers[key]
        with pytest.raises(ConflictError):
            world.insist(lambda: world.post((*wishes, self._wish()), key, correct=correct))
        return key

    def revoke(self) -> str:
        """Take a record back, as its school or as the operator; one that stands no more is not."""
        world, model = self._world, self._world.model
        if not model.records:
            return "no record"
        index = self._chance.choice(list(model.records))
        actor = self._chance.choice([world.school, "ledger"])
        command = RevokeRecord(index, "entered-in-error")
        if model.records[index].status != ACTIVE:
            with pytest.raises(RefusedError):
                world.insist(lambda: revoke_record(world.ledger, actor, command))
            return f"{index} refused"
        made = {"entry": model.size, "revoked": [index]}
        told = world.insist(lambda: revoke_record(world.ledger, actor, command), lambda: made)
        assert told == made
        model.revoke([index], by_operator=actor == "ledger")
        return f"{index} by {'operator' if actor == 'ledger' else 'school'}"

    def revoke_all(self) -> str:
        """Take back all that stands of the school."""
        world, model = self._world, self._world.model
        standing = sorted(known.index for known in model.standing())
        command = RevokeIssuer(world.school, EVENT_DAY, EVENT_DAY, "issuer-misconduct")
        if not standing:
            with pytest.raises(RefusedError):
                world.insist(lambda: revoke_issuer(world.ledger, command))
            return "nothing stands"
        made = {"entry": model.size, "revoked": standing}
        told = world.insist(lambda: revoke_issuer(world.ledger, command), lambda: made)
        assert told == made
        model.revoke(standing, by_operator=True)
        return str(standing)

    def erase(self) -> str:
        """Erase a person: there is nothing of them any more, nor under their number."""
        world, model = self._world, self._world.model
        if not model.people():
            return "nobody"
        number = self._chance.choice(model.people())
        subject = find_subject(world.ledger, id_number(number))
        assert subject is not None
        made = {"entry": model.size, "entries": model.records_of(number)}
        told = world.insist(lambda: erase(world.ledger, subject), lambda: made)
        assert told == made
        finish_erasure(world.ledger)
        model.erase(number)
        assert find_subject(world.ledger, id_number(number)) is None
        with pytest.raises(NotFoundError):
            read_transcript(world.ledger, subject, ON)
        return f"{number} -> {made['entries']}"

    def sign(self) -> str:
        """Sign a checkpoint."""
        self._world.sign()
        return str(self._world.model.size)

    def reopen(self) -> str:
        """Go on as a new process."""
        self._world.open(self._world.ledger.home)
        return ""

    def switch(self) -> str:
        """Go on as another process that is open as well."""
        self._world.switch()
        return ""

    def rotate(self) -> str:
        """Make a new vault key; every person's key is wrapped anew."""
        world = self._world
        told = world.insist(lambda: rotate_key(world.ledger, "vault"))
        return f"version {told['version']}"

    def clock(self) -> str:
        """Set the clock: on a little, back an hour, on ten years, or right again."""
        clock = self._world.clock
        start = self._world.started_ms
        clock.now_ms = self._chance.choice(
            [
                clock.now_ms + HOUR_MS,
                max(start, clock.now_ms - HOUR_MS),
                start + 10 * YEAR_MS,
                start,
            ]
        )
        return str(clock.now_ms)

    def copy(self) -> str:
        """Copy the database, to be put back later."""
        self._copies.append((self._world.model.size, self._world.copy_database()))
        return str(self._world.model.size)

    def put_back(self) -> str:
        """Put an old copy back, where a checkpoint was signed since: it is refused."""
        signed = max((size for size, _ in self._world.signed), default=0)
        older = [each for each in self._copies if each[0] < signed]
        if not older:
            return "none is older than the last checkpoint"
        size, path = self._chance.choice(older)
        self._world.check_refused(path)
        return f"{size} refused"


WEIGHTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "post": 4, "post_batch": 8, "correct": 4, "retry": 4, "reuse": 1, "revoke": 3,
        "revoke_all": 1, "erase": 2, "sign": 5, "reopen": 1, "switch": 3, "rotate": 1,
        "clock": 2, "copy": 1, "put_back": 1,
    }
)  # fmt: skip


def simulate(seed: int, steps: int, folder: Path, say: Callable[[str], None]) -> World:
    """Run one seed; what goes wrong raises."""
    world = World(seed, folder, say)
    commands = Commands(world)
    for number in range(steps):
        say(f"{number}")
        struck = world.struck
        commands.step()
        world.check()
        # What a fault left is looked at whole, at once; else now and then.
        if world.struck > struck or number % STEPS_AN_AUDIT == 0:
            world.audit()
    world.sign()
    world.audit()
    world.close()
    return world
