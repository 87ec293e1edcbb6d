"""Verify a document as a stranger would, and against the log as it stands.

A stranger has the published keys and nothing else. The ledger can see one thing more: whether the
history that an export proves is still the log's, or was lost in a disaster (``services.recovery``).
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.core.note import parse_note
from ledger.core.tile import root_hash
from ledger.credentials.bundle import parse_bundle
from ledger.domain.recoveries import KIND, parse_recovery
from ledger.errors import DamagedError, UnavailableError
from ledger.services.checkpointing import tile_reader
from ledger.services.context import Ledger
from ledger.storage import bodies, log, projections
from ledger.storage.engine import reading
from ledger.verify import verify
from ledger.verify.report import Check, Report


def verify_document(ledger: Ledger, data: bytes) -> dict[str, Any]:
    """Give the verifier's report on a bundle or a lone credential, as JSON."""
    report = verify(data, ledger.keyring.published(), ledger.clock())
    if report.kind == "bundle" and report.check("checkpoint").result == "pass":
        report = _held_against_log(ledger, data, report)
    document: dict[str, Any] = report.to_json()
    return document


def _held_against_log(ledger: Ledger, data: bytes, report: Report) -> Report:
    keys = ledger.keyring.published().every_log_verifier_key()
    shown = open_checkpoint(parse_bundle(data).bundle.checkpoint, ledger.origin, keys)
    try:
        with reading(ledger.engine) as connection:
            if _holds(connection, shown):
                return report
            told = tuple(_recoveries_of(connection, shown))
    except (DamagedError, UnavailableError):
        return report  # a log that cannot be read proves nothing against a document
    lost = Check("log-history", "fail", "history-lost", told)
    verdict = "cannot-check" if report.verdict == "valid" else report.verdict
    return replace(report, verdict=verdict, checks=(*report.checks, lost))


def _holds(connection: Connection, shown: Checkpoint) -> bool:
    if log.read_head(connection).size < shown.size:
        return False
    return root_hash(shown.size, tile_reader(connection)) == shown.root


def _recoveries_of(connection: Connection, shown: Checkpoint) -> list[int]:
    """Find the entries of recoveries that left a history behind of which this checkpoint may be."""
    indices = [index for index, _ in projections.public_entries(connection, kinds=(KIND,))]
    found = []
    for index, stored in sorted(bodies.read_bodies(connection, indices).items()):
        recovery = parse_recovery(decode(stored.content))
        note = recovery.checkpoint
        known = shown.size if note is None else _size_of(note)
        if recovery.restored is None and shown.size <= known:
            found.append(index)
    return found


def _size_of(note: str) -> int:
    return parse_checkpoint(parse_note(note.encode()).text).size
