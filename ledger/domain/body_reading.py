"""Reading the bodies of records about a person: exactly what ``ledger.domain.bodies`` writes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from ledger.domain.credits import REASONS
from ledger.domain.fields import Fields
from ledger.domain.number_text import parse_decimal, parse_fraction, parse_scaled
from ledger.domain.records import Assessment, Certificate, Occupation, TrainingClass
from ledger.domain.schedule_reading import parse_schedule
from ledger.domain.schedule_terms import MODES, RANKS, CreditSchedule
from ledger.errors import MalformedError

VERSION: Final = 1
BODY_FIELDS: Final = ("v", "subject", "corrects", "credit", "facts")

SCORE_PART: Final = re.compile(r"[a-z][a-z_]{0,31}")
"""How a part of an examination is named: ``theory``, ``practice``, ``overall`` ..."""


@dataclass(frozen=True, slots=True)
class Credit:
    """The credit as an entry states it, with the rule that gave it.

    Attributes:
        schedule_id: With ``version`` and ``schedule_hash``, the rule.
        exact: Before rounding. granted: Decimal text at the schedule's quantum.
        reasons: Codes of ``ledger.domain.credits.REASONS``.
    """

    schedule_id: str
    version: int
    schedule_hash: str
    exact: Fraction
    granted: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Completion:
    """A recorded completion. ``subject`` is the body's own tag, ``corrects`` an entry's index."""

    subject: str
    corrects: int | None
    training_class: TrainingClass
    occupation: Occupation
    level: int
    hours: Mapping[str, Fraction]
    attendance: Fraction | None
    assessment: Assessment
    certificate: Certificate | None
    credit: Credit

    @property
    def event_on(self) -> date:
        """The day that decides schedule, caps, expiry and lateness: the last day of the class."""
        return self.training_class.end


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A recorded certificate that was gained without a class on this ledger."""

    subject: str
    corrects: int | None
    certificate: Certificate
    occupation: Occupation
    level: int
    credit: Credit

    @property
    def event_on(self) -> date:
        """The day that decides schedule, caps, expiry and lateness: the day of issue."""
        return self.certificate.issued


def parse_completion(value: object) -> Completion:
    """Read the body of a completion.

    Raises:
        MalformedError: It is not exactly what ``RecordBodyWriter`` writes.
    """
    body = Fields("completion", value, BODY_FIELDS)
    body.integer("v", VERSION, VERSION)
    facts = "class occupation level hours attendance assessment certificate"
    read = body.part("facts", facts.split())
    attendance = read.optional("attendance", read.number)
    if attendance is not None and attendance > 1:
        raise read.fail("attendance", "a share from 0 to 1, or null")
    hours = read.numbers("hours", MODES)
    if not all(hours.values()):
        raise read.fail("hours", "hours above 0; a mode without hours is left out")
    return Completion(
        body.digest("subject"),
        body.optional("corrects", body.integer),
        _parse_class(read),
        _parse_occupation(read),
        read.integer("level", RANKS[0], RANKS[-1]),
        hours,
        attendance,
        _parse_assessment(read),
        read.optional("certificate", lambda name: _parse_certificate(read, name)),
        _parse_credit(body),
    )


def parse_certificate(value: object) -> CertificateRecord:
    """Read the body of a certificate.

    Raises:
        MalformedError: It is not exactly what ``RecordBodyWriter`` writes.
    """
    body = Fields("certificate", value, BODY_FIELDS)
    body.integer("v", VERSION, VERSION)
    read = body.part("facts", ("certificate", "occupation", "level"))
    return CertificateRecord(
        body.digest("subject"),
        body.optional("corrects", body.integer),
        _parse_certificate(read, "certificate"),
        _parse_occupation(read),
        read.integer("level", RANKS[0], RANKS[-1]),
        _parse_credit(body),
    )


def parse_schedule_body(value: object) -> CreditSchedule:
    """Read the body that publishes a credit schedule.

    Raises:
        MalformedError: It is not exactly what ``schedule_body`` makes.
    """
    if not isinstance(value, Mapping) or value.get("v") is not VERSION:
        raise MalformedError(f"schedule.v: expected {VERSION}")
    return parse_schedule({name: field for name, field in value.items() if name != "v"})


def _parse_class(read: Fields) -> TrainingClass:
    taught = read.part("class", ("number", "name", "training_type", "start", "end"))
    start, end = taught.day("start"), taught.day("end")
    if end < start:
        raise taught.fail("end", "a date not before the start")
    return TrainingClass(
        taught.text("number"),
        taught.optional("name", taught.text),
        taught.optional("training_type", taught.text),
        start,
        end,
    )


def _parse_occupation(read: Fields) -> Occupation:
    occupation = read.part("occupation", ("code", "name"))
    return Occupation(occupation.text("code"), occupation.text("name"))


def _parse_assessment(read: Fields) -> Assessment:
    assessment = read.part("assessment", ("on", "passed", "scores"))
    stated = assessment.mapping("scores")
    if not all(SCORE_PART.fullmatch(part) for part in stated):
        raise assessment.fail("scores", "parts in lower-case letters")
    scores = assessment.part("scores", stated.keys())
    for part in stated:
        scores.number(part, parse_decimal, "72.5")
    return Assessment(
        assessment.optional("on", assessment.day), assessment.boolean("passed"), dict(stated)
    )


def _parse_certificate(read: Fields, name: str) -> Certificate:
    stated = read.part(name, ("type", "number", "issued", "assessor"))
    return Certificate(
        stated.text("type"),
        stated.text("number"),
        stated.day("issued"),
        stated.optional("assessor", stated.text),
    )


def _parse_credit(read: Fields) -> Credit:
    names = ("schedule", "version", "schedule_hash", "exact", "granted", "reasons")
    credit = read.part("credit", names)
    credit.number("granted", parse_scaled, "7.0")
    return Credit(
        credit.text("schedule"),
        credit.integer("version", 1),
        credit.digest("schedule_hash"),
        credit.number("exact", parse_fraction, "35/6"),
        credit.text("granted"),
        credit.words("reasons", REASONS),
    )
