"""Entries: what is appended to the log, and hashed as a leaf.

    {"body":"<64 hex>","index":7,"issuer":"ledger","kind":"schedule","prev":"<64 hex>",
     "suite":"SCL-1","time":"2026-11-22T08:00:00.123Z","v":1}

One line of canonical JSON without blanks. ``body`` commits to a body that is kept elsewhere, and
``prev`` is the leaf hash of the entry before, so the tree over the leaves commits to the chain as
well. No entry says whom it is about.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from ledger.core.canonical import INTEGER_MAX
from ledger.core.digest import HASH_BYTES, leaf_hash
from ledger.core.instant import INSTANT_MAX, format_instant, parse_instant
from ledger.core.suite import SCL_1, SUITES
from ledger.errors import MalformedError

KINDS: Final = frozenset(
    {
        "key",
        "organisation",
        "occupations",
        "schedule",
        "completion",
        "certificate",
        "revocation",
        "issuer-revocation",
        "erasure",
        "recovery",
    }
)
"""Every kind of entry there is. A new kind is a new version of the ledger."""

LEDGER_ISSUER: Final = "ledger"
"""Issuer of what the operator does."""

_ISSUER: Final = re.compile(r"ledger|org-[a-z2-7]{26}")
_ENTRY: Final = re.compile(
    rb'\{"body":"([0-9a-f]{64})","index":(0|[1-9][0-9]{0,15}),"issuer":"([a-z2-7-]{1,32})",'
    rb'"kind":"([a-z-]{1,32})","prev":"([0-9a-f]{64})","suite":"([A-Z0-9-]{1,16})",'
    rb'"time":"([0-9TZ:.-]{24})","v":1\}'
)


Draft: TypeAlias = tuple[str, str, bytes]
"""An entry before it has its place: kind, issuer and the commitment to its body."""


def is_issuer(text: str) -> bool:
    """Tell whether a text is ``ledger`` or an organisation id: ``org-`` and 26 of a-z2-7."""
    return _ISSUER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        index: Place in the log, from 0.
        time_ms: When it was appended, in milliseconds since 1970, UTC.
        kind: One of ``KINDS``.
        issuer: Who says it: ``ledger`` or an organisation id.
        body: Commitment to the body, 32 bytes.
        prev: Leaf hash of the entry before, 32 bytes; ``EMPTY_ROOT`` for index 0.
        suite: Suite whose hash made ``body`` and ``prev``.

    Raises:
        MalformedError: A field is outside its form.
    """

    index: int
    time_ms: int
    kind: str
    issuer: str
    body: bytes
    prev: bytes
    suite: str = SCL_1.id

    def __post_init__(self) -> None:
        if not 0 <= self.index <= INTEGER_MAX:
            raise MalformedError("entry: expected an index from 0 to 2^53 - 1")
        if not 0 <= self.time_ms <= INSTANT_MAX:
            raise MalformedError("entry: expected a time in the years 1970 to 9999")
        if self.kind not in KINDS or self.suite not in SUITES:
            raise MalformedError("entry: unknown kind or suite")
        if _ISSUER.fullmatch(self.issuer) is None:
            raise MalformedError("entry: expected ledger or an organisation id as issuer")
        if len(self.body) != HASH_BYTES or len(self.prev) != HASH_BYTES:
            raise MalformedError(f"entry: expected {HASH_BYTES} bytes in body and prev")

    def encode(self) -> bytes:
        """Write the entry's bytes: canonical JSON, as ``canonical.encode`` would write it."""
        return (
            f'{{"body":"{self.body.hex()}","index":{self.index:d},"issuer":"{self.issuer}",'
            f'"kind":"{self.kind}","prev":"{self.prev.hex()}","suite":"{self.suite}",'
            f'"time":"{format_instant(self.time_ms)}","v":1}}'
        ).encode("ascii")


class EntryWriter:
    """Writes the entries of one batch: same time, suite and few kinds and issuers.

    The bytes are those of ``Entry.encode``, to which a property test holds them; what is alike in a
    batch is checked and written once.
    """

    def __init__(self, time_ms: int) -> None:
        self._time_ms = time_ms
        self._tail = f'","suite":"{SCL_1.id}","time":"{format_instant(time_ms)}","v":1}}'
        self._middles: dict[tuple[str, str], str] = {}

    def chain(
        self, first: int, drafts: Iterable[Draft], prev: bytes
    ) -> list[tuple[int, bytes, bytes]]:
        """Write entries from index ``first`` on, the first of which names ``prev``.

        Gives index, leaf hash and bytes of each.

        Raises:
            MalformedError: A field is outside its form.
        """
        if first < 0 or len(prev) != HASH_BYTES:
            raise MalformedError(f"entry: expected an index and {HASH_BYTES} bytes in prev")
        tail, middles = self._tail, self._middles
        written: list[tuple[int, bytes, bytes]] = []
        for index, (kind, issuer, body) in enumerate(drafts, first):
            middle = middles.get((kind, issuer))
            if middle is None:
                Entry(index, self._time_ms, kind, issuer, body, prev)
                middle = middles[kind, issuer] = f',"issuer":"{issuer}","kind":"{kind}","prev":"'
            if len(body) != HASH_BYTES or index > INTEGER_MAX:
                raise MalformedError(f"entry: expected an index and {HASH_BYTES} bytes in body")
            entry = f'{{"body":"{body.hex()}","index":{index}{middle}{prev.hex()}{tail}'.encode()
            prev = leaf_hash(entry)
            written.append((index, prev, entry))
        return written


def decode_entry(data: bytes) -> Entry:
    """Read an entry.

    Raises:
        MalformedError: The bytes are not exactly what ``Entry.encode`` writes.
    """
    match = _ENTRY.fullmatch(data)
    if match is None:
        raise MalformedError("entry: not in the form of an entry")
    body, index, issuer, kind, prev, suite, time = match.groups()
    return Entry(
        index=int(index),
        time_ms=parse_instant(time.decode("ascii")),
        kind=kind.decode("ascii"),
        issuer=issuer.decode("ascii"),
        body=bytes.fromhex(body.decode("ascii")),
        prev=bytes.fromhex(prev.decode("ascii")),
        suite=suite.decode("ascii"),
    )
