"""What the simulated ledger must hold: what was acknowledged, reckoned without the ledger's code.

A record is known by (person, class); the classes of one person have different levels, so that no
rule makes one displace another and a transcript's total is the sum of what stands.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from ledger.services.completions import Outcome

Identity = tuple[int, int]
ACTIVE, SUPERSEDED, REVOKED = "active", "superseded", "revoked"


@dataclass(frozen=True, slots=True)
class Wish:
    """A completion as a school would post it: who, which class, and with how many hours."""

    person: int
    number: int
    hours: int

    @property
    def identity(self) -> Identity:
        """What makes it the same record with other values."""
        return self.person, self.number


@dataclass(slots=True)
class Known:
    """A record that was acknowledged."""

    wish: Wish
    index: int
    credits: str
    status: str = ACTIVE
    revoked_by_operator: bool = False


@dataclass
class Model:
    """The acknowledged state.

    Attributes:
        size: Number of entries.
        records: By index, of persons who are not erased.
        newest: The newest record of each identity.
        answers: By key: what was posted, whether as a correction, and the first answer.
    """

    size: int
    records: dict[int, Known] = field(default_factory=dict)
    newest: dict[Identity, Known] = field(default_factory=dict)
    answers: dict[str, tuple[tuple[Wish, ...], bool, tuple[Outcome, ...]]] = field(
        default_factory=dict
    )

    def people(self) -> list[int]:
        """Give the persons about whom there is a record."""
        return sorted({known.wish.person for known in self.records.values()})

    def standing(self) -> list[Known]:
        """Give the records that neither were replaced nor taken back."""
        return [known for known in self.records.values() if known.status == ACTIVE]

    def transcript(self, person: int) -> tuple[dict[int, str], Fraction]:
        """Give a person's records with their status, and the total of what stands."""
        theirs = {i: known for i, known in self.records.items() if known.wish.person == person}
        standing = (known for known in theirs.values() if known.status == ACTIVE)
        total = sum((Fraction(known.credits) for known in standing), Fraction())
        return {i: known.status for i, known in theirs.items()}, total

    def post(
        self, wishes: tuple[Wish, ...], outcomes: tuple[Outcome, ...], *, correct: bool
    ) -> None:
        """Check the outcomes of a batch that was not posted before, and take them over."""
        assert len(outcomes) == len(wishes)
        for wish, outcome in zip(wishes, outcomes, strict=True):
            before = self.newest.get(wish.identity)
            assert outcome.outcome == expected(wish, before, correct=correct), (wish, outcome)
            if outcome.outcome == "accepted":
                self._take(wish, outcome, before)
            elif before is not None:
                assert outcome.entry_index == before.index

    def _take(self, wish: Wish, outcome: Outcome, before: Known | None) -> None:
        assert outcome.entry_index == self.size
        assert outcome.credits is not None
        if before is not None and before.status == ACTIVE:
            before.status = SUPERSEDED
        known = Known(wish, self.size, outcome.credits)
        self.records[self.size] = self.newest[wish.identity] = known
        self.size += 1

    def revoke(self, indices: list[int], *, by_operator: bool) -> None:
        """Take over that records were revoked, by one entry."""
        for index in indices:
            self.records[index].status = REVOKED
            self.records[index].revoked_by_operator = by_operator
        self.size += 1

    def records_of(self, person: int) -> list[int]:
        """Give the entries about a person, oldest first."""
        return sorted(i for i, known in self.records.items() if known.wish.person == person)

    def erase(self, person: int) -> None:
        """Take over that a person was erased, by one entry."""
        for index in self.records_of(person):
            self.newest.pop(self.records.pop(index).wish.identity, None)
        self.size += 1


def expected(wish: Wish, before: Known | None, *, correct: bool) -> str:
    """Give the outcome that a posting must have where ``before`` is its newest record."""
    if before is None:
        return "accepted"
    if before.status == REVOKED:
        return "accepted" if correct and not before.revoked_by_operator else "rejected"
    if before.wish == wish:
        return "duplicate"
    return "accepted" if correct else "rejected"
