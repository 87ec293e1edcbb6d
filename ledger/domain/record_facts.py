"""The facts of a record: what its issuer stated, as canonical bytes and as what is compared.

    {"assessment":{...},"attendance":"0.86","certificate":{...},
     "class":{...},"hours":{...},"level":1,"occupation":{...}}

Facts are encoded once. Everybody of a class shares the last four members, so these are checked and
encoded once for a class and joined to the first three of each person, whose texts are checked one
by one and written in their sorted order; a property test holds the joined bytes to
``canonical.encode``. No name, ID number or phone enters. Numbers are text in one
spelling; a mode with zero hours is left out, so that a file with an empty column and one without it
state the same fact.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias
from unicodedata import normalize

from ledger.core.canonical import BYTES_MAX, encode
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

COMPLETION: Final = "completion"
CERTIFICATE: Final = "certificate"
YEAR_DIGITS: Final = 4
_BETWEEN: Final = re.compile(r"[\s\-‐-―−_]+")
CONTENT_BYTES_MAX: Final = BYTES_MAX - 4_096
"""Longest facts: what the ledger adds to them must fit into the body too."""
_CLASSES_KEPT: Final = 4_096


class RecordFacts(NamedTuple):
    """What an issuer stated of one record.

    Attributes:
        kind: ``completion`` or ``certificate``, as of the entry.
        content: Canonical bytes: equal for an exact repeat, and only for one.
        identity: What the record is about, for one person: equal for two postings of the same one.
        event_on: Last day of the class, or day of issue; ISO.
        certificate_number: Of the certificate, if there is one.
        hours: Of a posted completion, as numbers; empty for one that was read back.
        shared: Of a posted completion, the part of ``content`` that all of its class share.
    """

    kind: str
    content: bytes
    identity: bytes
    event_on: str
    certificate_number: str | None
    hours: Numbers = ()
    shared: bytes = b""


class _ClassPart(NamedTuple):
    # What everybody of a class shares: the last members of their facts, and what follows from them.
    shared: bytes
    identity: bytes
    end: str


_Stated: TypeAlias = tuple[TrainingClass, Occupation, int, Mapping[str, Fraction]]


class FactsWriter:
    """Gives the facts of one posting after the other; remembers the class of the last.

    A roster comes class by class; seeing that a class is the same is quicker than looking it up.
    """

    def __init__(self) -> None:
        self._stated: _Stated | None = None
        self._hours: Numbers = ()
        self._class: _ClassPart = _ClassPart(b"", b"", "")

    def facts_of(self, command: RecordCompletion | RecordCertificate) -> RecordFacts:
        """Give the facts of one posting.

        Raises:
            MalformedError: They cannot be written so that they can be read back: a negative number,
                a score that is no decimal, an empty text, an unknown mode or rank, an end before
                the start, or a completion with more than a body can hold.
        """
        if isinstance(command, RecordCertificate):
            return _certificate_facts(command)
        certificate = command.certificate
        stated = (command.training_class, command.occupation, command.level, command.hours)
        if stated != self._stated:
            hours = numbers_of(command.hours.items())
            self._class = _class_part(*stated[:3], hours)
            self._hours, self._stated = hours, stated
        taught = self._class
        own = (
            f'{{"assessment":{_assessment(command.assessment)},'
            f'"attendance":{_attendance(command.attendance)},'
            f'"certificate":{"null" if certificate is None else _certificate(certificate)},'
        )
        content = own.encode() + taught.shared
        if len(content) > CONTENT_BYTES_MAX:
            raise MalformedError(
                f"record: found {len(content)} bytes of facts, expected at most {CONTENT_BYTES_MAX}"
            )
        number = None if certificate is None else certificate.number
        return RecordFacts(
            COMPLETION, content, taught.identity, taught.end, number, self._hours, taught.shared
        )


def _certificate_facts(command: RecordCertificate) -> RecordFacts:
    stated = command.certificate
    shared = encode({"level": _level(command.level), "occupation": _occupation(command.occupation)})
    content = f'{{"certificate":{_certificate(stated)},'.encode() + shared[1:]
    identity = _certificate_identity(stated.number)
    return RecordFacts(CERTIFICATE, content, identity, stated.issued.isoformat(), stated.number)


def facts_of_body(body: Mapping[str, Any]) -> RecordFacts:
    """Give the facts of a recorded body, as ``FactsWriter`` gave them when it was posted."""
    facts = body["facts"]
    certificate = facts["certificate"]
    number = None if certificate is None else certificate["number"]
    if "class" not in facts:
        identity = _certificate_identity(certificate["number"])
        return RecordFacts(CERTIFICATE, encode(facts), identity, certificate["issued"], number)
    taught = facts["class"]
    identity = _class_identity(taught["number"], facts["occupation"]["code"], taught["start"])
    return RecordFacts(COMPLETION, encode(facts), identity, taught["end"], number)


# A re-sent file with other hours, scores, days, level or verdict is a change of the same record,
# through whichever account it comes, so none of these is in the identity. The year is, because some
# schools count their classes anew each year.
def _class_identity(number: str, occupation: str, start: str) -> bytes:
    # zj 2023-0008 and ＺＪ20230008 are one class: another spelling must not make another record.
    plain = _BETWEEN.sub("", normalize("NFKC", number).upper())
    return encode([COMPLETION, plain, occupation, int(start[:YEAR_DIGITS])])


def _certificate_identity(number: str) -> bytes:
    return encode([CERTIFICATE, number])


@lru_cache(maxsize=_CLASSES_KEPT)
def _class_part(
    taught: TrainingClass,
    occupation: Occupation,
    level: int,
    hours: Numbers,
) -> _ClassPart:
    if taught.end < taught.start:
        raise MalformedError("class.end: found a day before the start, expected none before it")
    start, end = taught.start.isoformat(), taught.end.isoformat()
    shared = encode(
        {
            "class": {
                "number": _text("class.number", taught.number),
                "name": _text_or_none("class.name", taught.name),
                "training_type": _text_or_none("class.training_type", taught.training_type),
                "start": start,
                "end": end,
            },
            "hours": _hours(dict(parts_of(hours))),
            "level": _level(level),
            "occupation": _occupation(occupation),
        }
    )
    return _ClassPart(shared[1:], _class_identity(taught.number, occupation.code, start), end)


def _assessment(assessment: Assessment) -> str:
    on = assessment.on
    day = "null" if on is None else f'"{on.isoformat()}"'
    verdict = "true" if assessment.passed else "false"
    scores = ",".join(sorted([_score(part, text) for part, text in assessment.scores.items()]))
    return f'{{"on":{day},"passed":{verdict},"scores":{{{scores}}}}}'


def _certificate(stated: Certificate) -> str:
    number = _text("certificate.number", stated.number)
    # Letters and digits alone have one spelling; for anything else the encoder is asked.
    written = f'"{number}"' if number.isascii() and number.isalnum() else encode(number).decode()
    return (
        f'{{"assessor":{_known_text("certificate.assessor", stated.assessor)},'
        f'"issued":"{stated.issued.isoformat()}","number":{written},'
        f'"type":{_known_text("certificate.type", stated.type)}}}'
    )


@lru_cache(maxsize=_CLASSES_KEPT)
def _known_text(what: str, value: str | None) -> str:
    # For a text that many records share.
    return encode(_text_or_none(what, value)).decode()


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


@lru_cache(maxsize=_CLASSES_KEPT)
def _score(part: str, text: str) -> str:
    if not SCORE_PART.fullmatch(part):
        raise MalformedError("assessment.scores: expected parts in lower-case letters")
    return f'"{part}":"{shortest_decimal(text)}"'


def _hours(hours: Mapping[str, Fraction]) -> dict[str, str]:
    if not all(mode in MODES for mode in hours):
        raise MalformedError(f"hours: found an unknown mode, expected one of {', '.join(MODES)}")
    return {mode: format_number(amount) for mode, amount in hours.items() if amount}


def _attendance(attendance: Fraction | None) -> str:
    return "null" if attendance is None else _share(*attendance.as_integer_ratio())


@lru_cache(maxsize=_CLASSES_KEPT)
def _share(above: int, below: int) -> str:
    if above > below:
        raise MalformedError("attendance: found more than 1, expected a share from 0 to 1")
    return f'"{format_number(Fraction(above, below))}"'
