"""The part of an audit that hashes and chains entries anew, and rebuilds the tiles over them.

A span of entries is checked for itself: what must stand before its first entry is read from the
entry before. Runs of entries are held against what a writer would have written; only where a run is
not that is each entry decoded, to say what is wrong with it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from ledger.core.digest import EMPTY_ROOT, HASH_BYTES, leaf_hash
from ledger.core.entry import Entry, decode_entry
from ledger.core.entry_run import EntryReader, EntryRun
from ledger.core.merkle import perfect_root
from ledger.core.tile import TILE_BYTES, TILE_WIDTH
from ledger.errors import LedgerError
from ledger.services.audit_report import UNREADABLE, AddFinding
from ledger.storage import log, scanning

RUN: Final = 256
TILES_AT_ONCE: Final = 16
# Where an entry is not there, so that those behind it keep their places in the tiles.
ABSENT: Final = bytes(HASH_BYTES)
GAP_MAX: Final = 65_536


SeenEntry: TypeAlias = tuple[int, str, str, bytes]
"""What of an entry its body and its projections are held against: index, kind, issuer, body."""


class LeafAudit:
    """Checks the entries from index ``start`` on, which a leaf tile begins with.

    Attributes:
        place: Index behind the last entry that was read.
        entries: Number of entries that were read.
        prev: Leaf hash of the last entry; None if it cannot be known.
        time_ms: The latest time so far.
        row: Hashes of the full leaf tiles, one after the other.
        edge: Leaf hashes behind the last full tile.
    """

    def __init__(
        self, connection: Connection, add: AddFinding, start: int, *, with_bodies: bool = True
    ) -> None:
        self._with_bodies = with_bodies
        self.place = start
        self.entries = 0
        self.prev, self.time_ms = _before(connection, start)
        self.row = b""
        self.edge = b""
        self._tile = start // TILE_WIDTH
        self._reader = EntryReader()
        self._connection = connection
        self._add = add

    def check(self, stop: int = scanning.END) -> Iterator[tuple[int, list[SeenEntry]]]:
        """Check the entries up to ``stop``; give the number of each list, and what to look for."""
        for rows in scanning.entry_rows(self._connection, self.place, stop):
            near = rows
            if rows[-1][0] > self.place + GAP_MAX:
                near = [row for row in rows if row[0] <= self.place + GAP_MAX]
            seen: list[SeenEntry] = []
            runs = [near[at : at + RUN] for at in range(0, len(near), RUN)]
            leaves = [self._check_run(run, seen) for run in runs]
            self.entries += len(near)
            self._rebuild(b"".join(leaves))
            yield len(near), seen
            if len(near) < len(rows):
                found = rows[len(near)][0]
                self._add(
                    self.place,
                    "entry",
                    f"expected entry {self.place}, found {found}: entries were removed, added or "
                    "moved; it and those behind it were not read",
                )
                break
        self._rebuild(b"", all_=True)

    def miss(self, stop: int) -> None:
        """Say that the entries from here up to ``stop`` are not there."""
        self._add(
            self.place,
            "entry",
            f"expected entry {self.place}, found none: entries were removed or moved",
        )
        self._rebuild(ABSENT * (stop - self.place), all_=True)
        self.place, self.prev = stop, None

    def _check_run(self, rows: Sequence[tuple[Any, ...]], seen: list[SeenEntry]) -> bytes:
        first, number = self.place, len(rows)
        run: EntryRun | None = None
        indices, stored, contents = zip(*rows, strict=True)
        if (indices[0], indices[-1]) == (first, first + number - 1) and self.prev is not None:
            with suppress(TypeError, ValueError):  # a value that is no bytes
                read = self._reader.read(first, contents, self.prev)
                run = read if read is not None and read.leaves == b"".join(stored) else None
        if run is None or run.times_ms[0] < self.time_ms:
            return b"".join([self._check_one(row, seen) for row in rows])
        if self._with_bodies:
            bodies = run.commitments
            cut = [bodies[at : at + HASH_BYTES] for at in range(0, len(bodies), HASH_BYTES)]
            seen += zip(indices, run.kinds, run.issuers, cut, strict=True)
        self.place += number
        self.prev, self.time_ms = run.leaves[-HASH_BYTES:], run.times_ms[-1]
        return run.leaves

    def _check_one(self, row: tuple[Any, ...], seen: list[SeenEntry]) -> bytes:
        """Check one entry with all care; give its leaf hash, behind one for each that is absent."""
        index, stored_hash, content = row
        # Pages that contradict each other give rows in no order, and some again and again.
        if not self.place <= index <= self.place + GAP_MAX:
            self._add(
                self.place, "entry", f"expected entry {self.place}, found {index}, in no order"
            )
            return b""
        absent: bytes = ABSENT * (index - self.place)
        if absent:
            self._add(
                self.place,
                "entry",
                f"expected entry {self.place}, found {index}: entries were removed, added or moved",
            )
        self.place = index + 1
        if not isinstance(content, bytes):
            self._add(index, "entry", "the entry is not stored as bytes")
            self.prev = None
            return absent + ABSENT
        hashed = leaf_hash(content)
        if hashed != stored_hash:
            self._add(
                index, "leaf-hash", "the entry's bytes do not have the leaf hash stored beside them"
            )
        try:
            entry = decode_entry(content)
        except LedgerError as error:
            self._add(index, "entry", f"the entry's bytes are not an entry ({error.message})")
        else:
            self._check_place(index, entry)
            # What was moved a little is followed to what hangs on it, which is not to be found too.
            if abs(entry.index - index) <= RUN:
                seen.append((entry.index, entry.kind, entry.issuer, entry.body))
        self.prev = hashed
        return absent + hashed

    def _check_place(self, index: int, entry: Entry) -> None:
        if entry.index != index:
            self._add(index, "entry", f"the bytes at {index} are those of entry {entry.index}")
        if self.prev is not None and entry.prev != self.prev:
            self._add(
                index, "chain", "the entry does not name the leaf hash of the entry before it"
            )
        # Entries of one batch share one time.
        if entry.time_ms < self.time_ms:
            self._add(index, "time", "the entry is older than the one before it")
        self.time_ms = max(self.time_ms, entry.time_ms)

    def _rebuild(self, leaves: bytes, *, all_: bool = False) -> None:
        """Rebuild the tiles over the next leaves, some at a time, or ``all_`` that are full."""
        edge = self.edge + leaves
        if len(edge) < TILES_AT_ONCE * TILE_BYTES and not all_:
            self.edge = edge
            return
        tiles = [edge[at : at + TILE_BYTES] for at in range(0, len(edge), TILE_BYTES)]
        self.edge = tiles.pop() if tiles and len(tiles[-1]) < TILE_BYTES else b""
        stored = scanning.tiles(self._connection, 0, self._tile, self._tile + len(tiles))
        for tile in tiles:
            if stored.get(self._tile) != tile:
                compare_tile(self._connection, self._add, (0, self._tile), tile)
            self._tile += 1
        self.row += b"".join(map(perfect_root, tiles))


def _before(connection: Connection, start: int) -> tuple[bytes | None, int]:
    """Give the leaf hash and the time of the entry before ``start``; None if it is no entry."""
    if start == 0:
        return EMPTY_ROOT, 0
    try:
        content = log.read_entry(connection, start - 1).bytes
        return leaf_hash(content), decode_entry(content).time_ms
    except (LedgerError, TypeError):
        return None, 0


def compare_tile(
    connection: Connection,
    add: AddFinding,
    place: tuple[int, int],
    rebuilt: bytes,
    bad_within: Callable[[int, int], int | None] = lambda _start, _stop: None,
) -> None:
    """Hold a stored tile, of (level, n), against the one that the entries make.

    ``bad_within`` names an entry of a range that is known to be bad: a hash above the leaves covers
    many, and says not which.
    """
    level, n = place
    try:
        stored = log.read_whole_tile(connection, level, n)
    except UNREADABLE:  # a value that is no bytes
        stored = b""
    if stored == rebuilt:
        return
    hashes = range(0, max(len(rebuilt), len(stored)), HASH_BYTES)
    differing = next(
        at for at in hashes if rebuilt[at : at + HASH_BYTES] != stored[at : at + HASH_BYTES]
    )
    covered = TILE_WIDTH**level
    index = (n * TILE_WIDTH + differing // HASH_BYTES) * covered
    bad = bad_within(index, index + covered)
    add(
        index if bad is None else bad,
        "tile",
        f"tile {level}/{n} is not the one that the entries make",
    )
