"""The audit: is what is stored what was appended?

Four things are held against each other: the entries (hashed and chained anew), the tiles (rebuilt
from those hashes), the bodies (opened and held against the commitments) and the checkpoints
(signature and root at their size), and beside them what is derived: head, projections, vault,
answers. Nothing is believed because it is stored: a database in which every hash was recomputed
after an edit still contradicts the checkpoint outside it.

The log is cut into spans, which several processes check at once, each span in a transaction of its
own. Entries do not change, so spans may see different states; what may change beside an entry
(erasures, statuses, the vault) is held against what the same transaction sees. Last comes one more
transaction with everything behind the last full span and what only the whole can tell. So others
may write all the while.
"""

from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy import Connection

from ledger.core.digest import HASH_BYTES
from ledger.core.tile import LEVEL_MAX, TILE_BYTES, TILE_WIDTH, append_leaves
from ledger.errors import LedgerError
from ledger.services.audit_report import AuditReport, Finding, IndexSet, reported
from ledger.services.audit_workers import workers
from ledger.services.checkpoint_audit import (
    CHECKPOINT_FILE,
    CheckpointAudit,
    CheckpointsSeen,
    Fault,
)
from ledger.services.context import Ledger
from ledger.services.leaf_audit import compare_tile
from ledger.services.recovery_audit import stored_recoveries, superseded_sizes
from ledger.services.span_audit import SPAN, Depth, SpanAudit, SpanSeen, begin_state
from ledger.storage import bodies, checkpoints, log, projections, scanning
from ledger.storage.engine import reading

__all__ = ["AuditReport", "Depth", "Finding", "audit"]

# What an entry can be found by that is not the one over which a tile was made.
OF_ENTRIES: Final = frozenset({"entry", "leaf-hash", "chain", "time", "tile"})

# The last spans are cut into parts, so that no process has much left to do when others have none.
WHOLE_UNTIL: Final = 8
PARTS: Final = 4

Advance = Callable[[int], None]


def audit(
    ledger: Ledger,
    advance: Advance = lambda _count: None,
    *,
    processes: int = 1,
    depth: Depth = Depth.EVERYTHING,
) -> AuditReport:
    """Audit the whole ledger, reading every row once.

    Memory does not grow with the log, but for a bit for each entry whose body is gone or is said to
    be.

    Args:
        ledger: The open ledger.
        advance: Called with the number of entries just read.
        processes: How many work at once: this one, and children of it.
        depth: How far down it goes.

    Raises:
        UnavailableError: With code ``audit-broken``: a child died. Nothing is known of the ledger.
    """
    whole = _Whole(ledger)
    with workers(ledger, processes, depth) as hands:
        for seen in hands.spans(_full_spans(ledger)):
            if not seen.entries:  # a hole as wide as a span: what is behind it is read in one
                break
            whole.take(seen)
            advance(seen.entries)
        whole.report.findings += hands.beside()
    # What was signed before the last state was taken is in it.
    outside = checkpoints.read_outside(ledger.home)
    with reading(ledger.engine) as connection:
        begin_state(ledger, connection)
        last = SpanAudit(ledger, depth).audit_in(connection, whole.place, advance=advance)
        whole.take(last)
        whole.finish(connection, last, outside, depth)
    return whole.report


def _full_spans(ledger: Ledger) -> Iterator[tuple[int, int]]:
    """Give the spans that are full, those too that fill up meanwhile."""
    start = 0
    while start + SPAN <= (size := _size_at_most(ledger)):
        for stop in range(start + SPAN, size + 1, SPAN):
            whole = size - stop >= WHOLE_UNTIL * SPAN
            width = SPAN if whole else max(SPAN // PARTS, TILE_WIDTH)
            yield from ((at, at + width) for at in range(stop - SPAN, stop, width))
        start = size // SPAN * SPAN


def _size_at_most(ledger: Ledger) -> int:
    """Give about how many entries there are; nothing is believed of it but that work is there."""
    with reading(ledger.engine) as connection:
        last = scanning.last_index(connection)
        try:
            said = min(log.read_head(connection).size, scanning.END)
        except (LedgerError, TypeError):
            said = scanning.END
    return 0 if last is None else min(last + 1, said)


class _Whole:
    """Joins what was seen of the spans, in their order, and checks what only the whole can tell.

    Attributes:
        report: What the audit gives.
        place: Index behind the last entry that was seen.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.report = AuditReport()
        self.place = 0
        self._ledger = ledger
        self._good = 0
        self._signed = 0
        self._faults: list[tuple[int | None, Fault]] = []
        self._missing, self._erased = IndexSet(), IndexSet()
        self._nodes = 0
        self._edge: dict[int, bytes] = {}

    def take(self, seen: SpanSeen) -> None:
        """Join the next span."""
        report = self.report
        report.findings += seen.findings
        report.entries += seen.entries
        report.bodies += seen.bodies
        report.erased += len(seen.missing)
        self._missing.update(seen.missing)
        self._erased.update(seen.erased)
        self._take_checkpoints(seen.checkpoints)
        self._take_nodes(seen.row)
        self.place = seen.place

    def _take_checkpoints(self, seen: CheckpointsSeen) -> None:
        for fault in seen.faults:
            index = max(self._good, fault.good) if fault.located else None
            self._faults.append((index, fault))
        self._good = max(self._good, seen.good)
        self._signed += seen.verified + len(seen.faults)
        self.report.checkpoints += seen.verified

    def _take_nodes(self, row: bytes) -> None:
        """Rebuild the tiles above the leaves from the hashes of the leaf tiles."""
        nodes = [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]
        changes = append_leaves(self._nodes, self._edge, nodes)
        self._nodes, self._edge = changes.size, changes.edge
        full = [tile for tile in changes.tiles if len(tile[2]) == TILE_BYTES]
        if full:
            with reading(self._ledger.engine) as connection:
                for level, n, hashes in full:
                    self._compare(connection, level + 1, n, hashes)

    def _compare(self, connection: Connection, level: int, n: int, hashes: bytes) -> None:
        compare_tile(connection, self.report.add, (level, n), hashes, self._bad_within)

    def _bad_within(self, start: int, stop: int) -> int | None:
        known = (f.index for f in self.report.findings if f.what in OF_ENTRIES)
        return min((i for i in known if i is not None and start <= i < stop), default=None)

    def finish(
        self, connection: Connection, last: SpanSeen, outside: bytes | None, depth: Depth
    ) -> None:
        """Check what only the whole can tell, in the state in which the last span was seen."""
        add = self.report.add
        self.report.ahead_ms = max(0, last.time_ms - self._ledger.clock())
        with reported(add, None, "entry"):
            if scanning.entry_below_zero(connection):
                add(0, "entry", "there is an entry below index 0")
            if (scanning.last_index(connection) or 0) > self.place:
                add(self.place, "entry", "there are entries that no order of them reaches")
        with reported(add, None, "tile"):
            self._finish_tiles(connection, last)
        with reported(add, None, "head"):
            self._check_head(connection, last)
        self._check_outside(connection, outside)
        self._report_faults(connection)
        if depth is not Depth.LOG:
            with reported(add, None, "body"):
                self._check_missing(connection)
            with reported(add, None, "record"):
                self._check_strays(connection, depth)

    def _finish_tiles(self, connection: Connection, last: SpanSeen) -> None:
        if last.edge:
            self._compare(connection, 0, self.place // TILE_WIDTH, last.edge)
        for level, hashes in self._edge.items():
            n = (self._nodes >> (8 * level)) // TILE_WIDTH
            self._compare(connection, level + 1, n, hashes)
        for level in scanning.tile_levels(connection):
            count = self.place >> (8 * level) if 0 <= level <= LEVEL_MAX else 0
            for n in scanning.tiles_beyond(connection, level, -(-count // TILE_WIDTH)):
                self.report.add(
                    self.place, "tile", f"there is a tile {level}/{n}, but no entries for it"
                )

    def _check_head(self, connection: Connection, last: SpanSeen) -> None:
        try:
            head = log.read_head(connection)
        except LedgerError as error:
            self.report.add(None, "head", error.message)
            return
        if head != log.Head(self.place, last.prev or b"", last.time_ms):
            self.report.add(
                min(head.size, self.place),
                "head",
                f"the head says {head.size} entries, {self.place} are stored, or differ",
            )

    def _check_outside(self, connection: Connection, outside: bytes | None) -> None:
        add, entries = self.report.add, self.report.entries
        if outside is None:
            if entries:
                add(None, "checkpoint", "there is no checkpoint outside the database")
            return
        if not self._signed and entries:
            add(None, "checkpoint", "the database holds no checkpoint, though one was signed")
        with reported(add, None, "checkpoint"):
            audit_ = CheckpointAudit(self._ledger, connection)
            audit_.check(outside, CHECKPOINT_FILE, None, beyond=True)
            self._take_checkpoints(audit_.seen)

    def _report_faults(self, connection: Connection) -> None:
        """Report the bad checkpoints, but for those that a recovery left behind."""
        superseded: set[int] = set()
        if self._faults:
            with reported(self.report.add, None, "checkpoint"):
                superseded = superseded_sizes(self._ledger, connection)
        for index, fault in self._faults:
            if fault.size not in superseded:
                self.report.add(index, "checkpoint", fault.message)

    def _check_missing(self, connection: Connection) -> None:
        gone = [index for index in self._missing if index not in self._erased]
        if not gone:
            return
        recoveries = stored_recoveries(connection)
        for index in gone:
            if not recoveries.excuses_body(index):
                self.report.add(
                    index, "body", "the body is missing, and no erasure or recovery says so"
                )

    def _check_strays(self, connection: Connection, depth: Depth) -> None:
        """Look for rows of entries that do not exist."""
        add, entries = self.report.add, self.place
        strays = [("body", index) for index in bodies.indices_from(connection, entries)]
        if depth is Depth.EVERYTHING:
            records = projections.record_indices_from(connection, entries)
            listed = scanning.public_indices_from(connection, entries)
            strays += [("record", index) for index in records]
            strays += [("public-entry", index) for index in listed]
        for what, index in strays:
            place = min(max(index, 0), entries)
            add(place, what, f"there is a {what} row for entry {index}, but no such entry")
