"""What an entry does to the status of the records before it."""

from datetime import date

import pytest

from ledger.domain.record_status import OneRecord, RecordsOfPeriod, withdrawal_by
from ledger.domain.withdrawals import (
    RevokeIssuer,
    RevokeRecord,
    erasure_body,
    issuer_revocation_body,
    revocation_body,
)
from ledger.errors import MalformedError


def test_a_correction_supersedes_and_a_first_record_does_nothing() -> None:
    assert withdrawal_by("completion", {"corrects": 7}) == OneRecord(7, "superseded")
    assert withdrawal_by("certificate", {"corrects": 0}) == OneRecord(0, "superseded")
    assert withdrawal_by("completion", {"corrects": None}) is None


def test_a_revocation_revokes_one_and_an_issuer_revocation_those_of_a_period() -> None:
    one = revocation_body(RevokeRecord(7, "entered-in-error"))
    assert withdrawal_by("revocation", one) == OneRecord(7, "revoked")
    period = RevokeIssuer("org-x", date(2025, 1, 1), date(2025, 12, 31), "issuer-misconduct")
    assert withdrawal_by("issuer-revocation", issuer_revocation_body(period)) == RecordsOfPeriod(
        "org-x", "2025-01-01", "2025-12-31", "revoked"
    )


@pytest.mark.parametrize("kind", ["key", "organisation", "schedule", "occupations"])
def test_other_entries_leave_records_alone(kind: str) -> None:
    assert withdrawal_by(kind, {"v": 1}) is None


def test_an_erasure_leaves_no_row_that_could_be_withdrawn() -> None:
    assert withdrawal_by("erasure", erasure_body([3])) is None


@pytest.mark.parametrize("kind", ["revocation", "issuer-revocation"])
def test_a_body_that_is_none_of_its_kind_is_refused(kind: str) -> None:
    with pytest.raises(MalformedError):
        withdrawal_by(kind, {"v": 1, "entry": "7"})
