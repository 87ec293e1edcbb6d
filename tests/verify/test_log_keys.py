"""A known log key vouches for the next, by an entry that is opened, and for nothing else."""

from dataclasses import replace

import pytest

from ledger.core.canonical import encode
from ledger.core.digest import commitment
from ledger.core.entry import Entry
from ledger.core.key_history import KeyOpening
from ledger.core.key_list import KeyList, PublishedKey
from ledger.errors import MalformedError, UnavailableError, VerificationError
from ledger.verify.log_keys import followed_keys, opened_bodies
from tests.verify.ledger_fixture import LOG_KEY, ORIGIN, START_MS, TRUST, Key

NEW = Key(b"new", "log")
SALT = bytes(range(32))


def body(key: PublishedKey) -> bytes:
    return encode({"v": 1, **key.to_json()})


def entry(index: int, content: bytes, **changes: str) -> Entry:
    made = Entry(index, START_MS, "key", "ledger", commitment(SALT, content), bytes(32))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_bodies_of_key_entries_are_opened_in_their_order() -> None:
    first, second = body(LOG_KEY.published()), body(NEW.published())
    openings = [KeyOpening(3, SALT, first), KeyOpening(9, SALT, second), KeyOpening(11, SALT, b"")]
    assert opened_bodies([entry(3, first), entry(9, second)], openings) == [first, second]


def test_what_the_operator_did_not_append_is_no_word_about_keys() -> None:
    strangers = [entry(3, b"x", issuer="org-" + "a" * 26), entry(4, b"x", kind="schedule")]
    assert opened_bodies(strangers, []) == []


def test_an_entry_that_is_not_opened_may_hide_a_withdrawal() -> None:
    with pytest.raises(UnavailableError) as caught:
        opened_bodies([entry(3, b"x")], [KeyOpening(4, SALT, b"x")])
    assert caught.value.code == "key-entry-closed"


@pytest.mark.parametrize(("salt", "content"), [(SALT, b"y"), (bytes(32), b"x")])
def test_a_body_that_is_not_the_committed_one_is_refused(salt: bytes, content: bytes) -> None:
    with pytest.raises(VerificationError) as caught:
        opened_bodies([entry(3, b"x")], [KeyOpening(3, salt, content)])
    assert caught.value.code == "key-entry-wrong"


def test_a_new_log_key_is_added_and_the_end_of_the_old_one_holds() -> None:
    old = LOG_KEY.published(valid_until=START_MS + 5)
    followed = followed_keys(TRUST, [body(NEW.published()), body(old)])
    assert followed.origin == ORIGIN
    assert followed.keys == (old, *TRUST.keys[1:], NEW.published())


def test_a_pinned_key_never_gets_more_trust_than_it_had() -> None:
    pinned = KeyList(
        ORIGIN, (LOG_KEY.published(valid_until=START_MS + 5, revoked_at=START_MS + 3),)
    )
    for told in (
        LOG_KEY.published(),
        LOG_KEY.published(valid_until=START_MS + 9, revoked_at=START_MS + 9),
    ):
        assert followed_keys(pinned, [body(told)]) == pinned


def test_a_key_of_another_log_is_refused() -> None:
    other = replace(NEW.published(), id="00000000")
    with pytest.raises(MalformedError):
        followed_keys(TRUST, [body(other)])
    with pytest.raises(MalformedError):
        followed_keys(TRUST, [b"{}"])
