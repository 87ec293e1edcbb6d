"""Runs of entries, read quickly: exactly what a writer would have written, or not at all.

All entries of this version are of one form, and in a run of them all but ``body`` is known
beforehand or was met before: the index counts up, ``prev`` is the leaf hash of the entry before,
and issuer, kind and time are those of few batches. So an entry is not taken apart but held, piece
by piece, against the bytes that must stand there. A run with anything else in it is given up, and
``decode_entry`` says of each of its entries what is wrong. A property test holds the two together.
"""

from bisect import bisect_right
from itertools import count
from typing import Final, NamedTuple, TypeAlias

from ledger.core.digest import HASH_BYTES, leaf_hashes
from ledger.core.entry import decode_entry
from ledger.errors import MalformedError

HEX: Final = 2 * HASH_BYTES
_OPEN: Final = b'{"body":"'
_BODY_END: Final = len(_OPEN) + HEX
_TAIL: Final = len(b'","suite":"SCL-1","time":"2026-11-22T08:00:00.123Z","v":1}')
_PREV: Final = HEX + _TAIL
_KNOWN_MAX: Final = 4_096
# Of smaller batches each entry is looked at by itself.
_BATCH_MIN: Final = 8
_Read: TypeAlias = tuple[list[str], list[str], list[int]]


class EntryRun(NamedTuple):
    """What a run of entries says.

    Attributes:
        leaves: Their leaf hashes, one after the other.
        commitments: To their bodies, one after the other.
        kinds: Of each.
        issuers: Of each.
        times_ms: When each was appended; never running backwards.
    """

    leaves: bytes
    commitments: bytes
    kinds: list[str]
    issuers: list[str]
    times_ms: list[int]


class EntryReader:
    """Reads runs; remembers the pieces that many entries share, a bounded number of them."""

    def __init__(self) -> None:
        self._marks: dict[bytes, tuple[str, str]] = {}
        self._times: dict[bytes, int] = {}

    def read(self, first: int, entries: tuple[bytes, ...], prev: bytes) -> EntryRun | None:
        """Read the entries from index ``first`` on, the first of which must name ``prev``.

        Gives None if any of them is not what a writer would have written there, or is older than
        the one before it in the run.
        """
        leaves = b"".join(leaf_hashes(entries))
        prevs = (prev + leaves).hex().encode()
        bodies = [entry[9:_BODY_END] for entry in entries]
        commitments = _bytes_of_hex(b"".join(bodies))
        read = self._by_batch(first, entries, bodies, prevs)
        if read is None:
            read = self._one_by_one(first, entries, prevs)
        return None if read is None or commitments is None else EntryRun(leaves, commitments, *read)

    def _by_batch(
        self, first: int, entries: tuple[bytes, ...], bodies: list[bytes], prevs: bytes
    ) -> _Read | None:
        """Read entries of few batches, each of one time, kind and issuer, as most are."""
        kinds: list[str] = []
        issuers: list[str] = []
        times: list[int] = []
        named = [prevs[at : at + HEX] for at in range(0, len(entries) * HEX, HEX)]
        at = 0
        while at < len(entries):
            opening = entries[at]
            middle = _BODY_END + len(b'","index":%d' % (first + at))
            learned = self._piece(opening, middle)
            if learned is None or b"%" in opening or (times and learned[1] < times[-1]):
                return None
            end = bisect_right(entries, opening[-_TAIL:], at, key=_tail)
            if end - at < min(_BATCH_MIN, len(entries) - at):
                return None
            form = b'{"body":"%b","index":%d' + opening[middle:-_PREV] + b"%b" + opening[-_TAIL:]
            pieces = zip(bodies[at:end], count(first + at), named[at:end], strict=False)
            if tuple(map(form.__mod__, pieces)) != entries[at:end]:
                return None
            kinds += [learned[0][0]] * (end - at)
            issuers += [learned[0][1]] * (end - at)
            times += [learned[1]] * (end - at)
            at = end
        return kinds, issuers, times

    def _one_by_one(self, first: int, entries: tuple[bytes, ...], prevs: bytes) -> _Read | None:
        marks: list[tuple[str, str]] = []
        times: list[int] = []
        at = 0
        for index, entry in enumerate(entries, first):
            number = b'","index":%d' % index
            middle = _BODY_END + len(number)
            if (
                entry[:9] != _OPEN
                or entry[_BODY_END:middle] != number
                or entry[-_PREV:-_TAIL] != prevs[at : at + HEX]
            ):
                return None
            learned = self._piece(entry, middle)
            if learned is None or (times and learned[1] < times[-1]):
                return None
            marks.append(learned[0])
            times.append(learned[1])
            at += HEX
        return [mark[0] for mark in marks], [mark[1] for mark in marks], times

    def _piece(self, entry: bytes, middle: int) -> tuple[tuple[str, str], int] | None:
        """Give kind, issuer and time of an entry; None if its pieces cannot stand in one."""
        mark = self._marks.get(entry[middle:-_PREV])
        time_ms = self._times.get(entry[-_TAIL:])
        if mark is None or time_ms is None:
            return self._learn(entry, middle)
        return mark, time_ms

    def _learn(self, entry: bytes, middle: int) -> tuple[tuple[str, str], int] | None:
        """Take the pieces of an entry that was read with all care."""
        try:
            known = decode_entry(entry)
        except MalformedError:
            return None
        if max(len(self._marks), len(self._times)) >= _KNOWN_MAX:
            self._marks.clear()
            self._times.clear()
        mark = self._marks[entry[middle:-_PREV]] = (known.kind, known.issuer)
        self._times[entry[-_TAIL:]] = known.time_ms
        return mark, known.time_ms


def _tail(entry: bytes) -> bytes:
    """Give what the entries of a batch end with; of a sound log it only ever rises."""
    return entry[-_TAIL:]


def _bytes_of_hex(text: bytes) -> bytes | None:
    """Read hashes in lower-case hex; None if there is anything else."""
    try:
        read = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None
    # It also takes capitals and blanks, which come back otherwise.
    return read if read.hex().encode() == text else None
