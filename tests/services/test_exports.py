"""A transcript as a bundle that a stranger verifies without this ledger."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
import pytest

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import LedgerError, NotFoundError
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.exports import export_bundle
from ledger.services.key_entries import rotate_key
from ledger.services.withdrawal import revoke_issuer, revoke_record
from ledger.verify import verify
from tests.ledgers import (
    DAY_MS,
    TODAY,
    TestClock,
    add_other_school,
    make_certificate,
    make_command,
    make_ledger,
    make_person,
    post,
    post_one,
    school_of,
    subject_of,
    verify_whole,
)


@pytest.fixture
def ledger(tmp_path: Path, clock: TestClock) -> Ledger:
    made = make_ledger(tmp_path, clock=clock)
    post(made, make_command(), make_certificate(), make_command(1))
    clock.pass_ms(60_000)
    return made


def _export(ledger: Ledger, n: int = 0, on: date = TODAY) -> bytes:
    return export_bundle(ledger, subject_of(ledger, n), on)


def _verdict(ledger: Ledger, data: bytes) -> str:
    report = verify(data, ledger.keyring.published(), ledger.clock() + 1_000)
    failed = [check for check in report.checks if check.result == "fail"]
    assert (failed == []) == (report.verdict == "valid"), failed
    return report.verdict


def test_an_export_is_valid_for_whoever_has_the_key_list(ledger: Ledger) -> None:
    data = _export(ledger)
    report = verify(data, ledger.keyring.published(), ledger.clock() + 1_000)
    assert report.verdict == "valid"
    assert [each.index for each in report.records] == [4, 5]
    verify_whole(ledger)


def test_an_export_names_its_holder_and_shows_no_more_than_four_digits(ledger: Ledger) -> None:
    data, person = _export(ledger).decode(), make_person()
    assert person.name in data
    assert person.id_number not in data
    assert str(person.phone) not in data
    assert make_person(1).name not in data


def test_each_export_speaks_of_its_holder_under_a_new_name(ledger: Ledger) -> None:
    """Two exports of one person cannot be linked by an id."""
    ids = set()
    for _ in range(2):
        bundle = orjson.loads(_export(ledger))
        ids.add(bundle["credential"]["credentialSubject"]["id"])
    assert len(ids) == 2


def _correct(ledger: Ledger) -> None:
    assert post_one(ledger, make_command(attendance=None), correcting=True).outcome == "accepted"


def _revoke(ledger: Ledger) -> None:
    revoke_record(ledger, school_of(ledger), RevokeRecord(4, "entered-in-error"))


def _revoke_and_post_anew(ledger: Ledger) -> None:
    _revoke(ledger)
    assert post_one(ledger, make_command(), correcting=True).outcome == "accepted"


def _another_issuer(ledger: Ledger) -> None:
    other = add_other_school(ledger)
    command = make_command(number="Z9", certificate=None)
    assert record(ledger, other.id, [command]).outcomes[0].outcome == "accepted"


def _revoke_part_of_issuer(ledger: Ledger) -> None:
    days = (make_command().training_class.end, date(2025, 4, 30))
    revoke_issuer(ledger, RevokeIssuer(school_of(ledger), *days, "issuer-misconduct"))


@pytest.mark.parametrize(
    "change",
    [_correct, _revoke, _revoke_and_post_anew, _another_issuer, _revoke_part_of_issuer],
)
def test_an_export_after_a_change_is_valid_and_tells_of_it(
    ledger: Ledger, clock: TestClock, change: Callable[[Ledger], None]
) -> None:
    before = _export(ledger)
    clock.pass_ms(60_000)
    change(ledger)
    clock.pass_ms(60_000)
    after = _export(ledger)
    assert _verdict(ledger, before) == _verdict(ledger, after) == "valid"
    verify_whole(ledger)


def test_an_export_at_an_earlier_date_shows_what_there_was(ledger: Ledger) -> None:
    data = _export(ledger, on=date(2025, 4, 30))
    report = verify(data, ledger.keyring.published(), ledger.clock() + 1_000)
    assert report.verdict == "valid"
    assert [each.index for each in report.records] == [4]


def test_there_is_no_export_of_nothing_or_of_nobody(ledger: Ledger) -> None:
    with pytest.raises(LedgerError):
        _export(ledger, on=date(2020, 1, 1))
    with pytest.raises(NotFoundError):
        export_bundle(ledger, "nobody", TODAY)


@pytest.mark.parametrize("purpose", ["log", "credential"])
def test_old_exports_stay_valid_after_a_rotation_and_new_ones_are_valid_for_all(
    ledger: Ledger, clock: TestClock, purpose: str
) -> None:
    before, old_trust = _export(ledger), ledger.keyring.published()
    clock.pass_ms(60_000)
    rotate_key(ledger, purpose, DAY_MS)
    clock.pass_ms(60_000)
    after, now = _export(ledger), ledger.clock() + 1_000
    for trust in (old_trust, ledger.keyring.published()):
        assert verify(after, trust, now).verdict == "valid"
        assert verify(before, trust, now).verdict == "valid"
    clock.pass_ms(2 * DAY_MS)
    assert _verdict(ledger, before) == "valid"
    assert _verdict(ledger, _export(ledger)) == "valid"
    verify_whole(ledger)


def test_a_clock_set_back_does_not_spoil_an_export(ledger: Ledger, clock: TestClock) -> None:
    """Notes, security L11: entry times run on, so the export must not be older than they are."""
    clock.pass_ms(-3_600_000)
    data = _export(ledger)
    report = verify(data, ledger.keyring.published(), ledger.clock() + 2 * 3_600_000)
    assert report.verdict == "valid"
    verify_whole(ledger)
