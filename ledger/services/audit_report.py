"""What an audit gives: what was seen, and what is wrong with it, first of all where."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from ledger.errors import DamagedError

FINDINGS_MAX: Final = 1_000
BITS: Final = 8
# What a stored value of another type or form than was written comes out as.
UNREADABLE: Final = (AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    ``index`` is the first entry that it touches, where one can be named. ``cause`` is the entry
    that would have to say so: if that one is bad itself, this is a consequence.
    """

    index: int | None
    what: str
    message: str
    cause: int | None = None


class AddFinding(Protocol):
    """Notes a finding; see ``Finding`` for the fields."""

    def __call__(
        self, index: int | None, what: str, message: str, cause: int | None = None
    ) -> None:
        """Note it."""


@dataclass(slots=True)
class AuditReport:
    """What an audit saw.

    Attributes:
        entries: Number of entries read.
        checkpoints: Number of checkpoints verified.
        bodies: Number of bodies opened.
        erased: Number of bodies that are gone by right.
        ahead_ms: By how much the newest entry is dated after the clock, which then was ahead once
            or is behind now. No fault of the log, whose times never run backwards.
        findings: What is wrong, at most ``FINDINGS_MAX``.
    """

    entries: int = 0
    checkpoints: int = 0
    bodies: int = 0
    erased: int = 0
    ahead_ms: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """True if nothing was found."""
        return not self.findings

    @property
    def first_bad_index(self) -> int | None:
        """The lowest index that a finding names, consequences of another one left out."""
        causes = {f.index for f in self.findings if f.cause is None}
        first = (f for f in self.findings if f.cause is None or f.cause not in causes)
        return min((f.index for f in first if f.index is not None), default=None)

    def add(self, index: int | None, what: str, message: str, cause: int | None = None) -> None:
        """Note a finding."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(index, what, message, cause))


@contextmanager
def reported(add: AddFinding, index: int | None, what: str) -> Iterator[None]:
    """Make a finding of what cannot be read at all: an audit that dies tells nobody anything."""
    try:
        yield
    except (DamagedError, SQLAlchemyError, *UNREADABLE) as error:
        add(index, what, f"what is stored cannot be read ({type(error).__name__})")


class IndexSet:
    """A set of indices at one bit each, so that an audit's memory stays flat."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def update(self, indices: Iterable[int]) -> None:
        """Add indices, each 0 or more."""
        for index in indices:
            place, bit = divmod(index, BITS)
            if place >= len(self._bits):
                self._bits.extend(bytes(place + 1 - len(self._bits)))
            self._bits[place] |= 1 << bit

    def __contains__(self, index: int) -> bool:
        place, bit = divmod(index, BITS)
        return place < len(self._bits) and bool(self._bits[place] & 1 << bit)

    def __iter__(self) -> Iterator[int]:
        for place, bits in enumerate(self._bits):
            if bits:
                yield from (place * BITS + bit for bit in range(BITS) if bits & 1 << bit)
