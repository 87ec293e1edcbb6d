"""The audit: is what is stored what was appended?

Four things are held against each other: the entries (hashed and chained anew), the tiles (rebuilt
from those hashes), the bodies (opened and held against the commitments) and the checkpoints
(signature and root at their size), and beside them what is derived: head, projections, vault,
answers. Nothing is believed because it is stored: a database in which every hash was recomputed
after an edit still contradicts the checkpoint outside it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ledger.core.checkpoint import open_checkpoint
from ledger.core.digest import EMPTY_ROOT, HASH_BYTES, leaf_hash
from ledger.core.entry import Entry, decode_entry
from ledger.core.tile import TILE_BYTES, TILE_WIDTH, append_leaves, root_hash
from ledger.errors import LedgerError
from ledger.services.body_audit import UNREADABLE, BodyAudit
from ledger.services.checkpointing import contradicting_checkpoints, tile_reader
from ledger.services.context import Ledger
from ledger.services.recovery_audit import Recoveries
from ledger.storage import answers, checkpoints, log, reports, schema
from ledger.storage.engine import integrity_findings, reading

CHUNK: Final = 1_000
FINDINGS_MAX: Final = 1_000


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


@dataclass(slots=True)
class AuditReport:
    """What an audit saw.

    Attributes:
        entries: Number of entries read.
        checkpoints: Number of checkpoints verified.
        bodies: Number of bodies opened.
        erased: Number of bodies that are gone by right.
        findings: What is wrong, at most ``FINDINGS_MAX``.
    """

    entries: int = 0
    checkpoints: int = 0
    bodies: int = 0
    erased: int = 0
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


def audit(ledger: Ledger, advance: Callable[[int], None] = lambda _count: None) -> AuditReport:
    """Audit the whole ledger, reading every row once.

    Memory does not grow with the log but for what is withdrawn.
    """
    ledger.renew_keys()
    report = AuditReport()
    with reading(ledger.engine) as connection:
        leaves = _LeafAudit(connection, report)
        with _reported(report, "entry"), BodyAudit(ledger, connection, report.add) as body_audit:
            for chunk in _chunks(log.read_entries(connection)):
                body_audit.check([entry for entry in leaves.check(chunk) if entry is not None])
                advance(len(chunk))
            report.bodies, report.erased = body_audit.finish(leaves.count)
        report.entries = leaves.count
        with _reported(report, "tile"):
            leaves.finish()
        with _reported(report, "head"):
            _audit_head(connection, leaves, report)
        with _reported(report, "checkpoint"):
            _audit_checkpoints(ledger, connection, report, body_audit.recoveries)
        with _reported(report, "answer"):
            if damaged := answers.count_damaged_answers(connection, ledger.sealer):
                report.add(None, "answer", f"{damaged} stored answers do not bear their seal")
        with _reported(report, "report"):
            if damaged := reports.count_damaged_reports(connection, ledger.sealer):
                report.add(None, "report", f"{damaged} import reports do not open")
        for name in schema.unlike_made(connection):
            report.add(None, "schema", f"the {name} is not as the migrations make it")
        for message in integrity_findings(connection):
            report.add(None, "database", f"SQLite finds: {message[:200]}")
    return report


@contextmanager
def _reported(report: AuditReport, what: str) -> Iterator[None]:
    """Make a finding of what cannot be read at all: an audit that dies tells nobody anything."""
    try:
        yield
    except (SQLAlchemyError, *UNREADABLE) as error:
        report.add(None, what, f"what is stored cannot be read ({type(error).__name__})")


def _chunks(entries: Iterator[log.StoredEntry]) -> Iterator[list[log.StoredEntry]]:
    while chunk := list(islice(entries, CHUNK)):
        yield chunk


class _LeafAudit:
    """Hashes and chains the entries anew, and rebuilds the tiles from the hashes."""

    def __init__(self, connection: Connection, report: AuditReport) -> None:
        self.count = 0
        self.prev = EMPTY_ROOT
        self.time_ms = 0
        self._edge: dict[int, bytes] = {}
        self._connection = connection
        self._report = report

    def check(self, chunk: list[log.StoredEntry]) -> list[Entry | None]:
        """Check a run of stored entries; give them decoded, None for one that cannot be."""
        leaves, decoded = [], []
        for place, stored in enumerate(chunk, self.count):
            hashed = leaf_hash(stored.bytes)
            decoded.append(self._check_one(place, stored, hashed))
            self.prev = hashed
            leaves.append(hashed)
        changes = append_leaves(self.count, self._edge, leaves)
        self._edge = changes.edge
        self.count += len(chunk)
        for level, n, hashes in changes.tiles:
            if len(hashes) == TILE_BYTES:
                self._compare_tile(level, n, hashes)
        return decoded

    def finish(self) -> None:
        """Compare the tiles at the right edge, and look for tiles that no entry makes."""
        for level, hashes in self._edge.items():
            self._compare_tile(level, (self.count >> (8 * level)) // TILE_WIDTH, hashes)
        for level, n in log.tile_places(self._connection):
            if not 0 <= n * TILE_WIDTH < self.count >> (8 * level):
                self._report.add(
                    self.count, "tile", f"there is a tile {level}/{n}, but no entries for it"
                )

    def _compare_tile(self, level: int, n: int, rebuilt: bytes) -> None:
        stored = log.read_whole_tile(self._connection, level, n)
        if stored == rebuilt:
            return
        places = range(0, max(len(rebuilt), len(stored)), HASH_BYTES)
        place = next(i for i in places if rebuilt[i : i + HASH_BYTES] != stored[i : i + HASH_BYTES])
        span = TILE_WIDTH**level
        index = (n * TILE_WIDTH + place // HASH_BYTES) * span
        # A hash above the leaves covers many entries: an entry found bad among them says which.
        known = [f.index for f in self._report.findings if f.index is not None]
        within = [bad for bad in known if index <= bad < index + span]
        self._report.add(
            min(within, default=index),
            "tile",
            f"tile {level}/{n} is not the one that the entries make",
        )

    def _check_one(self, place: int, stored: log.StoredEntry, hashed: bytes) -> Entry | None:
        add = self._report.add
        if stored.index != place:
            add(
                place,
                "entry",
                f"expected entry {place}, found {stored.index}: entries were removed, added or "
                f"moved",
            )
        if hashed != stored.leaf_hash:
            add(
                place, "leaf-hash", "the entry's bytes do not have the leaf hash stored beside them"
            )
        try:
            entry = decode_entry(stored.bytes)
        except LedgerError as error:
            add(place, "entry", f"the entry's bytes are not an entry ({error.message})")
            return None
        if entry.index != place:
            add(place, "entry", f"the bytes at {place} are those of entry {entry.index}")
        if entry.prev != self.prev:
            add(place, "chain", "the entry does not name the leaf hash of the entry before it")
        # Entries of one batch share one time.
        if entry.time_ms < self.time_ms:
            add(place, "time", "the entry is older than the one before it")
        self.time_ms = max(self.time_ms, entry.time_ms)
        return entry


def _audit_head(connection: Connection, leaves: _LeafAudit, report: AuditReport) -> None:
    try:
        head = log.read_head(connection)
    except LedgerError as error:
        report.add(None, "head", error.message)
        return
    if head != log.Head(leaves.count, leaves.prev, leaves.time_ms):
        report.add(
            min(head.size, leaves.count),
            "head",
            f"the head says {head.size} entries, {leaves.count} are stored, or differ",
        )


def _audit_checkpoints(
    ledger: Ledger, connection: Connection, report: AuditReport, recoveries: Recoveries
) -> None:
    keys = ledger.keyring.published().every_log_verifier_key()
    good = 0
    notes = [(size, note) for size, note in checkpoints.read_all(connection)]
    if recoveries.recorded:
        excused = recoveries.excused(contradicting_checkpoints(ledger, connection))
        notes = [(size, note) for size, note in notes if size not in excused]
    outside = checkpoints.read_outside(ledger.home)
    if outside is None and report.entries:
        report.add(None, "checkpoint", "there is no checkpoint outside the database")
    if outside is not None and not notes and report.entries:
        report.add(None, "checkpoint", "the database holds no checkpoint, though one was signed")
    for size, note in [*notes, *([(None, outside)] if outside is not None else [])]:
        where = "the checkpoint file" if size is None else f"the checkpoint of size {size}"
        try:
            checkpoint = open_checkpoint(note, ledger.origin, keys)
            root = root_hash(checkpoint.size, tile_reader(connection))
        except LedgerError as error:
            report.add(
                good if size is None or size > report.entries else None,
                "checkpoint",
                f"{where}: {error.message}",
            )
            continue
        if size is not None and checkpoint.size != size:
            report.add(None, "checkpoint", f"{where} is one of size {checkpoint.size}")
        elif checkpoint.root != root:
            report.add(
                good,
                "checkpoint",
                f"{where}: another root; entries from {good} on are not those it signed",
            )
        else:
            good = max(good, checkpoint.size)
            report.checkpoints += 1
