"""Export: a person's transcript as a signed bundle that verifies without this ledger.

The bundle holds every entry that the transcript leans on, each with its inclusion path under one
checkpoint: the records, what withdrew them, the organisations as they were registered when they
issued, the schedules and the key.
"""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from keys.keyring import Signer
from ledger.core.canonical import decode
from ledger.core.entry import decode_entry
from ledger.core.instant import format_instant
from ledger.core.key_list import CREDENTIAL
from ledger.core.tile import inclusion_path
from ledger.credentials.bundle import Bundle, BundledEntry, seal_bundle
from ledger.credentials.claims import claims_of, did_of_ledger
from ledger.credentials.clr import WITHDRAWN, Statement, build_clr, statement_lines
from ledger.credentials.contexts import pinned_contexts
from ledger.credentials.data_integrity import add_proof
from ledger.credentials.holder import Holder
from ledger.credentials.jsonld import Document
from ledger.credentials.open_badges import build_badge
from ledger.domain.china_time import MIDNIGHT
from ledger.domain.organisations import Organisation, parse_organisation_body
from ledger.domain.transcript import expires_on
from ledger.errors import DamagedError
from ledger.services.checkpointing import SignedCheckpoint, sign_checkpoint, tile_reader
from ledger.services.context import Ledger
from ledger.services.transcripts import OpenRecord, OpenTranscript, open_transcript
from ledger.storage import bodies, log, projections
from ledger.storage.engine import reading

OPERATOR_NAME = "Jinlan 技能学分账本"


@dataclass(frozen=True, slots=True)
class LedgerSigner:
    """The ledger's credential key, as documents are signed with it."""

    signer: Signer
    did: str

    @property
    def verification_method(self) -> str:
        """DID URL of the key."""
        return f"{self.did}#{self.signer.id}"

    def sign(self, message: bytes) -> bytes:
        """Sign with the credential key."""
        return self.signer.sign(message)


@dataclass(frozen=True, slots=True)
class _Export:
    """One export under way: where it reads from, who signs, about whom."""

    ledger: Ledger
    connection: Connection
    opened: OpenTranscript
    signer: LedgerSigner
    holder: Holder
    issued_at: str

    def random_urn(self) -> str:
        return _random_urn(self.ledger)

    def sign(self, document: Document) -> Document:
        return add_proof(document, self.signer, created=self.issued_at, contexts=pinned_contexts())


def export_bundle(ledger: Ledger, subject: str, on: date) -> bytes:
    """Export a person's transcript at a date as a sealed bundle.

    Signs a checkpoint first if the log has grown, so that the bundle proves all that it shows.
    Costs one signature and one canonicalisation for each record.

    Raises:
        NotFoundError: No such person, or erased.
        RefusedError: There is no record that could be exported.
    """
    checkpoint = sign_checkpoint(ledger)
    with reading(ledger.engine) as connection:
        # A clock that was set back must not date the export before what it shows.
        now_ms = max(ledger.clock(), log.read_head(connection).time_ms)
        opened = open_transcript(ledger, connection, subject, on)
        signer = LedgerSigner(ledger.keyring.signer(CREDENTIAL), did_of_ledger(ledger.origin))
        holder = Holder(_random_urn(ledger), opened.facts.name, opened.facts.id_number[-4:])
        export = _Export(ledger, connection, opened, signer, holder, format_instant(now_ms))
        return seal_bundle(
            Bundle(
                exported_at_ms=now_ms,
                on=on.isoformat(),
                credential=_credential(export),
                checkpoint=checkpoint.note,
                entries=_entries(export, checkpoint),
            ),
            signer,
        )


def _random_urn(ledger: Ledger) -> str:
    return uuid.UUID(bytes=ledger.random(16), version=4).urn


def _credential(export: _Export) -> Document:
    computed = export.opened.transcript
    told = {line.index for line in computed.lines if line.status not in WITHDRAWN}
    members = [
        export.sign(_badge(export, record))
        for record in export.opened.records
        if record.entry.index in told
    ]
    statement = Statement(
        id=export.random_urn(),
        origin=export.ledger.origin,
        issuer_name=OPERATOR_NAME,
        holder=export.holder,
        issued_at=export.issued_at,
        on=computed.on.isoformat(),
        total=computed.total,
        lines=statement_lines(computed),
    )
    return export.sign(build_clr(statement, members))


def _badge(export: _Export, record: OpenRecord) -> Document:
    body: Any = decode(record.body.content)
    issuer = _issuer_at(export, record.entry.issuer, record.entry.index)
    claims = claims_of(record.entry, body, origin=export.ledger.origin, issuer=issuer)
    credit = body["credit"]
    schedule = export.opened.registry.book.version(credit["schedule"], credit["version"])
    expired_on = expires_on(schedule, date.fromisoformat(record.row.event_on))
    return build_badge(
        claims,
        export.holder,
        credential_id=export.random_urn(),
        valid_until=None if expired_on is None else expired_on.isoformat() + MIDNIGHT,
    )


def _organisation_entry(export: _Export, organisation: str, before: int) -> int:
    entries = export.opened.registry.organisation_entries.get(organisation, ())
    earlier = [index for index in entries if index < before]
    if not earlier:
        raise DamagedError(f"entry {before}: its issuer was not registered before it")
    return earlier[-1]


def _issuer_at(export: _Export, organisation: str, index: int) -> Organisation:
    entry = _organisation_entry(export, organisation, index)
    body: Any = decode(bodies.read_body(export.connection, entry).content)
    return parse_organisation_body(body)


def _entries(export: _Export, checkpoint: SignedCheckpoint) -> tuple[BundledEntry, ...]:
    shown = {line.index for line in export.opened.transcript.lines}
    records = [record for record in export.opened.records if record.entry.index in shown]
    leaned_on: set[int] = set()
    for record in records:
        leaned_on.add(_organisation_entry(export, record.entry.issuer, record.entry.index))
        body: Any = decode(record.body.content)
        credit = body["credit"]
        leaned_on.add(
            export.opened.registry.schedule_entries[credit["schedule"], credit["version"]]
        )
        if record.row.status == "revoked" and record.row.related is not None:
            leaned_on.add(record.row.related)
    leaned_on.update(
        index for index, _ in projections.public_entries(export.connection, kinds=("key",))
    )
    bundled = [_bundled(export, checkpoint, record.entry.index, record.body) for record in records]
    for index, stored in bodies.read_bodies(export.connection, leaned_on).items():
        bundled.append(
            _bundled(export, checkpoint, index, bodies.OpenBody(stored.salt or b"", stored.content))
        )
    return tuple(sorted(bundled, key=lambda one: one.entry.index))


def _bundled(
    export: _Export, checkpoint: SignedCheckpoint, index: int, body: bodies.OpenBody
) -> BundledEntry:
    entry = decode_entry(log.read_entry(export.connection, index).bytes)
    path = inclusion_path(index, checkpoint.checkpoint.size, tile_reader(export.connection))
    return BundledEntry(entry, body.content, body.salt, tuple(path))
