"""The one pipe through which every entry is written.

Idempotency key first, then the work decides, then append, project and answer, in one transaction.
If the process dies before COMMIT, nothing happened; if it dies after, a retry with the same key
gets the first answer.

What waits in one process shares a round (``committer``), which is one transaction. One bad command
never spoils its neighbours: a round that fails for another reason than a database that cannot be
used is repeated work by work. A large round is decided and sealed before the write lock is asked
for, and again under it only if what it was decided on has changed (decision 0011).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ledger.core.canonical import Json, decode, encode
from ledger.errors import ConflictError, LedgerError, UnavailableError
from ledger.services.batch import Batch
from ledger.services.checkpointing import hold_against_last_checkpoint
from ledger.services.committer import ROUND_COMMANDS_MAX, Committer, Request
from ledger.services.context import Ledger
from ledger.services.fence import hold_against_acknowledged
from ledger.services.neighbours import SharedRound
from ledger.services.work import Once, Work, Write, Written
from ledger.storage import answers, log
from ledger.storage.engine import reading, writing

if TYPE_CHECKING:
    from ledger.services.known_state import RecordCommand

ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
# Below this many commands, deciding twice costs more than a shorter hold of the lock gains.
AHEAD_COMMANDS_MIN: Final = 100


class _Alone:
    """Work that may ask for anything and change anything, and shares no transaction."""

    def __init__(self, function: Callable[[Batch], Json]) -> None:
        self.commands: Sequence[RecordCommand] = ()
        self._function = function
        self._answer: Json = None

    def decide(self, batch: Batch) -> None:
        """Call the function."""
        self._answer = self._function(batch)

    def answer(self, batch: Batch) -> Json:
        """Give what the function gave."""
        del batch
        return self._answer


def write(ledger: Ledger, work: Callable[[Batch], Json], once: Once | None = None) -> Written:
    """Do ``work`` in a transaction of its own, under the write lock. Raises as ``submit``."""
    return submit(ledger, _Alone(work), once)


def submit(ledger: Ledger, work: Work, once: Once | None = None) -> Written:
    """Do ``work``, in one transaction with what else waits if it can share one.

    Raises:
        ConflictError: The idempotency key was used before for another request.
        DamagedError: The database contradicts its last checkpoint, or what was acknowledged.
        UnavailableError: The database cannot be written now. Nothing was recorded, unless the code
            is ``outcome-unknown``.
    """
    # The lookup secret is never exchanged, so this one tag can be made before the wait.
    tag = b"" if once is None else ledger.sealer.tag("request", once.request)

    def settle(round_: Sequence[Request[Written]]) -> None:
        _settle(ledger, [each for each in round_ if isinstance(each, Write)])

    committer: Committer[Written] = ledger.committer
    place = None if once is None else (once.issuer, once.key)
    return committer.submit(Write(work, place, tag), settle)


def _settle(ledger: Ledger, round_: Sequence[Write], *, alone: bool = False) -> None:
    shared = SharedRound(ledger, round_, alone=alone)
    try:
        ahead = _decided_ahead(ledger, round_)
        with shared.turn() as mine:
            if mine:
                _commit(ledger, shared, ahead)
    except UnavailableError as error:
        for each in round_:
            each.answer, each.error = None, UnavailableError(error.message, code=error.code)
    except Exception as error:  # noqa: BLE001 - each caller is told its own
        if len(round_) == 1 and not shared.taken:
            round_[0].answer, round_[0].error = None, error
            return
        for each in round_:
            _settle(ledger, [each], alone=True)


def _decided_ahead(ledger: Ledger, round_: Sequence[Write]) -> Batch | None:
    if sum(each.commands for each in round_) < AHEAD_COMMANDS_MIN:
        return None
    ledger.renew_keys()
    with reading(ledger.engine) as connection:
        # What was answered before is not decided again.
        if len(_without_repeats(ledger, connection, round_)) < len(round_):
            return None
        return _decided(ledger, connection, log.read_head(connection), round_)


def _commit(ledger: Ledger, shared: SharedRound, ahead: Batch | None) -> None:
    """Write a round in its turn, with what other processes hand over if it may be joined."""
    with writing(ledger.engine) as connection:
        ledger.renew_keys()
        hold_against_last_checkpoint(ledger, connection)
        head = log.read_head(connection)
        hold_against_acknowledged(ledger, connection, head)
        if shared.settled_behind(connection, head):
            return
        if ahead is None and not shared.alone:
            shared.take_neighbours(connection, head, ROUND_COMMANDS_MAX)
        round_ = [*shared.own, *shared.taken]
        fresh = _without_repeats(ledger, connection, round_)
        batch = ahead
        if batch is None or len(fresh) < len(round_) or not batch.still_holds(connection, head):
            batch = _decided(ledger, connection, head, fresh)
        before, head = head, batch.store(connection, head)
        given = [(each, each.work.answer(batch)) for each in fresh if each.error is None]
        _store_answers(ledger, connection, given)
        for each, answer in given:
            each.answer = Written(answer, replayed=False)
        shared.prepare_answers(before, head)
    ledger.acknowledged = head
    shared.confirm_answers()


def _without_repeats(
    ledger: Ledger, connection: Connection, round_: Sequence[Write]
) -> list[Write]:
    """Settle the requests that were answered before; give the others."""
    places = {each.place for each in round_ if each.place is not None}
    firsts = answers.read_answers(connection, ledger.sealer, places)
    fresh = []
    for each in round_:
        first = None if each.place is None else firsts.get(each.place)
        if first is None:
            fresh.append(each)
        elif first.request_tag != each.tag:
            each.error = ConflictError(
                "idempotency key: it was used for another request; take a new key for a new "
                "request",
                code="idempotency-key-reused",
            )
        else:
            answer = decode(first.answer, bytes_max=ANSWER_BYTES_MAX)
            each.answer, each.error = Written(answer, replayed=True), None
    return fresh


def _decided(
    ledger: Ledger, connection: Connection, head: log.Head, round_: Sequence[Write]
) -> Batch:
    """Let each work decide in the state that ``connection`` sees; give the batch, sealed."""
    commands = [command for each in round_ for command in each.work.commands]
    batch = Batch(ledger, connection, head, commands)
    for each in round_:
        each.error = None
        try:
            each.work.decide(batch)
        except LedgerError as error:
            if len(round_) == 1:
                raise
            each.error = error
    batch.seal()
    return batch


def _store_answers(
    ledger: Ledger, connection: Connection, given: Sequence[tuple[Write, Json]]
) -> None:
    fresh = {
        each.place: answers.StoredAnswer(each.tag, encode(answer, bytes_max=ANSWER_BYTES_MAX))
        for each, answer in given
        if each.place is not None
    }
    answers.store_answers(connection, ledger.sealer, fresh)
