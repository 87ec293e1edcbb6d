from datetime import date
from fractions import Fraction

import pytest

from ledger.domain.conversions import Balance, Conversion, balance
from ledger.domain.schedule_terms import CreditSchedule, Expiry
from ledger.domain.transcript import transcript
from tests.domain.specimens import book, certificate, certificate_schedule, recorded

ON = date(2024, 12, 31)


def balance_after(
    rule: CreditSchedule, *conversions: Conversion, on: date = ON, **withdrawal: object
) -> Balance:
    rules = book(rule)
    entry = recorded(7, certificate(), rule, **withdrawal)
    return balance(transcript("subject", [entry], rules, on), conversions, rules)


COURSE = Conversion(Fraction(20), "电工基础", 7)


def test_spent_credits_are_no_longer_available() -> None:
    left = balance_after(certificate_schedule({3: 20}), Conversion(Fraction(8), "电工基础", 7))
    assert (left.total, left.converted, left.available, left.shortfall) == ("20", "8", "12", "0")
    assert left.lines[0].flag is None


@pytest.mark.parametrize(
    ("cascade", "converted", "shortfall"), [((), "20", "20"), (("conversion",), "0", "0")]
)
def test_vector_9_a_certificate_revoked_after_its_credit_was_converted(
    cascade: tuple[str, ...], converted: str, shortfall: str
) -> None:
    """Domain notes 2.5, vector 9: conversion flagged; balance never silently negative."""
    rule = certificate_schedule({3: 20}, revocation_cascade=cascade)
    left = balance_after(rule, COURSE, revoked_by=9, revocation_reason="scores-altered")
    assert (left.total, left.converted, left.available) == ("0", converted, "0")
    assert left.shortfall == shortfall
    assert left.lines[0].flag == "source-revoked"
    assert left.lines[0].stands == (cascade == ())


def test_a_conversion_of_more_than_its_source_counts_is_flagged() -> None:
    left = balance_after(certificate_schedule({3: 20}), COURSE, Conversion(Fraction(1), "安全", 7))
    assert [line.flag for line in left.lines] == [None, "source-exceeded"]
    assert (left.available, left.shortfall) == ("0", "1")


def test_a_source_that_is_gone_is_flagged() -> None:
    rule = certificate_schedule({3: 20}, revocation_cascade=("conversion",))
    missing = balance_after(rule, Conversion(Fraction(1), "安全", 8))
    assert missing.lines[0].flag == "source-missing"
    replaced = balance_after(rule, COURSE, superseded_by=8)
    assert (replaced.lines[0].flag, replaced.shortfall) == ("source-superseded", "20")
    expired = balance_after(
        certificate_schedule({3: 20}, expiry=Expiry("months", 12)), COURSE, on=ON
    )
    assert expired.lines[0].flag == "source-expired"
