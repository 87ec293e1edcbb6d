"""The report names the first bad index, and what cannot be read is a finding."""

import pytest

from ledger.errors import DamagedError, UnavailableError
from ledger.services.audit_report import AuditReport, Finding, IndexSet, reported


def test_the_first_bad_index_is_none_that_only_follows_from_another() -> None:
    findings = [Finding(3, "record", "", cause=7), Finding(7, "body", ""), Finding(None, "a", "")]
    assert AuditReport(findings=findings).first_bad_index == 7
    assert AuditReport(findings=findings[:1]).first_bad_index == 3
    assert AuditReport(findings=findings[2:]).first_bad_index is None


def test_what_cannot_be_read_is_a_finding_and_no_end() -> None:
    report = AuditReport()
    for error in (TypeError(), DamagedError("gone"), KeyError("x")):
        with reported(report.add, 4, "tile"):
            raise error
    assert [(f.index, f.what) for f in report.findings] == [(4, "tile")] * 3
    # What may pass is not wrong, and what is our own fault must be seen.
    for error in (UnavailableError("locked"), ZeroDivisionError()):
        with pytest.raises(type(error)), reported(report.add, None, "tile"):
            raise error


def test_a_set_of_indices_gives_back_what_was_put_in_by_their_order() -> None:
    some = IndexSet()
    assert list(some) == []
    assert 5 not in some
    some.update([70_000, 0, 7, 8])
    some.update([8, 9])
    assert list(some) == [0, 7, 8, 9, 70_000]
    assert 9 in some
    assert 10 not in some
    assert 10**9 not in some
