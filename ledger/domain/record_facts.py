"""The facts of a record: what its issuer stated, as canonical bytes and as what is compared.

    {"assessment":{...},"attendance":"0.86","certificate":{...},
     "class":{...},"hours":{...},"level":1,"occupation":{...}}

Facts are encoded once. Everybody of a class shares the last four members, so these are checked and
encoded once for a class and joined to the first three of each person; a property test holds the
joined bytes to ``canonical.encode``. No name, ID number or phone enters. Numbers are text in one
spelling; a mode with zero hours is left out, so that a file with an empty column and one without it
state the same fact.
"""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from ledger.core.canonical import encode
from ledger.domain.body_reading import SCORE_PART
from ledger.domain.credits import Numbers, numbers_of, parts_of
from ledger.domain.fields import TEXT_MAX
from ledger.domain.number_text import format_number, shortest_decimal
from ledger.domain.records import (
    Assessment,
    Certificate,
    Occupation,
    RecordCertificate,
    RecordCompletion,
    TrainingClass,
)
from ledger.domain.schedule_terms import MODES, RANKS
from ledger.errors import MalformedError

YEAR_DIGITS: Final = 4
_BETWEEN: Final = re.compile(r"[\s\-‐-―−_]+")
_CLASSES_KEPT: Final = 4_096


class RecordFacts(NamedTuple):
    """What an issuer stated of one record.

    Attributes:
        content: Canonical bytes: equal for an exact repeat, and only for one.
        identity: What the record is about, for one person: equal for two postings of the same one.
        event_on: Last day of the class, or day of issue; ISO.
        certificate_number: Of the certificate, if there is one.
        hours: Of a posted completion, as numbers; empty for one that was read back.
    """

    content: bytes
    identity: bytes
    event_on: str
    certificate_number: str | None
    hours: Numbers = ()


def facts_of(command: RecordCompletion | RecordCertificate) -> RecordFacts:
    """Give the facts of a posting.

    Raises:
        MalformedError: They cannot be written so that they can be read back: a negative number, a
            score that is no decimal, an empty text, an unknown mode or rank, an end before the
            start.
    """
    certificate = command.certificate
    number = None if certificate is None else certificate.number
    if isinstance(command, RecordCertificate):
        content = encode(
            {
                "certificate": _certificate(command.certificate),
                "level": _level(command.level),
                "occupation": _occupation(command.occupation),
            }
        )
        issued = command.certificate.issued.isoformat()
        return RecordFacts(
            content, _certificate_identity(command.certificate.number), issued, number
        )
    hours = numbers_of(command.hours.items())
    shared, identity = _class_part(command.training_class, command.occupation, command.level, hours)
    own = encode(
        {
            "assessment": _assessment(command.assessment),
            "attendance": _attendance(command.attendance),
            "certificate": None if certificate is None else _certificate(certificate),
        }
    )
    content = own[:-1] + b"," + shared[1:]
    return RecordFacts(content, identity, command.training_class.end.isoformat(), number, hours)


def facts_of_body(body: Mapping[str, Any]) -> RecordFacts:
    """Give the facts of a recorded body, as ``facts_of`` gave them when it was posted."""
    facts = body["facts"]
    certificate = facts["certificate"]
    number = None if certificate is None else certificate["number"]
    if "class" not in facts:
        identity = _certificate_identity(certificate["number"])
        return RecordFacts(encode(facts), identity, certificate["issued"], number)
    taught = facts["class"]
    identity = _class_identity(taught["number"], facts["occupation"]["code"], taught["start"])
    return RecordFacts(encode(facts), identity, taught["end"], number)


# A re-sent file with other hours, scores, days, level or verdict is a change of the same record,
# through whichever account it comes, so none of these is in the identity. The year is, because some
# schools count their classes anew each year.
def _class_identity(number: str, occupation: str, start: str) -> bytes:
    # zj 2023-0008 and ＺＪ20230008 are one class: another spelling must not make another record.
    plain = _BETWEEN.sub("", normalize("NFKC", number).upper())
    return encode(["completion", plain, occupation, int(start[:YEAR_DIGITS])])


def _certificate_identity(number: str) -> bytes:
    return encode(["certificate", number])


@lru_cache(maxsize=_CLASSES_KEPT)
def _class_part(
    taught: TrainingClass,
    occupation: Occupation,
    level: int,
    hours: Numbers,
) -> tuple[bytes, bytes]:
    """Encode what everybody of a class shares, and the identity of their records."""
    if taught.end < taught.start:
        raise MalformedError("class.end: found a day before the start, expected none before it")
    start = taught.start.isoformat()
    shared = encode(
        {
            "class": {
                "number": _text("class.number", taught.number),
                "name": _text_or_none("class.name", taught.name),
                "training_type": _text_or_none("class.training_type", taught.training_type),
                "start": start,
                "end": taught.end.isoformat(),
            },
            "hours": _hours(dict(parts_of(hours))),
            "level": _level(level),
            "occupation": _occupation(occupation),
        }
    )
    return shared, _class_identity(taught.number, occupation.code, start)


def _assessment(assessment: Assessment) -> dict[str, Any]:
    on = assessment.on
    return {
        "on": None if on is None else _iso(on),
        "passed": assessment.passed,
        "scores": _scores(assessment.scores),
    }


def _certificate(stated: Certificate) -> dict[str, Any]:
    return {
        "type": _text("certificate.type", stated.type),
        "number": _text("certificate.number", stated.number),
        "issued": _iso(stated.issued),
        "assessor": _text_or_none("certificate.assessor", stated.assessor),
    }


def _iso(day: date) -> str:
    return day.isoformat()


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
    return {part: _score(part, text) for part, text in scores.items()}


@lru_cache(maxsize=_CLASSES_KEPT)
def _score(part: str, text: str) -> str:
    if not SCORE_PART.fullmatch(part):
        raise MalformedError("assessment.scores: expected parts in lower-case letters")
    return shortest_decimal(text)


def _hours(hours: Mapping[str, Fraction]) -> dict[str, str]:
    if not all(mode in MODES for mode in hours):
        raise MalformedError(f"hours: found an unknown mode, expected one of {', '.join(MODES)}")
    return {mode: format_number(amount) for mode, amount in hours.items() if amount}


@lru_cache(maxsize=_CLASSES_KEPT)
def _attendance(attendance: Fraction | None) -> str | None:
    if attendance is None:
        return None
    if attendance > 1:
        raise MalformedError("attendance: found more than 1, expected a share from 0 to 1")
    return format_number(attendance)
