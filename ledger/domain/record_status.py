"""What an entry does to the status of the records before it: the one place that says so.

    body that corrects entry i      record i is superseded
    revocation of entry i           record i is revoked
    issuer revocation of a period   every record of that issuer and period is revoked

Whatever the entry, it touches only records before it that are active: a record that was revoked and
is posted anew stays revoked, and what one issuer revocation took another does not take again.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ledger.domain.withdrawals import parse_issuer_revocation, parse_revocation

SUPERSEDED: Final = "superseded"
REVOKED: Final = "revoked"

Status: TypeAlias = Literal["superseded", "revoked"]


@dataclass(frozen=True, slots=True)
class OneRecord:
    """The record of entry ``index`` gets a status, if it is active."""

    index: int
    status: Status


@dataclass(frozen=True, slots=True)
class RecordsOfPeriod:
    """Each active record of ``issuer`` that is dated from ``start`` to ``end`` (ISO) is revoked."""

    issuer: str
    start: str
    end: str
    status: Status = REVOKED


Withdrawal: TypeAlias = OneRecord | RecordsOfPeriod


def withdrawal_by(kind: str, body: dict[str, Any]) -> Withdrawal | None:
    """Give what an entry does to records before it; None if it leaves them alone.

    Args:
        kind: Kind of the entry.
        body: Its body, decoded.

    Raises:
        MalformedError: The body is not one of the kind.
    """
    if kind == "revocation":
        return OneRecord(parse_revocation(body).entry, REVOKED)
    if kind == "issuer-revocation":
        taken = parse_issuer_revocation(body)
        return RecordsOfPeriod(taken.issuer, taken.start.isoformat(), taken.end.isoformat())
    corrected = body.get("corrects")
    return None if corrected is None else OneRecord(corrected, SUPERSEDED)
