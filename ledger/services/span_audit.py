"""The audit of one span of entries with all that hangs on them, within one state of the database.

Any process can do it alone: what it leaves to others are the tiles above the leaves, and whether
the bodies that are not there are gone by right.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from ledger.domain.recorded_facts import RecordedFactsReader
from ledger.services.audit_report import AuditReport, Finding, reported
from ledger.services.body_audit import BodyAudit
from ledger.services.checkpoint_audit import CheckpointAudit, CheckpointsSeen
from ledger.services.context import Ledger
from ledger.services.leaf_audit import LeafAudit
from ledger.services.record_audit import RecordAudit
from ledger.services.withdrawal_audit import Kept
from ledger.storage import log, scanning
from ledger.storage.engine import reading

SPAN: Final = 16_384
"""Entries of a span; a multiple of the width of a tile."""


class Depth(StrEnum):
    """How far down an audit goes; each depth includes the one before it."""

    LOG = "log"
    """Entries, leaf hashes, tiles, head and checkpoints."""
    BODIES = "bodies"
    """Each body is opened: it is the one that its entry commits to, and about its row's subject."""
    EVERYTHING = "everything"
    """What is derived from bodies too, and all that stands beside the log."""


@dataclass(slots=True)
class SpanSeen:
    """What the audit of a span saw.

    Attributes:
        start: Index of its first entry.
        place: Index behind its last entry.
        entries: Number of entries that were read.
        row: Hashes of its full leaf tiles, one after the other.
        edge: Leaf hashes behind the last full tile.
        prev: Leaf hash of the last entry; None if it cannot be known.
        time_ms: Time of the last entry.
        bodies: Number of bodies opened.
        missing: Indices of the entries that have no body.
        erased: Indices that the erasures among the entries name.
        checkpoints: Of the checkpoints that were signed over a size in the span.
        findings: What is wrong with it.
    """

    start: int
    place: int
    entries: int = 0
    row: bytes = b""
    edge: bytes = b""
    prev: bytes | None = None
    time_ms: int = 0
    bodies: int = 0
    missing: list[int] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    checkpoints: CheckpointsSeen = field(default_factory=CheckpointsSeen)
    findings: list[Finding] = field(default_factory=list)


class SpanAudit:
    """Audits spans, one after the other; keeps between them only what shortens the work."""

    def __init__(self, ledger: Ledger, depth: Depth = Depth.EVERYTHING) -> None:
        self.ledger = ledger
        self._depth = depth
        self._reader = RecordedFactsReader()
        self._kept = Kept()

    def audit(self, start: int, stop: int) -> SpanSeen:
        """Audit the entries ``start`` <= index < ``stop`` in a transaction of its own."""
        with reading(self.ledger.engine) as connection:
            begin_state(self.ledger, connection)
            return self.audit_in(connection, start, stop)

    def audit_in(
        self,
        connection: Connection,
        start: int,
        stop: int = scanning.END,
        advance: Callable[[int], None] = lambda _count: None,
    ) -> SpanSeen:
        """Audit in the caller's transaction; without ``stop``, to the last entry there is."""
        seen, report = SpanSeen(start, start), AuditReport()
        with reported(report.add, None, "entry"):
            bodies = self._body_audit(connection, report)
            leaves = LeafAudit(connection, report.add, start, with_bodies=bodies is not None)
            for number, entries in leaves.check(stop):
                if bodies is not None and entries:
                    bodies.check(entries, min(entries)[0], max(entries)[0] + 1)
                advance(number)
            if stop != scanning.END and leaves.place < stop:
                leaves.miss(stop)
            seen.place, seen.entries = leaves.place, leaves.entries
            seen.row, seen.edge = leaves.row, leaves.edge
            seen.prev, seen.time_ms = leaves.prev, leaves.time_ms
            if bodies is not None:
                seen.bodies = bodies.opened
                seen.missing, seen.erased = bodies.missing, bodies.erased
        with reported(report.add, None, "checkpoint"):
            # One of size n was signed over the entries below n.
            checkpoints = CheckpointAudit(self.ledger, connection)
            first = start + 1 if start else -scanning.END
            last = scanning.END if stop == scanning.END else stop + 1
            checkpoints.check_stored(first, last, seen.place)
            seen.checkpoints = checkpoints.seen
        seen.findings = report.findings
        return seen

    def _body_audit(self, connection: Connection, report: AuditReport) -> BodyAudit | None:
        if self._depth is Depth.LOG:
            return None
        records = None
        if self._depth is Depth.EVERYTHING:
            records = RecordAudit(self.ledger, connection, report.add, self._reader, self._kept)
        return BodyAudit(self.ledger, connection, report.add, records)


def begin_state(ledger: Ledger, connection: Connection) -> None:
    """Fix the state that a transaction sees, then open the keys: they open all that is in it.

    A rotation adds the new key before it uses it. Keys that were opened first might be older than
    rows that are read later, and these would look damaged.
    """
    log.has_head(connection)
    ledger.renew_keys()
