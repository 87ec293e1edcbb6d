"""Keys in the log, and rotation: what the old one signed or sealed stays good."""

import threading
from pathlib import Path

import pytest

from keys import rotation
from ledger.core.canonical import decode
from ledger.core.digest import commitment
from ledger.core.entry import decode_entry
from ledger.core.key_history import decode_key_history
from ledger.errors import DamagedError, NotFoundError, RefusedError
from ledger.services.context import Ledger
from ledger.services.import_reports import stored_report
from ledger.services.key_entries import key_body, key_history, publish_keys, rotate_key
from ledger.services.opening import initialise
from ledger.services.proving import entry_bytes
from ledger.services.rosters import import_roster
from ledger.services.transcripts import find_subject, list_subjects
from ledger.storage import vault
from ledger.storage.engine import writing
from tests.databases import settings_for
from tests.ledgers import (
    DAY_MS,
    TestClock,
    edit,
    make_command,
    make_ledger,
    make_person,
    make_roster,
    post,
    post_one,
    query,
    reopen,
    school_of,
    verify_whole,
)


@pytest.fixture
def ledger(tmp_path: Path, clock: TestClock) -> Ledger:
    made = make_ledger(tmp_path, clock=clock)
    post(made, *(make_command(n) for n in range(3)))
    clock.pass_ms(1_000)
    return made


def _logged_keys(ledger: Ledger) -> list[object]:
    rows = query(
        ledger,
        'SELECT content FROM body JOIN public_entry USING ("index") WHERE kind = ?'
        ' ORDER BY "index"',
        "key",
    )
    return [decode(bytes(row[0])) for row in rows]  # type: ignore[call-overload]


def test_every_published_key_is_an_entry_and_stands_there_once(ledger: Ledger) -> None:
    published = [key_body(key) for key in ledger.keyring.published().keys]
    assert _logged_keys(ledger) == published
    assert publish_keys(ledger) == []


@pytest.mark.parametrize("purpose", ["log", "credential"])
def test_a_rotation_appends_the_new_key_and_the_end_of_the_old_one(
    ledger: Ledger, clock: TestClock, purpose: str
) -> None:
    before = len(_logged_keys(ledger))
    answer = rotate_key(ledger, purpose, DAY_MS)
    logged = _logged_keys(ledger)[before:]
    assert len(answer["entries"]) == len(logged) == 2
    assert {(key["purpose"], key["valid_until"] is None) for key in logged} == {  # type: ignore[index,call-overload]
        (purpose, False), (purpose, True),
    }  # fmt: skip
    assert publish_keys(reopen(ledger)) == []
    assert (ledger.home / "keys.json").read_bytes() == ledger.keyring.published().encode()
    clock.pass_ms(2 * DAY_MS)
    verify_whole(reopen(ledger))


def test_a_rotation_that_died_before_its_entries_is_completed_at_the_next_start(
    ledger: Ledger, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_ledger: Ledger) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ledger.services.key_entries.publish_keys", die)
    with pytest.raises(KeyboardInterrupt):
        rotate_key(ledger, "credential")
    monkeypatch.undo()
    again = initialise(settings_for(ledger.home), clock=clock)
    assert len(_logged_keys(again)) == 4
    verify_whole(again)


def test_after_a_vault_rotation_everyone_and_every_report_is_still_read(ledger: Ledger) -> None:
    report = import_roster(ledger, school_of(ledger), make_roster(1)).report_id
    answer = rotate_key(ledger, "vault")
    assert answer == {"purpose": "vault", "version": 2, "rewrapped": 3}
    assert query(ledger, "SELECT DISTINCT key_version FROM subject") == [(2,)]
    assert len(list_subjects(reopen(ledger))) == 3
    assert find_subject(ledger, make_person(2).id_number) is not None
    assert post_one(ledger, make_command(1)).outcome == "duplicate"
    assert len(stored_report(ledger, report)["rows"]) == 1
    assert rotate_key(ledger, "vault")["rewrapped"] == 3
    verify_whole(ledger)


def test_a_vault_rotation_that_died_before_rewrapping_loses_nobody(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(vault, "rewrap_all", die)
    with pytest.raises(KeyboardInterrupt):
        rotate_key(ledger, "vault")
    monkeypatch.undo()
    again = reopen(ledger)
    assert len(list_subjects(again)) == 3
    post(again, make_command(9))
    verify_whole(again)


def test_the_lookup_secret_is_not_rotated_and_unknown_purposes_are_none(ledger: Ledger) -> None:
    with pytest.raises(RefusedError) as caught:
        rotate_key(ledger, "lookup")
    assert caught.value.code == "lookup-rotation"
    with pytest.raises(NotFoundError):
        rotate_key(ledger, "nothing")
    verify_whole(ledger)


def test_a_write_that_waited_for_a_rotation_wraps_new_keys_under_the_new_one(
    tmp_path: Path,
) -> None:
    ledger = make_ledger(tmp_path)
    other = reopen(ledger)
    writer = threading.Thread(target=post, args=(ledger, make_command()))
    with writing(other.engine):
        writer.start()
        writer.join(0.3)  # it has taken its keys, and waits for the lock
        assert writer.is_alive()
        rotation.rotate_secret(ledger.home, "vault")
    writer.join()
    assert query(ledger, "SELECT key_version FROM subject") == [(2,)]


def test_the_key_history_opens_the_key_entries_up_to_a_size(
    ledger: Ledger, clock: TestClock
) -> None:
    clock.pass_ms(1000)
    rotated = rotate_key(ledger, "log", 0)
    opened = decode_key_history(key_history(ledger, rotated["entries"][0] + 1))
    assert [one.index for one in opened] == [0, 1, rotated["entries"][0]]
    for one in opened:
        entry = decode_entry(entry_bytes(ledger, one.index))
        assert (entry.kind, entry.body) == ("key", commitment(one.salt, one.body))


def test_a_key_entry_without_its_body_is_damage(ledger: Ledger) -> None:
    edit(ledger, 'DELETE FROM body WHERE "index" = 1')
    with pytest.raises(DamagedError):
        key_history(ledger, 4)
