"""Statuses are held against the entries that made them, in both directions and in any order."""

from datetime import date
from pathlib import Path

import pytest

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.services.auditing import audit
from ledger.services.context import Ledger
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.databases import only_sqlite
from tests.ledgers import (
    edit,
    make_certificate,
    make_command,
    make_ledger,
    post,
    post_one,
    reopen,
    school_of,
    verify_whole,
)

UNDONE = "UPDATE record SET status = 'active', related = NULL"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Records at 4 to 8, a certificate among them.

    9 corrects 4, 10 revokes 9, 11 revokes the school's of one day.
    """
    made = make_ledger(tmp_path)
    post(made, *(make_command(n) for n in range(4)), make_certificate(8))
    post_one(made, make_command(0, attendance=None), correcting=True)
    revoke_record(made, "ledger", RevokeRecord(9, "entered-in-error"))
    revoke_issuer(made, RevokeIssuer(school_of(made), date(2025, 4, 11), date(2025, 4, 11),
                                     "issuer-misconduct"))  # fmt: skip
    verify_whole(made)
    return made


EDITS = {
    "a correction undone": (f'{UNDONE} WHERE "index" = 4', 4),
    "a revocation undone": (f'{UNDONE} WHERE "index" = 9', 9),
    "an issuer's revocation undone": (f'{UNDONE} WHERE "index" = 6', 6),
    "an issuer's revocation undone everywhere": (f"{UNDONE} WHERE related = 11", 5),
    "a revocation given to another entry": ('UPDATE record SET related = 10 WHERE "index" = 6', 6),
    "a correction called a revocation": (
        "UPDATE record SET status = 'revoked' WHERE \"index\" = 4", 4),
    "a later withdrawal in the place of the first": (
        "UPDATE record SET status = 'revoked', related = 11 WHERE \"index\" = 4", 4),
    "a day outside the period": (
        "UPDATE record SET status = 'revoked', related = 11 WHERE \"index\" = 8", 8),
    "a relation without a status": ('UPDATE record SET related = 10 WHERE "index" = 8', 8),
    "a relation to what comes before": ('UPDATE record SET related = 2 WHERE "index" = 6', 6),
    "a relation to nothing": ('UPDATE record SET related = 99 WHERE "index" = 6', 6),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_a_status_that_the_log_does_not_make_is_found_at_its_record(
    ledger: Ledger, name: str
) -> None:
    statement, index = EDITS[name]
    _finds(ledger, statement, index)


@only_sqlite  # PostgreSQL takes no text where a number belongs
def test_a_relation_that_is_no_number_is_found_at_its_record(ledger: Ledger) -> None:
    _finds(ledger, "UPDATE record SET related = 'x' WHERE [index] = 6", 6)


def _finds(ledger: Ledger, statement: str, index: int) -> None:
    assert edit(ledger, statement) >= 1
    report = audit(reopen(ledger))
    assert report.first_bad_index == index, report.findings
    assert {finding.what for finding in report.findings} == {"record"}


def test_what_follows_from_a_damaged_withdrawal_is_told_as_its_consequence(ledger: Ledger) -> None:
    edit(ledger, 'UPDATE body SET salt = zeroblob(32) WHERE "index" = 11')
    report = audit(reopen(ledger))
    assert report.first_bad_index == 11
    assert {finding.cause for finding in report.findings if finding.what == "record"} == {11}
