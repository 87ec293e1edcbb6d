"""What callers want written, and what they are answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.core.canonical import Json
from ledger.services.batch import Batch
from ledger.services.committer import Request
from ledger.services.known_state import RecordCommand
from ledger.storage.answers import AnswerKey


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


class Work(Protocol):
    """What one caller wants written.

    Attributes:
        commands: What it records. Work with commands changes nothing but by adding records that it
            decides in the state that is known of them; so it can share a transaction, and be
            pickled for another process to do it.
    """

    commands: Sequence[RecordCommand]

    def decide(self, batch: Batch) -> None:
        """Add entries to the batch. Called again for another batch, it begins anew.

        Raises:
            LedgerError: Nothing is to be recorded. Work that shares a batch has added nothing then.
        """

    def answer(self, batch: Batch) -> Json:
        """Give the answer, once the entries have their places."""


class Write(Request[Written]):
    """Work that waits for its round.

    Attributes:
        work: What is to be written.
        place: Issuer and key under which the answer is stored; None for nothing.
        tag: Of the request, by which a repeat is known.
    """

    __slots__ = ("place", "tag", "work")

    def __init__(self, work: Work, place: AnswerKey | None, tag: bytes) -> None:
        super().__init__(len(work.commands), place)
        self.work, self.place, self.tag = work, place, tag
