"""Rounds that share a transaction with those of other processes of this machine.

A round that finds the write lock taken is handed over (``storage.handover``). Who has the lock next
decides it together with its own, as if all had come from its own threads, and answers. Where that
does not come to an end, the owner does it itself when its turn comes.

What is handed over names persons, so it is sealed, each time under another key, which follows from
the lookup secret: only who has that can have made what is opened here.
"""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from ledger.errors import UnavailableError
from ledger.services.context import Ledger
from ledger.services.work import Work, Write, Written
from ledger.storage import log
from ledger.storage.answers import AnswerKey
from ledger.storage.engine import turn, turn_if_free
from ledger.storage.handover import TAKEN, WRITTEN, Slot
from ledger.storage.sealing import Cipher

# A longer round is decided ahead of the lock, and written by its own process.
HANDED_COMMANDS_MAX: Final = 99
TOKEN_BYTES: Final = 16
# So long a bell is waited for before the lock is asked for again, and so often before this process
# stands in line for it: whoever holds the lock may be busy with other things.
LISTENED_SECONDS: Final = 0.01
LISTENED_MAX: Final = 5
_SALT_BYTES: Final = 16
# Another form of what is handed over needs another number.
_PURPOSE: Final = "handover 3"


@dataclass(frozen=True, slots=True)
class _Offer:
    # What is handed over: which offer of its process it is, the head that this process acknowledged
    # last, and works with their places and tags.
    token: bytes
    acknowledged: log.Head | None
    handed: list[tuple[Work, AnswerKey | None, bytes]]


@dataclass(frozen=True, slots=True)
class _Answer:
    # To which offer, the log's head with it, whether that head shows that it was committed, and
    # what became of each work.
    token: bytes
    head: log.Head
    proven_by_head: bool
    results: list[Written | BaseException | None]


@dataclass(frozen=True, slots=True)
class _Neighbour:
    # The round of another process, the slot that its answer belongs into, and which offer it was.
    slot: Slot
    token: bytes
    writes: list[Write]


class SharedRound:
    """A round of this process, which others may write, and which takes theirs along.

    Attributes:
        own: What this process wants written.
        alone: Whether it is to be joined with nothing else.
    """

    def __init__(self, ledger: Ledger, own: Sequence[Write], *, alone: bool) -> None:
        self.own = own
        # Work without commands shares its transaction with nobody.
        self.alone = alone or not all(each.commands for each in own)
        self._ledger = ledger
        self._offered = b""
        self._neighbours: list[_Neighbour] = []

    @property
    def taken(self) -> list[Write]:
        """What others want written, as far as it was taken."""
        return [write for each in self._neighbours for write in each.writes]

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Wait for the turn of this process to write, the round handed over meanwhile.

        Gives False if others wrote the round: its turn is not needed any more.

        Raises:
            UnavailableError: It did not come, or not to ``settled_behind``; nothing was recorded,
                unless the code is ``outcome-unknown``: then another process took the round over.
        """
        with ExitStack() as stack:
            try:
                yield self._wait(stack)
            except UnavailableError as error:
                if not self._take_back():
                    raise _not_ended() from error
                raise
            finally:
                self._take_back()
        following = self._ledger.handover.waiting()
        if following is not None:
            following.ring()

    def settled_behind(self, connection: Connection, head: log.Head) -> bool:
        """Tell whether others wrote it and could not say so; if not, it is this process's again.

        ``head`` is the log's head as ``connection`` sees it.
        """
        _, answer = self._answer()
        held = (
            answer is not None
            and answer.proven_by_head
            and log.holds(connection, head, answer.head)
        )
        settled = held and self._learn(answer)
        self._take_back()
        return settled

    def take_neighbours(self, connection: Connection, head: log.Head, commands_max: int) -> None:
        """Take what others wait to have written, as far as it can be joined with the own.

        What is not joined is left to its owner.
        """
        room = commands_max - sum(each.commands for each in self.own)
        places = {each.place for each in self.own if each.place is not None}
        held = {None, head}
        for slot, sealed in self._ledger.handover.take():
            offer = self._open(sealed)
            if not isinstance(offer, _Offer):
                continue
            writes = [Write(*each) for each in offer.handed]
            theirs = {each.place for each in writes if each.place is not None}
            # A database that forgot what they acknowledged is for them to refuse.
            known = offer.acknowledged
            if known is not None and known not in held and log.holds(connection, head, known):
                held.add(known)
            commands = sum(each.commands for each in writes)
            if known in held and commands <= room and places.isdisjoint(theirs):
                room -= commands
                places |= theirs
                self._neighbours.append(_Neighbour(slot, offer.token, writes))

    def prepare_answers(self, before: log.Head, head: log.Head) -> None:
        """Lay down for the others what holds once the log ends at ``head``; before COMMIT."""
        # Where no entry is added, the log cannot show whether the stored answers were.
        for each in self._neighbours:
            results = [write.error or write.answer for write in each.writes]
            answer = _Answer(each.token, head, head != before, results)
            each.slot.put(TAKEN, self._seal(answer))

    def confirm_answers(self) -> None:
        """Tell the others that their answers hold; after COMMIT."""
        for each in self._neighbours:
            each.slot.mark(WRITTEN)
            each.slot.ring()

    def _wait(self, stack: ExitStack) -> bool:
        engine = self._ledger.engine
        if stack.enter_context(turn_if_free(engine)):
            return True
        if self._offer():
            for _ in range(LISTENED_MAX):
                self._ledger.handover.listen(LISTENED_SECONDS)
                if self._settled():
                    return False
                if stack.enter_context(turn_if_free(engine)):
                    return not self._settled()
        stack.enter_context(turn(engine))
        return not self._settled()

    def _offer(self) -> bool:
        ledger, commands = self._ledger, sum(each.commands for each in self.own)
        # The first write of a process holds the database against the checkpoint: it does it itself.
        if self.alone or commands > HANDED_COMMANDS_MAX or not ledger.checked:
            return False
        token = ledger.random(TOKEN_BYTES)
        handed = [(each.work, each.place, each.tag) for each in self.own]
        if not ledger.handover.offer(self._seal(_Offer(token, ledger.acknowledged, handed))):
            return False
        self._offered = token
        return True

    def _take_back(self) -> bool:
        offered, self._offered = self._offered, b""
        return not offered or self._ledger.handover.withdraw()

    def _settled(self) -> bool:
        state, answer = self._answer()
        return state == WRITTEN and self._learn(answer)

    def _answer(self) -> tuple[int | None, _Answer | None]:
        """Give the state of what was offered, and the answer if it is to this very offer."""
        if not self._offered:
            return None, None
        state, sealed = self._ledger.handover.answer()
        answer = self._open(sealed) if sealed else None
        mine = isinstance(answer, _Answer) and answer.token == self._offered
        return state, answer if mine else None

    def _learn(self, answer: _Answer | None) -> bool:
        if answer is None:
            return False
        self._ledger.acknowledged = answer.head
        for each, result in zip(self.own, answer.results, strict=True):
            each.answer = result if isinstance(result, Written) else None
            each.error = None if isinstance(result, Written) else result
        return True

    def _seal(self, content: _Offer | _Answer) -> bytes:
        salt = self._ledger.random(_SALT_BYTES)
        return salt + self._cipher(salt).seal(pickle.dumps(content), b"")

    def _open(self, content: bytes) -> Any:  # noqa: ANN401 - whatever was sealed
        """Open what another process sealed; None where it cannot be opened."""
        salt, sealed = content[:_SALT_BYTES], content[_SALT_BYTES:]
        try:
            opened = self._cipher(salt).open(sealed, b"")
            return pickle.loads(opened)  # noqa: S301 - sealed by one of us
        except Exception:  # noqa: BLE001 - what another release sealed may fail in any way
            return None

    def _cipher(self, salt: bytes) -> Cipher:
        # Not the vault key: random nonces are safe for some four thousand million seals under one
        # key, which a busy machine would hand over within weeks.
        key = b"".join(self._ledger.sealer.tag(_PURPOSE, salt, part) for part in (b"1", b"2"))
        return Cipher(key, self._ledger.random)


def _not_ended() -> UnavailableError:
    return UnavailableError(
        "another process took the write over and has not ended it; what was sent may or may not be "
        "recorded: send it again under the same key",
        code="outcome-unknown",
    )
