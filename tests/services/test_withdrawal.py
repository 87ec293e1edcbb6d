"""Withdrawing a record, or all that an issuer gave in a period; both stay in the log."""

from datetime import date

import pytest

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import RefusedError
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.transcripts import read_transcript
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.ledgers import (
    TODAY,
    add_other_school,
    make_command,
    post,
    post_one,
    school_of,
    subject_of,
    verify_whole,
)

YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def _transcript(ledger: Ledger, n: int = 0) -> dict[str, object]:
    return read_transcript(ledger, subject_of(ledger, n), TODAY)


def _index(ledger: Ledger, n: int = 0) -> int:
    index = post_one(ledger, make_command(n)).entry_index
    assert index is not None
    return index


def test_a_revoked_record_counts_no_more_and_says_why(ledger: Ledger) -> None:
    index = _index(ledger)
    answer = revoke_record(
        ledger, school_of(ledger), RevokeRecord(index, "exam-irregular", "人社〔2026〕1号")
    )
    assert answer == {"entry": index + 1, "revoked": [index]}
    shown = _transcript(ledger)
    assert shown["total_credits"] == "0.0"
    line = shown["records"][0]  # type: ignore[index]
    assert (line["status"], line["related"]) == ("revoked", index + 1)
    assert "exam-irregular" in line["notes"]
    verify_whole(ledger)


@pytest.mark.parametrize("target", [-1, 0, 10**6])
def test_what_is_no_record_cannot_be_revoked(ledger: Ledger, target: int) -> None:
    with pytest.raises(RefusedError) as caught:
        revoke_record(ledger, "ledger", RevokeRecord(target, "entered-in-error"))
    assert caught.value.code in {"entry-unknown", "not-revocable"}
    verify_whole(ledger)


def test_a_record_is_revoked_once(ledger: Ledger) -> None:
    index = _index(ledger)
    revoke_record(ledger, "ledger", RevokeRecord(index, "entered-in-error"))
    with pytest.raises(RefusedError) as caught:
        revoke_record(ledger, "ledger", RevokeRecord(index, "entered-in-error"))
    assert caught.value.code == "already-revoked"
    verify_whole(ledger)


def test_an_issuer_revokes_its_own_records_only(ledger: Ledger) -> None:
    index, other = _index(ledger), add_other_school(ledger)
    with pytest.raises(RefusedError) as caught:
        revoke_record(ledger, other.id, RevokeRecord(index, "entered-in-error"))
    assert caught.value.code == "not-your-record"
    verify_whole(ledger)


def test_a_superseded_record_is_not_revoked_but_its_correction_is(ledger: Ledger) -> None:
    index = _index(ledger)
    newest = post_one(ledger, make_command(attendance=None), correcting=True).entry_index
    with pytest.raises(RefusedError) as caught:
        revoke_record(ledger, "ledger", RevokeRecord(index, "entered-in-error"))
    assert caught.value.code == "already-superseded"
    assert newest is not None
    revoke_record(ledger, "ledger", RevokeRecord(newest, "entered-in-error"))
    assert _transcript(ledger)["total_credits"] == "0.0"
    verify_whole(ledger)


def test_an_unknown_reason_is_refused(ledger: Ledger) -> None:
    index = _index(ledger)
    with pytest.raises(RefusedError):
        revoke_record(ledger, "ledger", RevokeRecord(index, "because"))
    assert _transcript(ledger)["total_credits"] == "5.5"
    verify_whole(ledger)


def test_all_that_an_issuer_gave_in_a_period_is_withdrawn_at_once(ledger: Ledger) -> None:
    """The cascade: the superseded stay superseded, other issuers' and other days' stand."""
    other = add_other_school(ledger)
    post(ledger, *(make_command(n) for n in range(3)))
    corrected = post_one(ledger, make_command(0, attendance=None), correcting=True).entry_index
    kept = record(ledger, other.id, [make_command(3)]).outcomes[0].entry_index
    answer = revoke_issuer(
        ledger, RevokeIssuer(school_of(ledger), *YEAR, "issuer-misconduct", "1号")
    )
    assert len(answer["revoked"]) == 3
    assert corrected in answer["revoked"]
    assert kept not in answer["revoked"]
    assert [_transcript(ledger, n)["total_credits"] for n in range(4)] == ["0.0"] * 3 + ["5.5"]
    statuses = [line["status"] for line in _transcript(ledger)["records"]]  # type: ignore[attr-defined]
    assert statuses == ["superseded", "revoked"]
    verify_whole(ledger)


def test_the_days_of_the_period_belong_to_it(ledger: Ledger) -> None:
    _index(ledger)
    school, day = school_of(ledger), make_command().training_class.end
    for start, end in (
        (date(2025, 1, 1), date(2025, 4, 10)),
        (date(2025, 4, 12), date(2025, 12, 31)),
    ):
        with pytest.raises(RefusedError) as caught:
            revoke_issuer(ledger, RevokeIssuer(school, start, end, "issuer-misconduct"))
        assert caught.value.code == "nothing-to-revoke"
    answer = revoke_issuer(ledger, RevokeIssuer(school, day, day, "issuer-misconduct"))
    assert len(answer["revoked"]) == 1
    verify_whole(ledger)


def test_a_second_revocation_of_an_issuer_takes_only_what_still_stands(ledger: Ledger) -> None:
    index, school = _index(ledger), school_of(ledger)
    revoke_record(ledger, school, RevokeRecord(index, "entered-in-error"))
    second = post_one(ledger, make_command(1)).entry_index
    command = RevokeIssuer(school, *YEAR, "issuer-misconduct")
    assert revoke_issuer(ledger, command)["revoked"] == [second]
    with pytest.raises(RefusedError) as caught:
        revoke_issuer(ledger, command)
    assert caught.value.code == "already-revoked"
    verify_whole(ledger)


def test_an_unknown_issuer_or_a_period_that_ends_before_it_starts_is_refused(
    ledger: Ledger,
) -> None:
    for command in (
        RevokeIssuer("org-" + "z" * 26, *YEAR, "issuer-misconduct"),
        RevokeIssuer(school_of(ledger), YEAR[1], YEAR[0], "issuer-misconduct"),
        RevokeIssuer(school_of(ledger), *YEAR, "because"),
    ):
        with pytest.raises(RefusedError):
            revoke_issuer(ledger, command)
    verify_whole(ledger)
