"""The rules by which a revocation is accepted or refused.

An issuer takes back its own records; the operator (issuer ``ledger``), acting for the authority,
takes back any, and all those that one issuer recorded of a period. They stay in the log.
"""

from dataclasses import dataclass
from typing import Any, Final

from ledger.core.entry import LEDGER_ISSUER
from ledger.domain.decisions import Duplicate, Refused
from ledger.domain.withdrawals import (
    RevokeIssuer,
    RevokeRecord,
    issuer_revocation_body,
    revocation_body,
)
from ledger.errors import LedgerError

REVOCABLE: Final = frozenset({"completion", "certificate"})

CODES: Final = (
    "entry-unknown", "not-revocable", "not-your-record", "already-revoked",
    "already-superseded", "operator-only", "issuer-unknown",
)  # fmt: skip
"""Every code with which a withdrawal is refused by a rule."""


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """The entry that a revocation names.

    Attributes:
        kind: Kind of the entry.
        issuer: Who recorded it.
        superseded_by: Index of the entry that corrects it, if any.
        revoked_by: Index of the entry that revoked it, if any.
    """

    kind: str
    issuer: str
    superseded_by: int | None = None
    revoked_by: int | None = None


@dataclass(frozen=True, slots=True)
class RevocationState:
    """What the rule reads: who asks (organisation id or ``ledger``), and the entry or None."""

    actor: str
    target: TargetRecord | None


@dataclass(frozen=True, slots=True)
class IssuerRevocationState:
    """What the rule reads.

    Attributes:
        actor: Organisation id or ``ledger``.
        issuer_known: Whether an organisation entry has this id.
        same_before: Index of a standing issuer revocation of the same issuer and period, if any.
    """

    actor: str
    issuer_known: bool
    same_before: int | None = None


@dataclass(frozen=True, slots=True)
class WithdrawalAccepted:
    """To be recorded, with this body."""

    body: dict[str, Any]


def decide_revocation(
    state: RevocationState, command: RevokeRecord
) -> WithdrawalAccepted | Refused:
    """Decide on taking one record back."""
    refused = _about_target(state, command.entry)
    if refused is not None:
        return refused
    try:
        return WithdrawalAccepted(revocation_body(command))
    except LedgerError as error:
        return Refused(error.code, error.message)


def decide_issuer_revocation(
    state: IssuerRevocationState, command: RevokeIssuer
) -> WithdrawalAccepted | Refused | Duplicate:
    """Decide on taking back the records of an issuer in a period. Only the operator may."""
    if state.actor != LEDGER_ISSUER:
        return Refused(
            "operator-only",
            "issuer revocation: found an organisation asking, expected the ledger's operator; take"
            " back single records of your own instead",
        )
    if not state.issuer_known:
        return Refused(
            "issuer-unknown", "issuer revocation: found no organisation with this id, expected one"
        )
    if state.same_before is not None:
        return Duplicate(state.same_before, "already-revoked")
    try:
        return WithdrawalAccepted(issuer_revocation_body(command))
    except LedgerError as error:
        return Refused(error.code, error.message)


def _about_target(state: RevocationState, index: int) -> Refused | None:
    target = state.target
    if target is None:
        return Refused("entry-unknown", f"revocation: found no entry {index}, expected a record")
    if target.kind not in REVOCABLE:
        return Refused(
            "not-revocable",
            f"revocation: entry {index} is of kind {target.kind}, expected a completion or"
            " certificate",
            index,
        )
    if state.actor not in (target.issuer, LEDGER_ISSUER):
        return Refused(
            "not-your-record",
            f"revocation: entry {index} was recorded by another issuer, expected one of your own;"
            " ask that issuer or the operator",
            index,
        )
    return _about_standing(target, index)


def _about_standing(target: TargetRecord, index: int) -> Refused | None:
    if target.revoked_by is not None:
        return Refused(
            "already-revoked",
            f"revocation: entry {index} was revoked by entry {target.revoked_by}, expected a record"
            " that stands",
            target.revoked_by,
        )
    if target.superseded_by is not None:
        return Refused(
            "already-superseded",
            f"revocation: entry {index} was replaced by entry {target.superseded_by}, expected the"
            " newest; revoke that one",
            target.superseded_by,
        )
    return None
