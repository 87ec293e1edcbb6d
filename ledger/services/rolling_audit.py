"""The audit that never ends: a little at a time, what is new first, then round and round.

Each run checks the entries that came since the last run, and then a slice of the older ones, so
that an edit of any row is found within a bounded time whoever asks. Where it stands is kept in a
file of the data folder; one that is lost or damaged costs nothing but a start from the beginning. A
slice in which something was found is not left behind: the next run begins with it again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection

from ledger.core.canonical import decode, encode
from ledger.core.digest import HASH_BYTES
from ledger.core.merkle import perfect_root
from ledger.core.tile import TILE_WIDTH
from ledger.domain.withdrawals import parse_erasure
from ledger.errors import MalformedError
from ledger.services.audit_report import AddFinding, AuditReport, IndexSet, reported
from ledger.services.context import Ledger
from ledger.services.recovery_audit import stored_recoveries, superseded_sizes
from ledger.services.span_audit import SpanAudit, SpanSeen, begin_state
from ledger.storage import bodies, log, projections, scanning
from ledger.storage.engine import reading

POSITION_FILE: Final = "audit-position"
RUN_ENTRIES: Final = 16_384
"""How many entries a run reads at most, of new ones and of old ones each; a multiple of a tile."""

ERASURES_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where the audit stands.

    Attributes:
        new: Up to here every entry was read once since it was appended.
        old: Here the next slice of older entries begins.
    """

    new: int = 0
    old: int = 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file; the beginning where there is none or it makes no sense."""
        try:
            value: Any = decode(path.read_bytes())
            new, old = value["new"], value["old"]
        except (OSError, MalformedError, LookupError, TypeError):
            return cls()
        if type(new) is int and type(old) is int and 0 <= old <= new:
            return cls(new, old)
        return cls()

    def write(self, path: Path) -> None:
        """Replace the file. It is not forced to the disk: losing it costs a start anew."""
        fresh = path.with_suffix(".new")
        fresh.write_bytes(encode({"new": self.new, "old": self.old}))
        fresh.replace(path)


def audit_further(ledger: Ledger, entries_max: int = RUN_ENTRIES) -> AuditReport:
    """Audit what is new, then a slice of what is old.

    Each is read up to ``entries_max``, so that neither waits for the other. Every row that belongs
    to an entry is checked as in the full audit, and the tiles above those entries. What stands
    beside the log (answers, reports, schema, the database's own pages) and persons without records
    are left to the full audit.
    """
    path = ledger.home / POSITION_FILE
    position = Position.read(path)
    audit = SpanAudit(ledger)
    report = AuditReport()
    with reading(ledger.engine) as connection:
        begin_state(ledger, connection)
        size = _size(connection, report)
        start = _aligned(position.new) if position.new <= size else 0
        new = min(size, start + entries_max)
        _check_slice(audit, connection, report, start, new)
        # What was just read as new needs no second reading.
        old = position.old if position.old < start else 0
        last = min(old + entries_max, start)
        _check_slice(audit, connection, report, old, last)
    if report.sound:
        Position(new, last).write(path)
    return report


def _aligned(index: int) -> int:
    return index // TILE_WIDTH * TILE_WIDTH


def _size(connection: Connection, report: AuditReport) -> int:
    """Give the number of entries, which the head and the entries must agree on."""
    last = scanning.last_index(connection)
    size = 0 if last is None else last + 1
    with reported(report.add, None, "head"):
        head = log.read_head(connection)
        if head.size != size:
            report.add(
                min(head.size, size),
                "head",
                f"the head says {head.size} entries, {size} are stored",
            )
            return min(head.size, size)
    return size


def _check_slice(
    audit: SpanAudit, connection: Connection, report: AuditReport, start: int, stop: int
) -> None:
    if start >= stop:
        return
    seen = audit.audit_in(connection, start, stop)
    report.entries += seen.entries
    report.bodies += seen.bodies
    report.erased += len(seen.missing)
    report.checkpoints += seen.checkpoints.verified
    report.findings += seen.findings
    superseded: set[int] = set()
    if seen.checkpoints.faults:
        with reported(report.add, None, "checkpoint"):
            superseded = superseded_sizes(audit.ledger, connection)
    for fault in seen.checkpoints.faults:
        if fault.size in superseded:
            continue
        # Where an entry or tile is bad, the checkpoint is not what is wrong.
        located = fault.located and not seen.findings
        index = max(fault.good, start) if located else None
        report.add(index, "checkpoint", fault.message)
    with reported(report.add, None, "tile"):
        _check_tiles(connection, report.add, seen)
    with reported(report.add, None, "body"):
        _check_missing(connection, report.add, seen)


def _check_tiles(connection: Connection, add: AddFinding, seen: SpanSeen) -> None:
    """Check the unfinished leaf tile, and each hash above that the slice completed."""
    edge = log.read_whole_tile(connection, 0, seen.place // TILE_WIDTH)
    if not edge.startswith(seen.edge):
        add(_aligned(seen.place), "tile", "the last leaf tile is not the one that the entries make")
    level, first, count = 1, seen.start // TILE_WIDTH, seen.place // TILE_WIDTH
    while count:
        for place in range(first, count):
            if level == 1:
                at = (place - first) * HASH_BYTES
                expected = seen.row[at : at + HASH_BYTES]
            else:
                expected = perfect_root(log.read_whole_tile(connection, level - 1, place))
            n, offset = divmod(place, TILE_WIDTH)
            tile = log.read_whole_tile(connection, level, n)
            if tile[offset * HASH_BYTES : (offset + 1) * HASH_BYTES] != expected:
                covered = range(place * TILE_WIDTH**level, (place + 1) * TILE_WIDTH**level)
                bad = [f.index for f in seen.findings if f.index is not None and f.index in covered]
                add(
                    min(bad, default=max(covered.start, seen.start)),
                    "tile",
                    f"hash {offset} of tile {level}/{n} is not that of the tile below",
                )
        level, first, count = level + 1, first // TILE_WIDTH, count // TILE_WIDTH


def _check_missing(connection: Connection, add: AddFinding, seen: SpanSeen) -> None:
    """Check that the bodies that are gone are gone by right; erasures are only read if any are."""
    if not seen.missing:
        return
    erased = IndexSet()
    listed = projections.public_entries(connection, after=seen.missing[0], kinds=("erasure",))
    for at in range(0, len(listed), ERASURES_AT_ONCE):
        indices = [index for index, _ in listed[at : at + ERASURES_AT_ONCE]]
        for body in bodies.read_bodies(connection, indices).values():
            erased.update(parse_erasure(decode(body.content)))
    recoveries = stored_recoveries(connection)
    for index in seen.missing:
        if index not in erased and not recoveries.excuses_body(index):
            add(index, "body", "the body is missing, and no erasure or recovery says so")
