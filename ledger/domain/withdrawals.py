"""Taking records back: revoking one, revoking an issuer's of a period, erasing bodies by right.

A withdrawal is an entry of its own; what it withdraws stays in the log. Mass revocation is a normal
event: an audit in China found some 140,000 level certificates of 334 assessors given too lightly.
Nothing here is about a person: a revocation names entries, and its reason is one of a closed list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.domain.fields import Fields
from ledger.errors import MalformedError

VERSION: Final = 1

REASONS: Final = {
    "entered-in-error": "entered in error",
    "wrong-person": "recorded for the wrong person",
    "recorded-twice": "recorded twice",
    "attendance-false": "attendance was not true",
    "scores-altered": "scores were altered",
    "exam-irregular": "the examination was irregular",
    "impersonation": "someone else took the person's place",
    "outside-scope": "the issuer was not accredited for it",
    "issuer-misconduct": "misconduct of the issuer",
    "certificate-withdrawn": "the assessor withdrew the certificate",
    "order-of-authority": "by order of the competent authority",
    "court-order": "by order of a court",
}
"""Why a record is taken back. The codes are a closed list: free text could name a person."""


@dataclass(frozen=True, slots=True)
class RevokeRecord:
    """Take one record back. ``document`` is the number of the decision, if there is one."""

    entry: int
    reason: str
    document: str | None = None


@dataclass(frozen=True, slots=True)
class RevokeIssuer:
    """Take back every record of an issuer whose event date lies from ``start`` to ``end``."""

    issuer: str
    start: date
    end: date
    reason: str
    document: str | None = None

    def covers(self, issuer: str, event_on: date) -> bool:
        """Tell whether a record is among those taken back."""
        return issuer == self.issuer and self.start <= event_on <= self.end


def revocation_body(command: RevokeRecord) -> dict[str, Any]:
    """Make the body of a revocation.

    Raises:
        MalformedError: The reason is not on the list, or another field is not what it should be.
    """
    body = {
        "v": VERSION,
        "entry": command.entry,
        "reason": command.reason,
        "document": command.document,
    }
    parse_revocation(body)
    return body


def issuer_revocation_body(command: RevokeIssuer) -> dict[str, Any]:
    """Make the body of an issuer revocation.

    Raises:
        MalformedError: The reason is not on the list, the period ends before it starts, or another
            field is not what it should be.
    """
    body = {
        "v": VERSION,
        "issuer": command.issuer,
        "from": command.start.isoformat(),
        "to": command.end.isoformat(),
        "reason": command.reason,
        "document": command.document,
    }
    parse_issuer_revocation(body)
    return body


def erasure_body(entries: Iterable[int]) -> dict[str, Any]:
    """Make the body that says whose bodies are gone by right: indices, ascending, none twice.

    Raises:
        MalformedError: There is no entry among them, or an index is negative.
    """
    body = {"v": VERSION, "entries": sorted(set(entries))}
    parse_erasure(body)
    return body


def parse_revocation(value: object) -> RevokeRecord:
    """Read the body of a revocation.

    Raises:
        MalformedError: It is not exactly what ``revocation_body`` makes.
    """
    read = Fields("revocation", value, ("v", "entry", "reason", "document"))
    read.integer("v", VERSION, VERSION)
    return RevokeRecord(
        read.integer("entry"), read.choice("reason", REASONS), read.optional("document", read.text)
    )


def parse_issuer_revocation(value: object) -> RevokeIssuer:
    """Read the body of an issuer revocation.

    Raises:
        MalformedError: It is not exactly what ``issuer_revocation_body`` makes.
    """
    read = Fields("issuer-revocation", value, ("v", "issuer", "from", "to", "reason", "document"))
    read.integer("v", VERSION, VERSION)
    start, end = read.day("from"), read.day("to")
    if end < start:
        raise read.fail("to", "a date not before the one of from")
    return RevokeIssuer(
        read.text("issuer"),
        start,
        end,
        read.choice("reason", REASONS),
        read.optional("document", read.text),
    )


def parse_erasure(value: object) -> tuple[int, ...]:
    """Read the body of an erasure: the indices of the entries.

    Raises:
        MalformedError: It is not exactly what ``erasure_body`` makes.
    """
    read = Fields("erasure", value, ("v", "entries"))
    read.integer("v", VERSION, VERSION)
    entries: list[int] = []
    for index in read.items("entries"):
        if type(index) is not int or index <= (entries[-1] if entries else -1):
            raise read.fail("entries", "indices, ascending, none twice")
        entries.append(index)
    if not entries:
        raise MalformedError("erasure.entries: found none, expected at least one index")
    return tuple(entries)
