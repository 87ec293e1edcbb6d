"""Synthetic people and what a school says of them: as many as a test asks for, each by a number."""

from datetime import date, timedelta
from fractions import Fraction

from ledger.domain.identifiers import id_check_character
from ledger.domain.records import (
    Assessment,
    Occupation,
    Person,
    RecordCertificate,
    RecordCompletion,
    TrainingClass,
)
from ledger.domain.records import Certificate as StatedCertificate

CARER = Occupation("4-10-01-05", "养老护理员")
SEQUENCES = 1_000
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
GIVEN = "安博晨丹恩芳国海佳康岚明宁鹏琴瑞"


def id_number(number: int) -> str:
    """Give the ID number of the synthetic person ``number``; county 330199 has nobody."""
    born = date(1950, 1, 1) + timedelta(days=number // SEQUENCES)
    first17 = f"330199{born:%Y%m%d}{number % SEQUENCES:03}"
    return first17 + id_check_character(first17)


def person(number: int) -> Person:
    """Give the synthetic person ``number``."""
    first, second = GIVEN[number // 16 % 16], GIVEN[number // 256 % 16]
    return Person(SURNAMES[number % 16] + first + second, id_number(number))


def completion(
    number: int, *, training_class: str = "JL2025001", level: int = 1
) -> RecordCompletion:
    """Give the completion of a class by the person ``number``, without a certificate."""
    return RecordCompletion(
        person(number),
        TrainingClass(training_class, None, None, date(2025, 3, 3), date(2025, 4, 11)),
        CARER,
        level,
        {"theory": Fraction(40), "practice": Fraction(80), "online": Fraction(0)},
        Fraction(9, 10),
        Assessment(date(2025, 4, 14), passed=True, scores={"theory": "80"}),
        None,
    )


def certificate(number: int) -> RecordCertificate:
    """Give the certificate that the person ``number`` gained without a class."""
    stated = StatedCertificate(
        "职业技能等级证书", f"S0000339901992550{number:05}", date(2025, 5, 12)
    )
    return RecordCertificate(person(number), stated, CARER, 1)
