"""Records and schedules of synthetic people, for the tests of this folder."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from ledger.core.canonical import decode
from ledger.domain.bodies import RecordBodyWriter
from ledger.domain.credits import (
    Award,
    CertificateInputs,
    award,
    completion_inputs,
    numbers_of,
)
from ledger.domain.decisions import (
    Accepted,
    Duplicate,
    RecordState,
    Refused,
    class_terms,
    decide_certificate,
    decide_completion,
)
from ledger.domain.organisations import Organisation, Scope
from ledger.domain.record_facts import FactsWriter, RecordFacts
from ledger.domain.records import (
    Assessment,
    Certificate,
    Occupation,
    Person,
    RecordCertificate,
    RecordCompletion,
    TrainingClass,
)
from ledger.domain.schedule_terms import CreditSchedule, FixedCredit
from ledger.domain.schedules import EXAMPLE_SCHEDULE, ScheduleBook
from ledger.domain.transcript import LedgerRecord

SKILL = "职业技能等级证书"
ELECTRICIAN = Occupation("6-31-01-03", "电工")
CARER = Occupation("4-10-01-05", "养老护理员")
SCHOOL = "org-" + "a" * 26
OTHER_SCHOOL = "org-" + "b" * 26
SUBJECT = "5" * 64


def schedule(**changes: object) -> CreditSchedule:
    """The example schedule with some fields changed."""
    return replace(EXAMPLE_SCHEDULE, **changes)


def certificate_schedule(credits_by_level: dict[int, int], **changes: object) -> CreditSchedule:
    """A schedule that gives whole credits for skill certificates by rank."""
    fixed = tuple(FixedCredit(SKILL, rank, Fraction(n)) for rank, n in credits_by_level.items())
    changes = {"quantum": Fraction(1), "fixed_credit": fixed, "dedupe_key": "none", **changes}
    return schedule(**changes)


def completion(**changes: object) -> RecordCompletion:
    """A completed class of 48 theory, 72 practice and 16 online hours."""
    command = RecordCompletion(
        Person("胡芳雨", "330199199505192154"),
        TrainingClass(
            "ZJ20230008", "电工初级工第8期", "岗前培训", date(2023, 5, 4), date(2023, 6, 24)
        ),
        ELECTRICIAN,
        1,
        {"theory": Fraction(48), "practice": Fraction(72), "online": Fraction(16)},
        Fraction(43, 50),
        Assessment(date(2023, 6, 25), passed=True, scores={"theory": "72", "practice": "83"}),
        Certificate(SKILL, "S000033840776235000001", date(2023, 7, 22)),
    )
    return replace(command, **changes)


def taught(number: str = "ZJ20230008", end: date = date(2023, 6, 24)) -> TrainingClass:
    """A class of one day."""
    return TrainingClass(number, None, None, end, end)


def certificate(level: int = 3, issued: date = date(2023, 7, 22), n: int = 1) -> RecordCertificate:
    """A certificate gained without a class."""
    return RecordCertificate(
        Person("胡芳雨", "330199199505192154"),
        Certificate(SKILL, f"S00003384077623{6 - level}{n:06}", issued, None),
        ELECTRICIAN,
        level,
    )


def organisation(**changes: object) -> Organisation:
    """A school filed for both sample occupations at every rank since 2020."""
    scope = tuple(
        Scope(occupation.code, frozenset(range(8)), date(2020, 1, 1), None)
        for occupation in (ELECTRICIAN, CARER)
    )
    school = Organisation(SCHOOL, "某技工学校", "91330199MA2AXXXX0L", "school", scope)
    return replace(school, **changes)


def body_of(command: RecordCompletion | RecordCertificate, rule: CreditSchedule) -> dict[str, Any]:
    """The body that a command makes."""
    if isinstance(command, RecordCertificate):
        earned = award(rule, CertificateInputs(command.certificate.type, command.level))
    else:
        hours = completion_inputs(
            command.hours, command.level, command.assessment, command.attendance
        )
        earned = award(rule, hours)
    return body_with(command, earned, rule, None)


def facts_of(command: RecordCompletion | RecordCertificate) -> RecordFacts:
    """The facts of one posting by itself."""
    return FactsWriter().facts_of(command)


def body_with(
    command: RecordCompletion | RecordCertificate,
    earned: Award,
    rule: CreditSchedule,
    corrects: int | None,
) -> dict[str, Any]:
    """The body of a command with an award of the caller's."""
    content = facts_of(command).content
    before, behind = RecordBodyWriter().around_subject(content, earned, rule, corrects)
    body: Any = decode(before + SUBJECT.encode() + behind)
    return dict(body)


def recorded(
    index: int,
    command: RecordCompletion | RecordCertificate,
    rule: CreditSchedule,
    **changes: object,
) -> LedgerRecord:
    """An entry as a transcript reads it, recorded on 2024-01-15 unless said."""
    kind = "certificate" if isinstance(command, RecordCertificate) else "completion"
    at = datetime(2024, 1, 15, 8, tzinfo=UTC)
    entry = LedgerRecord(index, kind, SCHOOL, int(at.timestamp() * 1000), body_of(command, rule))
    return replace(entry, **changes)


def book(*schedules: CreditSchedule) -> ScheduleBook:
    """A book of these schedules."""
    return ScheduleBook(schedules)


def decided(
    state: RecordState, command: RecordCompletion | RecordCertificate
) -> Accepted | Refused | Duplicate:
    """What the rules say of a command in a state."""
    if isinstance(command, RecordCertificate):
        return decide_certificate(state, command)
    terms = class_terms(state, command, numbers_of(command.hours.items()))
    return decide_completion(state, command, terms)
