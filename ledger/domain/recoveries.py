"""Recoveries: what is recorded when a database did not agree with the last checkpoint.

    {"cause":"behind-checkpoint","checkpoint":"<signed note>","reason":"...","restored":null,
     "root":"<hex>","size":7,"superseded":null,"v":1}

``size`` and ``root`` are what the database held; ``checkpoint`` is the note that it was held
against, whole, so that nobody has to ask for it; null where it was gone. ``restored``
({"first","last"}) names entries that came back from a copy of the log, some or all without their
bodies. ``superseded`` ({"first","last","count","hash"}) tells which checkpoints of the database are
not of the history that goes on: the sizes of the first and the last one, how many, and the SHA-256
of their notes one after the other. The body is public; the reason names nobody.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ledger.core.note import parse_note
from ledger.domain.fields import Fields
from ledger.errors import MalformedError

VERSION: Final = 1
KIND: Final = "recovery"
BEHIND: Final = "behind-checkpoint"
OTHER_HISTORY: Final = "other-history"
CHECKPOINT_MISSING: Final = "checkpoint-missing"
CAUSES: Final = (BEHIND, OTHER_HISTORY, CHECKPOINT_MISSING)
NOTE_BYTES_MAX: Final = 32_768


@dataclass(frozen=True, slots=True)
class Span:
    """The entries from index ``first`` to ``last``, both included."""

    first: int
    last: int

    def __contains__(self, index: int) -> bool:
        return self.first <= index <= self.last


@dataclass(frozen=True, slots=True)
class Superseded:
    """Checkpoints that are not of the history that goes on.

    Attributes:
        first: Size of the smallest of them.
        last: Size of the largest.
        count: How many there are.
        hash: SHA-256 of their notes, by size, one after the other; hex.
    """

    first: int
    last: int
    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found and done; see above for the fields."""

    cause: str
    reason: str
    checkpoint: str | None
    size: int
    root: str
    restored: Span | None = None
    superseded: Superseded | None = None


def recovery_body(recovery: Recovery) -> dict[str, Any]:
    """Make the body of a recovery.

    Raises:
        MalformedError: A field is not what it should be, such as a reason that is empty.
    """
    restored, superseded = recovery.restored, recovery.superseded
    body = {
        "v": VERSION,
        "cause": recovery.cause,
        "reason": recovery.reason,
        "checkpoint": recovery.checkpoint,
        "size": recovery.size,
        "root": recovery.root,
        "restored": None if restored is None else {"first": restored.first, "last": restored.last},
        "superseded": None
        if superseded is None
        else {
            "first": superseded.first,
            "last": superseded.last,
            "count": superseded.count,
            "hash": superseded.hash,
        },
    }
    parse_recovery(body)
    return body


def parse_recovery(value: object) -> Recovery:
    """Read the body of a recovery.

    Raises:
        MalformedError: It is not exactly what ``recovery_body`` makes.
    """
    names = ("v", "cause", "reason", "checkpoint", "size", "root", "restored", "superseded")
    read = Fields("recovery", value, names)
    read.integer("v", VERSION, VERSION)
    cause = read.choice("cause", CAUSES)
    checkpoint = read.optional("checkpoint", partial(_note, value, read))
    if (checkpoint is None) != (cause == CHECKPOINT_MISSING):
        raise read.fail("checkpoint", "null where it was missing, and only there")
    restored = None
    if read.optional("restored", read.mapping) is not None:
        part = read.part("restored", ("first", "last"))
        first = part.integer("first")
        restored = Span(first, part.integer("last", first))
    superseded = None
    if read.optional("superseded", read.mapping) is not None:
        part = read.part("superseded", ("first", "last", "count", "hash"))
        first = part.integer("first")
        superseded = Superseded(
            first, part.integer("last", first), part.integer("count", 1), part.digest("hash")
        )
    return Recovery(
        cause,
        read.text("reason"),
        checkpoint,
        read.integer("size"),
        read.digest("root"),
        restored,
        superseded,
    )


def _note(value: Any, read: Fields, name: str) -> str:  # noqa: ANN401 - decoded JSON, looked at by ``read`` before
    note = value[name]
    if type(note) is not str or len(note.encode("utf-8", "replace")) > NOTE_BYTES_MAX:
        raise read.fail(name, "a signed note")
    try:
        parse_note(note.encode())
    except (MalformedError, UnicodeEncodeError):
        raise read.fail(name, "a signed note") from None
    return note
