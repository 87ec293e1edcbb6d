"""Record completions and certificates, one batch in one transaction.

A refused command never touches its neighbours, except in an all-or-nothing batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.core.canonical import Json
from ledger.errors import RefusedError
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.posting import Outcome, Posted, Posting, RecordCommand, request_of
from ledger.services.record import Once, write


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
    posted = [Posted.of(command) for command in commands]
    outcomes: list[Outcome] = []

    def work(batch: Batch) -> Json:
        posting = Posting(batch, issuer, commands, correcting=correcting)
        outcomes[:] = [posting.decide(each) for each in posted]
        refused = [outcome for outcome in outcomes if outcome.outcome == "rejected"]
        if all_or_nothing and refused:
            raise RefusedError(
                f"batch: {len(refused)} of {len(outcomes)} records were refused, so none was "
                f"recorded (the first: {refused[0].code})",
                code="all-or-nothing",
            )
        return [outcome.to_json() for outcome in outcomes]

    once = None
    if key is not None:
        options = bytes([correcting, all_or_nothing])
        once = Once(issuer, key, options + request_of(posted))
    written = write(ledger, work, once)
    if written.replayed:
        answer: Any = written.answer
        outcomes[:] = map(Outcome.from_json, answer)
    return Recorded(tuple(outcomes), written.replayed)
