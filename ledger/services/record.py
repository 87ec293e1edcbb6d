"""The one pipe through which every entry is written.

Idempotency key first, then the work decides, then append, project and answer, in one transaction.

A use case hands over its work, a function that adds entries to a ``Batch`` and returns the answer
as JSON. It runs under the write lock. Whatever it raises rolls everything back; an answer is given
only after COMMIT. If the process dies before, nothing happened; if it dies after, a retry with the
same key gets the first answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ledger.core.canonical import Json, decode, encode
from ledger.errors import ConflictError
from ledger.services.batch import Batch
from ledger.services.checkpointing import hold_against_last_checkpoint
from ledger.services.context import Ledger
from ledger.storage import answers
from ledger.storage.engine import writing

ANSWER_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key: what is asked twice under one key is done once.

    ``request`` is the content by which a repeated request is known to be the same; only its tag is
    stored.
    """

    issuer: str
    key: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """The answer of a write; ``replayed`` if it was first given to an earlier request."""

    answer: Json
    replayed: bool


def write(ledger: Ledger, work: Callable[[Batch], Json], once: Once | None = None) -> Written:
    """Do ``work`` in one transaction under the write lock.

    Raises:
        ConflictError: The idempotency key was used before for another request.
        DamagedError: The database is behind its last checkpoint, or contradicts it.
        UnavailableError: The database cannot be written now; nothing was recorded.
    """
    # The lookup secret is never exchanged, so this one tag can be made before the wait.
    request_tag = b"" if once is None else ledger.sealer.tag("request", once.request)
    with writing(ledger.engine) as connection:
        ledger.renew_keys()
        sealer = ledger.sealer
        hold_against_last_checkpoint(ledger, connection)
        if once is not None:
            first = answers.read_answer(connection, sealer, once.issuer, once.key)
            if first is not None:
                if first.request_tag != request_tag:
                    raise ConflictError(
                        "idempotency key: it was used for another request; take a new key for a "
                        "new request",
                        code="idempotency-key-reused",
                    )
                return Written(decode(first.answer, bytes_max=ANSWER_BYTES_MAX), replayed=True)
        batch = Batch(ledger, connection)
        answer = work(batch)
        batch.flush()
        if once is not None:
            encoded = encode(answer, bytes_max=ANSWER_BYTES_MAX)
            answers.store_answer(
                connection,
                sealer,
                once.issuer,
                once.key,
                answers.StoredAnswer(request_tag, encoded),
            )
    return Written(answer, replayed=False)
