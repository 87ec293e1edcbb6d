"""A person's transcript at a date, computed from their entries and bodies each time."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.entry import Entry, decode_entry
from ledger.domain.transcript import LedgerRecord, Transcript, transcript
from ledger.domain.withdrawals import parse_issuer_revocation, parse_revocation
from ledger.services.context import Ledger
from ledger.services.person_facts import PersonFacts
from ledger.services.projection import id_number_tag
from ledger.services.registry import Registry
from ledger.storage import bodies, log, projections, vault
from ledger.storage.engine import reading
from ledger.storage.projections import RecordRow


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """A record in the clear: its entry, its body with the salt, and what was done to it."""

    entry: Entry
    body: bodies.OpenBody
    row: RecordRow


@dataclass(frozen=True, slots=True)
class OpenTranscript:
    """A transcript together with what it was computed from."""

    facts: PersonFacts
    registry: Registry
    records: tuple[OpenRecord, ...]
    transcript: Transcript


def open_transcript(
    ledger: Ledger, connection: Connection, subject: str, on: date
) -> OpenTranscript:
    """Compute a person's transcript in the state that ``connection`` sees.

    Costs their number of records.

    Raises:
        NotFoundError: No such person, or erased.
        DamagedError: A body is not what its entry commits to.
    """
    ledger.renew_keys()
    stored = vault.read_subject(connection, ledger.sealer, subject)
    registry = ledger.registry.read(connection)
    records = tuple(_open_records(connection, stored))
    computed = transcript(
        subject, [_ledger_record(connection, r) for r in records], registry.book, on
    )
    return OpenTranscript(PersonFacts.decode(stored.open_facts()), registry, records, computed)


def _open_records(connection: Connection, stored: vault.StoredSubject) -> Iterator[OpenRecord]:
    rows = sorted(
        projections.records_of_subjects(connection, [stored.id]), key=lambda row: row.index
    )
    sealed = bodies.read_bodies(connection, [row.index for row in rows])
    for row in rows:
        entry = decode_entry(log.read_entry(connection, row.index).bytes)
        body = bodies.open_body(stored.cipher, stored.id, entry.body, sealed[row.index].content)
        yield OpenRecord(entry, body, row)


def _ledger_record(connection: Connection, record: OpenRecord) -> LedgerRecord:
    row, entry = record.row, record.entry
    revoked_by = row.related if row.status == "revoked" else None
    body: Any = decode(record.body.content)
    return LedgerRecord(
        index=entry.index,
        kind=entry.kind,
        issuer=entry.issuer,
        recorded_at_ms=entry.time_ms,
        body=body,
        superseded_by=row.related if row.status == "superseded" else None,
        revoked_by=revoked_by,
        revocation_reason=None if revoked_by is None else _reason(connection, revoked_by),
    )


def _reason(connection: Connection, index: int) -> str:
    kind = decode_entry(log.read_entry(connection, index).bytes).kind
    body = decode(bodies.read_body(connection, index).content)
    return (
        parse_revocation(body) if kind == "revocation" else parse_issuer_revocation(body)
    ).reason


def read_transcript(ledger: Ledger, subject: str, on: date) -> dict[str, Any]:
    """Give a person's transcript at a date as JSON; the holder's identity is masked.

    Raises:
        NotFoundError: No such person, or erased.
    """
    with reading(ledger.engine) as connection:
        opened = open_transcript(ledger, connection, subject, on)
        size = log.read_head(connection).size
    lines = []
    for line in opened.transcript.lines:
        shown = asdict(line)
        shown["body"] = {k: v for k, v in line.body.items() if k != "subject"}
        shown["issuer_name"] = opened.registry.organisation(line.issuer).name
        lines.append(shown)
    return {
        "subject": subject,
        "holder": opened.facts.masked(),
        "on": on.isoformat(),
        "tree_size": size,
        "total_credits": opened.transcript.total,
        "records": lines,
    }


def list_subjects(ledger: Ledger) -> list[dict[str, Any]]:
    """List every person: id, masked name and ID number, number of records."""
    ledger.renew_keys()
    with reading(ledger.engine) as connection:
        counts = projections.count_records(connection)
        listed = []
        for row in vault.read_rows(connection):
            facts = PersonFacts.decode(vault.open_row(ledger.sealer, row).open_facts())
            listed.append({"id": row.id, **facts.masked(), "records": counts.get(row.id, 0)})
    return listed


def find_subject(ledger: Ledger, id_number: str) -> str | None:
    """Find a person's id by their ID number; None if the ledger does not know them."""
    ledger.renew_keys()
    tag = id_number_tag(ledger.sealer, id_number)
    with reading(ledger.engine) as connection:
        found = vault.find_by_tags(connection, ledger.sealer, [tag])
    return found[tag].id if tag in found else None
