"""Bodies of records about a person: the facts that an entry commits to.

    command -> facts_of -> record_body -> canonical bytes -> entry -> parse_completion

The shapes are in docs/architecture.md, Bodies. A writer leaves ``subject`` out: the service adds
it, since it needs the body's salt. No name, ID number or phone enters. Numbers are text in one
spelling, and a mode with zero hours is left out, so that a file with an empty column and one
without it state the same fact. Readers take exactly what writers make.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from ledger.core.canonical import encode
from ledger.domain.body_reading import (
    SCORE_PART,
    VERSION,
    CertificateRecord,
    Completion,
    Credit,
    parse_certificate,
    parse_completion,
    parse_schedule_body,
)
from ledger.domain.credits import Award
from ledger.domain.fields import TEXT_MAX
from ledger.domain.number_text import format_fraction, format_number, shortest_decimal
from ledger.domain.records import Occupation, RecordCertificate, RecordCompletion
from ledger.domain.schedule_terms import MODES, RANKS, CreditSchedule
from ledger.domain.schedules import schedule_hash
from ledger.domain.withdrawals import (
    erasure_body,
    issuer_revocation_body,
    parse_erasure,
    parse_issuer_revocation,
    parse_revocation,
    revocation_body,
)
from ledger.errors import MalformedError

__all__ = [
    "CertificateRecord",
    "Completion",
    "Credit",
    "erasure_body",
    "facts_of",
    "identity_of",
    "issuer_revocation_body",
    "parse_certificate",
    "parse_completion",
    "parse_erasure",
    "parse_issuer_revocation",
    "parse_revocation",
    "parse_schedule_body",
    "record_body",
    "revocation_body",
    "schedule_body",
]


def record_body(
    facts: Mapping[str, Any], award: Award, schedule: CreditSchedule, corrects: int | None
) -> dict[str, Any]:
    """Make the body of a completion or certificate from its facts, without ``subject``."""
    return {**facts, "corrects": corrects, "credit": _credit(award, schedule)}


NOT_FACTS: Final = frozenset({"subject", "corrects", "credit"})
"""Fields of a body that are the ledger's doing and no fact that the issuer stated."""

YEAR_DIGITS: Final = 4

PERSONAL_KINDS: Final = frozenset({"completion", "certificate"})
"""Kinds of entry whose bodies are about a person."""


def facts_of(command: RecordCompletion | RecordCertificate) -> dict[str, Any]:
    """Give what the issuer states: the body without the fields of ``NOT_FACTS``.

    Raises:
        MalformedError: The facts cannot be written (negative numbers, a score that is no
            decimal, an empty text, an unknown mode or rank, an end before the start).
    """
    if isinstance(command, RecordCertificate):
        return _certificate_facts(command)
    return _completion_facts(command)


def identity_of(facts: Mapping[str, Any]) -> bytes:
    """Name what facts are about, for one person: equal for two postings of the same record.

    A completion is its class number, the occupation, and the year the class began; a certificate is
    its number. A re-sent file with other hours, scores, dates, level or verdict is thus known as a
    change of the same record (intake notes: resent with corrected rows), also through another
    account. The year is there because some schools count their classes anew each year; level and
    days are not, because they are what gets corrected.

    Returns:
        Canonical bytes without anything about the person. Compare them within one subject only.
    """
    if "class" not in facts:
        return encode(["certificate", facts["certificate"]["number"]])
    taught = facts["class"]
    year = int(taught["start"][:YEAR_DIGITS])
    return encode(["completion", taught["number"], facts["occupation"]["code"], year])


def schedule_body(schedule: CreditSchedule) -> dict[str, Any]:
    """Make the body that publishes a credit schedule."""
    return {"v": VERSION, **schedule.to_json()}


def _completion_facts(command: RecordCompletion) -> dict[str, Any]:
    taught, assessment = command.training_class, command.assessment
    on, certificate = assessment.on, command.certificate
    if taught.end < taught.start:
        raise MalformedError("class.end: found a day before the start, expected none before it")
    return {
        "v": VERSION,
        "class": {
            "number": _text("class.number", taught.number),
            "name": _text_or_none("class.name", taught.name),
            "training_type": _text_or_none("class.training_type", taught.training_type),
            "start": taught.start.isoformat(),
            "end": taught.end.isoformat(),
        },
        "occupation": _occupation(command.occupation),
        "level": _level(command.level),
        "hours": _hours(command.hours),
        "attendance": _attendance(command.attendance),
        "assessment": {
            "on": None if on is None else on.isoformat(),
            "passed": assessment.passed,
            "scores": _scores(assessment.scores),
        },
        "certificate": None
        if certificate is None
        else {
            "type": _text("certificate.type", certificate.type),
            "number": _text("certificate.number", certificate.number),
            "issued": certificate.issued.isoformat(),
        },
    }


def _certificate_facts(command: RecordCertificate) -> dict[str, Any]:
    stated = command.certificate
    return {
        "v": VERSION,
        "certificate": {
            "type": _text("certificate.type", stated.type),
            "number": _text("certificate.number", stated.number),
            "issued": stated.issued.isoformat(),
            "assessor": _text_or_none("certificate.assessor", stated.assessor),
        },
        "occupation": _occupation(command.occupation),
        "level": _level(command.level),
    }


def _credit(award: Award, schedule: CreditSchedule) -> dict[str, Any]:
    return {
        "schedule": schedule.schedule_id,
        "version": schedule.version,
        "schedule_hash": schedule_hash(schedule),
        "exact": format_fraction(award.exact),
        "granted": award.granted,
        "reasons": list(award.reasons),
    }


def _text(what: str, value: str) -> str:
    # What a writer let through and a reader refuses would be recorded and never readable again.
    if not 0 < len(value) <= TEXT_MAX or value != value.strip():
        raise MalformedError(
            f"{what}: found text of {len(value)} characters, expected 1 to {TEXT_MAX} characters,"
            " no blanks around it"
        )
    return value


def _text_or_none(what: str, value: str | None) -> str | None:
    return None if value is None else _text(what, value)


def _occupation(occupation: Occupation) -> dict[str, Any]:
    return {
        "code": _text("occupation.code", occupation.code),
        "name": _text("occupation.name", occupation.name),
    }


def _level(level: int) -> int:
    if level not in RANKS:
        raise MalformedError(f"level: found {level}, expected a rank from 0 to {RANKS[-1]}")
    return level


def _scores(scores: Mapping[str, str]) -> dict[str, str]:
    if not all(SCORE_PART.fullmatch(part) for part in scores):
        raise MalformedError("assessment.scores: expected parts in lower-case letters")
    return {part: shortest_decimal(text) for part, text in scores.items()}


def _hours(hours: Mapping[str, Fraction]) -> dict[str, str]:
    if not all(mode in MODES for mode in hours):
        raise MalformedError(f"hours: found an unknown mode, expected one of {', '.join(MODES)}")
    return {mode: format_number(amount) for mode, amount in hours.items() if amount}


def _attendance(attendance: Fraction | None) -> str | None:
    if attendance is None:
        return None
    if attendance > 1:
        raise MalformedError("attendance: found more than 1, expected a share from 0 to 1")
    return format_number(attendance)
