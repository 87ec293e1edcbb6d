"""A transcript as a ClrCredential (CLR 2.0, context 2.0.1) that embeds the signed credentials.

Contexts stand in the order that the official schema demands: credentials, CLR, Open Badges. The
members keep their own proofs; the envelope's proof covers what they state, not that it is valid.

CLR has no term for a sum, so the statement stands in ``evidence``: the first item is the total,
then one item for each record, counted or not.

    total   genre transcript-total  narrative 7.0   description 2026-11-22
    line    genre transcript-line   narrative 7.0   description superseded related:9   name 4

A record that is revoked or superseded has a line, but no member: a signed credential that was cut
out of the transcript would still look good.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from ledger.credentials.badge_reader import read_badge
from ledger.credentials.claims import did_of_ledger
from ledger.credentials.contexts import CLR, CREDENTIALS_V2, OPEN_BADGES
from ledger.credentials.holder import Holder, read_holder
from ledger.credentials.jsonld import Document
from ledger.credentials.open_badges import Badge, achievement_id
from ledger.credentials.shape import check_rebuilt, check_uuid_urn, not_ours, text_of
from ledger.domain.transcript import Transcript
from ledger.errors import MalformedError, RefusedError

CONTEXTS: Final = [CREDENTIALS_V2, CLR, OPEN_BADGES]
TYPES: Final = ["VerifiableCredential", "ClrCredential"]
NAME: Final = "技能学分成绩单"
MEMBERS_MAX: Final = 200
STATUSES: Final = frozenset({"active", "superseded", "revoked", "expired"})
WITHDRAWN: Final = frozenset({"superseded", "revoked"})
"""Statuses of records that get no credential of their own."""

_RELATED: Final = "related:"
_CODE: Final = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One record in the statement, with the meaning of ``TranscriptLine``'s fields.

    Raises:
        MalformedError: A field is not in its form.
    """

    index: int
    status: str
    counted: str
    related: int | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in STATUSES or not all(_CODE.fullmatch(note) for note in self.notes):
            raise MalformedError("line: expected a known status and codes as notes")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a transcript says beside its members.

    Attributes:
        id: ``urn:uuid:`` id of the credential, made at random for one export.
        origin: The log's origin.
        issuer_name: Name of the ledger's operator.
        holder: About whom; each member has the same.
        issued_at: Instant of the export, in the text form of ``core.instant``.
        on: Date of the transcript, ISO.
        total: Credits that count, decimal text.
        lines: All records, by index.
        partial: Whether records were left out.
        valid_until: End of validity with zone, if there is one.
    """

    id: str
    origin: str
    issuer_name: str
    holder: Holder
    issued_at: str
    on: str
    total: str
    lines: tuple[StatementLine, ...]
    partial: bool = False
    valid_until: str | None = None


@dataclass(frozen=True, slots=True)
class Clr:
    """A ClrCredential taken apart: the statement, and each member with what it claims."""

    statement: Statement
    members: tuple[tuple[Document, Badge], ...]


def statement_lines(transcript: Transcript) -> tuple[StatementLine, ...]:
    """Give the lines of a transcript for a statement, by index."""
    found = (
        StatementLine(line.index, line.status, line.counted, line.related, line.notes)
        for line in transcript.lines
    )
    return tuple(sorted(found, key=lambda line: line.index))


def build_clr(statement: Statement, members: Sequence[Mapping[str, Any]]) -> Document:
    """Build the transcript, without proof.

    Args:
        statement: What it says itself.
        members: The signed badges, one for each line that is not withdrawn, by index.

    Raises:
        RefusedError: There is no member: nothing could be shown.
        MalformedError: A value cannot stand in the document, or members and lines do not match.
    """
    check_uuid_urn(statement.id)
    if not members:
        raise RefusedError("transcript: no record that could be exported", code="nothing-to-export")
    badges = [read_badge(member) for member in members]
    _check_members(statement, badges)
    document: Document = {
        "@context": list(CONTEXTS),
        "id": statement.id,
        "type": list(TYPES),
        "name": NAME,
        "issuer": {
            "id": did_of_ledger(statement.origin),
            "type": ["Profile"],
            "name": statement.issuer_name,
        },
        "validFrom": statement.issued_at,
        "partial": statement.partial,
        "credentialSubject": _subject(statement, members, badges),
        "evidence": [_total(statement), *(_line(statement, line) for line in statement.lines)],
    }
    if statement.valid_until is not None:
        document["validUntil"] = statement.valid_until
    return document


def read_clr(document: Mapping[str, Any]) -> Clr:
    """Take a transcript apart.

    Raises:
        MalformedError: The document, its proof apart, is not exactly what ``build_clr`` makes.
    """
    try:
        members = document["credentialSubject"]["verifiableCredential"]
        if not isinstance(members, list) or len(members) > MEMBERS_MAX:
            raise not_ours()
        statement = _read_statement(document)
        built = build_clr(statement, members)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RefusedError):
        raise not_ours() from None
    check_rebuilt(document, built)
    return Clr(statement, tuple((member, read_badge(member)) for member in members))


def _check_members(statement: Statement, badges: Sequence[Badge]) -> None:
    indices = [line.index for line in statement.lines]
    if len(badges) > MEMBERS_MAX or indices != sorted(set(indices)):
        raise MalformedError("transcript: expected lines by index, each once, and few members")
    told = [line.index for line in statement.lines if line.status not in WITHDRAWN]
    if [badge.claims.index for badge in badges] != told:
        raise MalformedError("transcript: expected one member for each line that is not withdrawn")
    if any(
        badge.holder != statement.holder or badge.claims.origin != statement.origin
        for badge in badges
    ):
        raise MalformedError("transcript: a member is about another person or of another log")


def _subject(
    statement: Statement, members: Sequence[Mapping[str, Any]], badges: Sequence[Badge]
) -> Document:
    subject: Document = {
        "id": statement.holder.subject,
        "type": ["ClrSubject"],
        "identifier": statement.holder.to_json(),
        "verifiableCredential": [dict(member) for member in members],
    }
    associations = _associations(badges)
    if associations:
        subject["association"] = associations
    return subject


def _associations(badges: Sequence[Badge]) -> list[Document]:
    """Say which level came before which, within one occupation."""
    by_occupation: dict[str, list[Badge]] = {}
    for badge in badges:
        by_occupation.setdefault(badge.claims.occupation[0], []).append(badge)
    return [
        {
            "type": "Association",
            "associationType": "precedes",
            "sourceId": achievement_id(lower.claims),
            "targetId": achievement_id(higher.claims),
        }
        for _, group in sorted(by_occupation.items())
        for lower, higher in pairwise(sorted(group, key=lambda badge: badge.claims.level))
        if lower.claims.level < higher.claims.level
    ]


def _total(statement: Statement) -> Document:
    return {
        "id": f"{statement.id}#total",
        "type": ["Evidence"],
        "genre": "transcript-total",
        "audience": statement.origin,
        "name": "学分合计",
        "description": statement.on,
        "narrative": statement.total,
    }


def _line(statement: Statement, line: StatementLine) -> Document:
    related = [] if line.related is None else [f"{_RELATED}{line.related}"]
    return {
        "id": f"{statement.id}#line-{line.index}",
        "type": ["Evidence"],
        "genre": "transcript-line",
        "name": str(line.index),
        "description": " ".join([line.status, *related, *line.notes]),
        "narrative": line.counted,
    }


def _read_statement(document: Mapping[str, Any]) -> Statement:
    total, *lines = document["evidence"]
    until, partial = document.get("validUntil"), document["partial"]
    if not isinstance(partial, bool):
        raise not_ours()
    return Statement(
        id=text_of(document["id"]),
        origin=text_of(total["audience"]),
        issuer_name=text_of(document["issuer"]["name"]),
        holder=read_holder(document["credentialSubject"]),
        issued_at=text_of(document["validFrom"]),
        on=text_of(total["description"]),
        total=text_of(total["narrative"]),
        lines=tuple(_read_line(line) for line in lines),
        partial=partial,
        valid_until=None if until is None else text_of(until),
    )


def _read_line(line: Mapping[str, Any]) -> StatementLine:
    status, *words = text_of(line["description"]).split(" ")
    related = [int(word.removeprefix(_RELATED)) for word in words if word.startswith(_RELATED)]
    return StatementLine(
        int(text_of(line["name"])),
        status,
        text_of(line["narrative"]),
        related[0] if related else None,
        tuple(word for word in words if not word.startswith(_RELATED)),
    )
