"""Withdraw one record, or an issuer's of a period; what is withdrawn stays in the log.

Whatever leans on a withdrawn record follows when a transcript is computed: its credits no longer
count, and a lower level that it had absorbed counts again.
"""

from typing import Any

from ledger.core.canonical import Json, decode
from ledger.core.entry import LEDGER_ISSUER, decode_entry
from ledger.domain.decisions import Duplicate, Refused
from ledger.domain.withdrawal_decisions import (
    IssuerRevocationState,
    RevocationState,
    TargetRecord,
    decide_issuer_revocation,
    decide_revocation,
)
from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord, parse_issuer_revocation
from ledger.errors import NotFoundError, RefusedError
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.record import write
from ledger.storage import bodies, log, projections


def revoke_record(ledger: Ledger, actor: str, command: RevokeRecord) -> dict[str, Any]:
    """Withdraw one record; give the index of the revocation's entry.

    Args:
        ledger: The open ledger.
        actor: Organisation id, for its own records; ``ledger`` for the operator.
        command: What to withdraw, and why.

    Raises:
        RefusedError: A rule says no; the code says which.
    """

    def work(batch: Batch) -> Json:
        decision = decide_revocation(RevocationState(actor, _target(batch, command.entry)), command)
        if isinstance(decision, Refused):
            raise RefusedError(decision.message, code=decision.code)
        index = batch.add_public("revocation", actor, decision.body)
        batch.set_status(command.entry, "revoked", index)
        return {"entry": index, "revoked": [command.entry]}

    answer: Any = write(ledger, work).answer
    return dict(answer)


def _target(batch: Batch, index: int) -> TargetRecord | None:
    try:
        entry = decode_entry(log.read_entry(batch.connection, index).bytes)
    except NotFoundError:
        return None
    row = projections.read_records(batch.connection, [index]).get(index)
    superseded = row.related if row is not None and row.status == "superseded" else None
    revoked = row.related if row is not None and row.status == "revoked" else None
    return TargetRecord(entry.kind, entry.issuer, superseded, revoked)


def _same_before(batch: Batch, command: RevokeIssuer) -> int | None:
    """Find an earlier revocation of the same issuer and period."""
    entries = projections.public_entries(batch.connection, kinds=("issuer-revocation",))
    stored = bodies.read_bodies(batch.connection, [index for index, _ in entries])
    for index, body in sorted(stored.items()):
        earlier = parse_issuer_revocation(decode(body.content))
        if (earlier.issuer, earlier.start, earlier.end) == (
            command.issuer,
            command.start,
            command.end,
        ):
            return index
    return None


def revoke_issuer(ledger: Ledger, command: RevokeIssuer) -> dict[str, Any]:
    """Withdraw an issuer's standing records of a period; give the entry and their indices.

    A record is of the period in which its event date lies.

    Raises:
        RefusedError: A rule says no; the code says which.
    """

    def work(batch: Batch) -> Json:
        rows = projections.records_of_issuer(
            batch.connection, command.issuer, command.start.isoformat(), command.end.isoformat()
        )
        revoked = [row.index for row in rows if row.status == "active"]
        # What was recorded since the same revocation was made before makes it a new one.
        before = None if revoked else _same_before(batch, command)
        known = command.issuer in batch.ledger.registry.read(batch.connection).organisations
        decision = decide_issuer_revocation(
            IssuerRevocationState(LEDGER_ISSUER, known, before), command
        )
        if isinstance(decision, Refused):
            raise RefusedError(decision.message, code=decision.code)
        if isinstance(decision, Duplicate):
            raise RefusedError(
                f"issuer revocation: entry {decision.entry_index} made it before, and no record"
                " stands since",
                code=decision.code,
            )
        if not revoked:
            raise RefusedError(
                "issuer revocation: no standing record of this issuer is dated in this period",
                code="nothing-to-revoke",
            )
        index = batch.add_public("issuer-revocation", LEDGER_ISSUER, decision.body)
        for each in revoked:
            batch.set_status(each, "revoked", index)
        return {"entry": index, "revoked": revoked}

    answer: Any = write(ledger, work).answer
    return dict(answer)
