"""Record completions and certificates, one batch in one transaction.

A refused command never touches its neighbours, except in an all-or-nothing batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ledger.core.canonical import Json
from ledger.errors import RefusedError
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.known_state import RecordCommand
from ledger.services.posting import Outcome, Posting, request_of, with_facts
from ledger.services.record import submit
from ledger.services.work import Once


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcomes of a batch in the order of its commands; ``replayed`` if an earlier batch's."""

    outcomes: tuple[Outcome, ...]
    replayed: bool


def record(
    ledger: Ledger,
    issuer: str,
    commands: Sequence[RecordCommand],
    *,
    key: str | None = None,
    correcting: bool = False,
    all_or_nothing: bool = False,
) -> Recorded:
    """Record what an issuer posts.

    Args:
        ledger: The open ledger.
        issuer: Organisation id, taken from the caller's credentials.
        commands: At most some thousand; they are one transaction.
        key: Idempotency key. The same key with the same commands gets the first answer.
        correcting: Whether a command that differs from a record of the same identity corrects it.
        all_or_nothing: Whether one refused command refuses all.

    Raises:
        NotFoundError: The issuer is not registered.
        ConflictError: The key was used for other commands.
        RefusedError: ``all_or_nothing``, and a command was refused; nothing was recorded.
        UnavailableError: The ledger cannot be written now; nothing was recorded.
    """
    work = _Recording(issuer, commands, correcting=correcting, all_or_nothing=all_or_nothing)
    once = None
    if key is not None:
        options = bytes([correcting, all_or_nothing])
        once = Once(issuer, key, options + request_of(work.posted))
    written = submit(ledger, work, once)
    if work.outcomes and not written.replayed:
        return Recorded(tuple(work.outcomes), replayed=False)
    answer: Any = written.answer
    return Recorded(tuple(map(Outcome.from_json, answer)), written.replayed)


class _Recording:
    """The commands of one caller."""

    def __init__(
        self,
        issuer: str,
        commands: Sequence[RecordCommand],
        *,
        correcting: bool,
        all_or_nothing: bool,
    ) -> None:
        # What refuses all for one has already added some, so it shares its batch with nobody.
        self.commands: Sequence[RecordCommand] = () if all_or_nothing else commands
        self.posted = with_facts(commands)
        self.outcomes: list[Outcome] = []
        self._issuer = issuer
        self._correcting = correcting
        self._all_or_nothing = all_or_nothing

    def __reduce__(  # type: ignore[explicit-override]  # typing has it from 3.12 on
        self,
    ) -> tuple[Callable[[], "_Recording"], tuple[()]]:
        """Be pickled as what was ordered; what follows from that is worked out anew."""
        ordered = partial(
            _Recording,
            self._issuer,
            [each.command for each in self.posted],
            correcting=self._correcting,
            all_or_nothing=self._all_or_nothing,
        )
        return ordered, ()

    def decide(self, batch: Batch) -> None:
        """Decide them one after the other."""
        if self._all_or_nothing:
            batch.know([each.command for each in self.posted])
        posting = Posting(batch, self._issuer, correcting=self._correcting)
        self.outcomes = [posting.decide(each) for each in self.posted]
        refused = [outcome for outcome in self.outcomes if outcome.outcome == "rejected"]
        if self._all_or_nothing and refused:
            raise RefusedError(
                f"batch: {len(refused)} of {len(self.outcomes)} records were refused, so none was "
                f"recorded (the first: {refused[0].code})",
                code="all-or-nothing",
            )

    def answer(self, batch: Batch) -> Json:
        """Give the outcomes, in the order of the commands."""
        if batch.shift:
            self.outcomes = [each.moved(batch.shift) for each in self.outcomes]
        return [outcome.to_json() for outcome in self.outcomes]
