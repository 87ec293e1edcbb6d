from datetime import date

import pytest

from ledger.domain.decisions import Duplicate, Refused
from ledger.domain.withdrawal_decisions import (
    CODES,
    IssuerRevocationState,
    RevocationState,
    TargetRecord,
    WithdrawalAccepted,
    decide_issuer_revocation,
    decide_revocation,
)
from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from tests.domain.specimens import OTHER_SCHOOL, SCHOOL

ORDER = RevokeRecord(7, "scores-altered")
RECORD = TargetRecord("completion", SCHOOL)
PERIOD = RevokeIssuer(SCHOOL, date(2023, 1, 1), date(2023, 12, 31), "issuer-misconduct")


@pytest.mark.parametrize("actor", [SCHOOL, "ledger"])
def test_the_issuer_and_the_operator_may_take_a_record_back(actor: str) -> None:
    answer = decide_revocation(RevocationState(actor, RECORD), ORDER)
    assert isinstance(answer, WithdrawalAccepted)
    assert answer.body["entry"] == 7


REFUSED = {
    "entry-unknown": (SCHOOL, None, None),
    "not-revocable": (SCHOOL, TargetRecord("schedule", "ledger"), 7),
    "not-your-record": (OTHER_SCHOOL, RECORD, 7),
    "already-revoked": (SCHOOL, TargetRecord("completion", SCHOOL, None, 9), 9),
    "already-superseded": (SCHOOL, TargetRecord("certificate", SCHOOL, 8), 8),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_revocation_is_refused_with_a_code_and_a_pointer(code: str) -> None:
    actor, target, index = REFUSED[code]
    answer = decide_revocation(RevocationState(actor, target), ORDER)
    assert isinstance(answer, Refused)
    assert (answer.code, answer.entry_index) == (code, index)
    assert "expected" in answer.message


def test_who_may_not_revoke_learns_nothing_of_the_records_state() -> None:
    target = TargetRecord("completion", SCHOOL, 8, 9)
    answer = decide_revocation(RevocationState(OTHER_SCHOOL, target), ORDER)
    assert isinstance(answer, Refused)
    assert answer.code == "not-your-record"


def test_a_reason_outside_the_list_is_refused() -> None:
    answer = decide_revocation(RevocationState(SCHOOL, RECORD), RevokeRecord(7, "anger"))
    assert isinstance(answer, Refused)
    assert answer.code == "malformed"
    backwards = RevokeIssuer(SCHOOL, date(2023, 2, 1), date(2023, 1, 1), "issuer-misconduct")
    answer = decide_issuer_revocation(IssuerRevocationState("ledger", issuer_known=True), backwards)
    assert isinstance(answer, Refused)
    assert answer.code == "malformed"


def test_only_the_operator_takes_back_a_period() -> None:
    """Domain notes 0.8: mass revocation is a normal event."""
    answer = decide_issuer_revocation(IssuerRevocationState("ledger", issuer_known=True), PERIOD)
    assert isinstance(answer, WithdrawalAccepted)
    for wrong, code in [
        (IssuerRevocationState(SCHOOL, issuer_known=True), "operator-only"),
        (IssuerRevocationState("ledger", issuer_known=False), "issuer-unknown"),
    ]:
        refused = decide_issuer_revocation(wrong, PERIOD)
        assert isinstance(refused, Refused)
        assert refused.code == code
    again = IssuerRevocationState("ledger", issuer_known=True, same_before=3)
    assert decide_issuer_revocation(again, PERIOD) == Duplicate(3, "already-revoked")


def test_every_code_of_the_list_is_tried_above() -> None:
    assert {*REFUSED, "operator-only", "issuer-unknown"} == set(CODES)
