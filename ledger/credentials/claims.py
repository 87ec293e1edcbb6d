"""What a credential claims about one record, recomputed from the ledger's entry and body.

``claims_of`` is the only way from a body to a credential, for the exporter as for the verifier. The
verifier reads the claims out of a credential, computes them again from the proven body and asks for
equality, so a credential and the ledger cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from ledger.core.digest import leaf_hash
from ledger.core.entry import Entry
from ledger.domain.body_reading import (
    CertificateRecord,
    Completion,
    Credit,
    parse_certificate,
    parse_completion,
)
from ledger.domain.number_text import format_decimal, format_number, parse_scaled
from ledger.domain.organisations import Organisation
from ledger.domain.records import Certificate, TrainingClass
from ledger.errors import MalformedError

COMPLETION: Final = "completion"
CERTIFICATE: Final = "certificate"
RECORD_KINDS: Final = frozenset({COMPLETION, CERTIFICATE})


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who said it: organisation id, registered name, 統一社會信用代碼."""

    id: str
    name: str
    uscc: str


@dataclass(frozen=True, slots=True)
class ClassClaims:
    """The class that was completed. ``start`` and ``end`` are ISO dates."""

    number: str
    name: str | None
    training_type: str | None
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class CertificateClaims:
    """The certificate as its issuer stated it. ``issued`` is an ISO date."""

    type: str
    number: str
    issued: str
    assessor: str | None


@dataclass(frozen=True, slots=True)
class CreditClaims:
    """What was granted, and under which schedule.

    Attributes:
        granted: Credits, in the shortest decimal text.
        schedule: Schedule id.
        version: Its version.
        schedule_hash: Hex SHA-256 of the schedule's canonical bytes.
    """

    granted: str
    schedule: str
    version: int
    schedule_hash: str


@dataclass(frozen=True, slots=True)
class RecordClaims:
    """All that a credential says about one record, the holder and its own id and dates apart.

    Attributes:
        origin: The log's origin.
        index: Index of the entry.
        leaf_hash: Its leaf hash, hex.
        kind: ``completion`` or ``certificate``.
        issuer: Who said it.
        on: Event date, ISO.
        occupation: Code and name.
        level: Rank, 0 to 7.
        credit: What was granted.
        training_class: The class, for a completion.
        passed: Whether the examination was passed, for a completion.
        results: Pairs of code and value text: ``hours-<mode>``, ``attendance``, ``score-<part>``.
        certificate: The certificate, if there is one.
    """

    origin: str
    index: int
    leaf_hash: str
    kind: str
    issuer: Issuer
    on: str
    occupation: tuple[str, str]
    level: int
    credit: CreditClaims
    training_class: ClassClaims | None
    passed: bool | None
    results: tuple[tuple[str, str], ...]
    certificate: CertificateClaims | None


def read_record(kind: str, body: Mapping[str, Any]) -> Completion | CertificateRecord:
    """Read the body of a record.

    Raises:
        MalformedError: The kind is not one of a record, or the body is not in its form.
    """
    if kind == COMPLETION:
        return parse_completion(body)
    if kind == CERTIFICATE:
        return parse_certificate(body)
    raise MalformedError("claims: expected a record")


def claims_of(
    entry: Entry, body: Mapping[str, Any], *, origin: str, issuer: Organisation
) -> RecordClaims:
    """Compute what a credential may say about one record.

    Args:
        entry: The entry, whose kind is ``completion`` or ``certificate``.
        body: Its body, already matched with the entry's commitment.
        origin: The log's origin.
        issuer: The organisation as registered when the record was made.

    Raises:
        MalformedError: The body is not one of a record, or the issuer is not the entry's.
    """
    if issuer.id != entry.issuer:
        raise MalformedError("claims: expected the organisation that issued the record")
    record = read_record(entry.kind, body)
    completion = record if isinstance(record, Completion) else None
    return RecordClaims(
        origin=origin,
        index=entry.index,
        leaf_hash=leaf_hash(entry.encode()).hex(),
        kind=entry.kind,
        issuer=Issuer(issuer.id, issuer.name, issuer.uscc),
        on=record.event_on.isoformat(),
        occupation=(record.occupation.code, record.occupation.name),
        level=record.level,
        credit=_credit(record.credit),
        training_class=None if completion is None else _class(completion.training_class),
        passed=None if completion is None else completion.assessment.passed,
        results=() if completion is None else _results(completion),
        certificate=_certificate(record.certificate),
    )


def did_of_ledger(origin: str) -> str:
    """Give the did:web of the ledger: that of its origin's host.

    Raises:
        MalformedError: The origin does not begin with a host.
    """
    host = origin.partition("/")[0]
    if not host or not all(
        letter.isascii() and (letter.isalnum() or letter in ".-:") for letter in host
    ):
        raise MalformedError("origin: expected a host, as in ledger.example/2026")
    return "did:web:" + host.replace(":", "%3A")


def did_of_organisation(origin: str, organisation_id: str) -> str:
    """Give the did:web under which an organisation's records are signed.

    Raises:
        MalformedError: The origin does not begin with a host.
    """
    return f"{did_of_ledger(origin)}:organisations:{organisation_id}"


def total_of(amounts: list[str]) -> Fraction:
    """Add credits up exactly.

    Raises:
        MalformedError: A text is not a decimal.
    """
    return sum((parse_scaled(amount) for amount in amounts), Fraction())


def _credit(credit: Credit) -> CreditClaims:
    granted = format_decimal(parse_scaled(credit.granted))
    return CreditClaims(granted, credit.schedule_id, credit.version, credit.schedule_hash)


def _class(taught: TrainingClass) -> ClassClaims:
    return ClassClaims(
        taught.number,
        taught.name,
        taught.training_type,
        taught.start.isoformat(),
        taught.end.isoformat(),
    )


def _certificate(stated: Certificate | None) -> CertificateClaims | None:
    if stated is None:
        return None
    return CertificateClaims(stated.type, stated.number, stated.issued.isoformat(), stated.assessor)


def _results(record: Completion) -> tuple[tuple[str, str], ...]:
    found = [
        (f"hours-{mode}", format_number(hours)) for mode, hours in sorted(record.hours.items())
    ]
    if record.attendance is not None:
        found.append(("attendance", format_number(record.attendance)))
    scores = sorted(record.assessment.scores.items())
    return (*found, *((f"score-{part}", value) for part, value in scores))
