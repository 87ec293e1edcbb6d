from datetime import date

import pytest

from ledger.core.canonical import decode, encode
from ledger.domain.withdrawals import (
    RevokeIssuer,
    RevokeRecord,
    erasure_body,
    issuer_revocation_body,
    parse_erasure,
    parse_issuer_revocation,
    parse_revocation,
    revocation_body,
)
from ledger.errors import MalformedError
from tests.domain.specimens import OTHER_SCHOOL, SCHOOL

ALL_OF_MAY = RevokeIssuer(SCHOOL, date(2023, 5, 1), date(2023, 5, 31), "issuer-misconduct", "甲1号")


def test_a_revocation_reads_back_as_it_was_ordered() -> None:
    order = RevokeRecord(7, "scores-altered", None)
    assert revocation_body(order) == {
        "v": 1,
        "entry": 7,
        "reason": "scores-altered",
        "document": None,
    }
    assert parse_revocation(decode(encode(revocation_body(order)))) == order


def test_an_issuer_revocation_reads_back_as_it_was_ordered() -> None:
    body = issuer_revocation_body(ALL_OF_MAY)
    assert set(body) == {"v", "issuer", "from", "to", "reason", "document"}
    assert parse_issuer_revocation(decode(encode(body))) == ALL_OF_MAY


def test_an_erasure_names_each_entry_once_in_order() -> None:
    assert erasure_body([9, 2, 9]) == {"v": 1, "entries": [2, 9]}
    assert parse_erasure({"v": 1, "entries": [0, 2]}) == (0, 2)
    for entries in ([], [2, 2], [3, 1], [-1], ["1"], [True]):
        with pytest.raises(MalformedError, match=r"erasure\.entries"):
            parse_erasure({"v": 1, "entries": entries})
    with pytest.raises(MalformedError):
        erasure_body([])


def test_a_reason_outside_the_list_cannot_be_recorded() -> None:
    """Free text could name a person."""
    with pytest.raises(MalformedError, match="expected one of") as refused:
        revocation_body(RevokeRecord(7, "胡芳雨冒名"))
    assert "胡芳雨" not in refused.value.message
    with pytest.raises(MalformedError):
        issuer_revocation_body(
            RevokeIssuer(SCHOOL, date(2023, 5, 2), date(2023, 5, 1), "court-order")
        )


def test_an_issuer_revocation_covers_its_period_to_both_ends() -> None:
    days = [date(2023, 4, 30), date(2023, 5, 1), date(2023, 5, 31), date(2023, 6, 1)]
    assert [ALL_OF_MAY.covers(SCHOOL, day) for day in days] == [False, True, True, False]
    assert not ALL_OF_MAY.covers(OTHER_SCHOOL, date(2023, 5, 5))
