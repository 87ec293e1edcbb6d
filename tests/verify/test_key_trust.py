from dataclasses import replace

import pytest

from ledger.core.key_list import KeyList
from ledger.credentials.bundle import seal_bundle
from ledger.errors import MalformedError, NotFoundError, VerificationError
from ledger.verify import verify
from ledger.verify.key_trust import (
    check_period,
    checkpoint_signers,
    extended_keys,
    find_key,
    pinned_keys,
)
from tests.verify.ledger_fixture import (
    CREDENTIAL_KEY,
    EXPORTED_MS,
    LOG_KEY,
    NOW_MS,
    ORIGIN,
    START_MS,
    TRUST,
    Key,
    SmallLedger,
    line,
    only_failure,
    small_ledger,
    transcript,
)

NEW = Key(b"new", "credential")


def sealed_by(key: Key, ledger: SmallLedger) -> object:
    document = transcript(ledger.statement(line(4)), [ledger.badge(4, key=key)], key=key)
    return verify(seal_bundle(ledger.bundle(document), key), TRUST, NOW_MS)


def logged(key: Key, issuer: str = "ledger", **periods: int | None) -> SmallLedger:
    ledger = small_ledger()
    ledger.append("key", issuer, {"v": 1, **key.published(**periods).to_json()})
    return ledger


def test_a_new_key_is_believed_through_an_entry_that_the_log_proves() -> None:
    """security.md K2: a verifier that pinned the older list goes on verifying."""
    assert sealed_by(NEW, logged(NEW)).verdict == "valid"
    without = sealed_by(NEW, small_ledger())
    assert only_failure(without) == ("issuer-known", "key-unknown", "issuer-unknown")


def test_a_key_entry_by_anyone_but_the_operator_brings_no_key() -> None:
    report = sealed_by(NEW, logged(NEW, "org-" + "a" * 26))
    assert only_failure(report) == ("issuer-known", "key-unknown", "issuer-unknown")


def test_a_key_entry_that_is_not_proven_brings_no_key() -> None:
    ledger, other = logged(NEW), small_ledger()
    document = transcript(ledger.statement(line(4)), [ledger.badge(4, key=NEW)], key=NEW)
    bundle = replace(ledger.bundle(document), checkpoint=other.checkpoint())
    report = verify(seal_bundle(bundle, NEW), TRUST, NOW_MS)
    assert report.check("issuer-known").reason == "key-unknown"
    assert report.verdict == "altered"


def test_the_log_can_take_trust_from_a_pinned_key_and_never_give_it_more() -> None:
    for periods, verdict in (
        ({"compromised_at": EXPORTED_MS + 1}, "issuer-unknown"),
        ({"revoked_at": EXPORTED_MS}, "issuer-unknown"),
        ({"revoked_at": EXPORTED_MS + 1}, "valid"),
    ):
        assert sealed_by(CREDENTIAL_KEY, logged(CREDENTIAL_KEY, **periods)).verdict == verdict
    pinned = KeyList(
        ORIGIN, (LOG_KEY.published(), CREDENTIAL_KEY.published(revoked_at=EXPORTED_MS))
    )
    ledger = logged(CREDENTIAL_KEY)
    document = transcript(ledger.statement(line(4)), [ledger.badge(4)])
    report = verify(seal_bundle(ledger.bundle(document), CREDENTIAL_KEY), pinned, NOW_MS)
    assert only_failure(report) == ("key-periods", "key-period", "issuer-unknown")


def test_a_log_key_never_comes_from_the_log() -> None:
    other = Key(b"other", "log")
    ledger = logged(other)
    document = transcript(ledger.statement(line(4)), [ledger.badge(4)])
    bundle = replace(ledger.bundle(document), checkpoint=ledger.checkpoint(other))
    report = verify(seal_bundle(bundle, CREDENTIAL_KEY), TRUST, NOW_MS)
    assert only_failure(report) == ("checkpoint", "no-known-signature", "issuer-unknown")


def test_of_two_entries_for_one_new_key_the_later_counts() -> None:
    ledger = logged(NEW)
    ledger.append("key", "ledger", {"v": 1, **NEW.published(revoked_at=EXPORTED_MS).to_json()})
    assert sealed_by(NEW, ledger).verdict == "issuer-unknown"


def test_a_key_entry_out_of_form_is_refused() -> None:
    ledger = small_ledger()
    ledger.append("key", "ledger", NEW.published().to_json())
    with pytest.raises(MalformedError):
        extended_keys(TRUST, [ledger.bundled(5)])
    assert sealed_by(CREDENTIAL_KEY, ledger).verdict == "altered"


def test_pinned_keys_are_the_credential_keys_only() -> None:
    assert set(pinned_keys(TRUST)) == {CREDENTIAL_KEY.id}
    with pytest.raises(NotFoundError) as caught:
        find_key(pinned_keys(TRUST), LOG_KEY.id)
    assert caught.value.code == "key-unknown"


@pytest.mark.parametrize(
    ("first", "last", "good"),
    [
        (START_MS, START_MS, True),
        (START_MS - 1, START_MS - 1, False),
        (START_MS - 1, START_MS, True),
        (START_MS + 999, START_MS + 999, True),
        (START_MS + 1000, START_MS + 1000, False),
        (START_MS + 999, START_MS + 5000, True),
    ],
)
def test_a_key_must_have_been_valid_at_some_instant_of_the_time_of_signing(
    first: int, last: int, *, good: bool
) -> None:
    """security.md K3: boundary."""
    key = CREDENTIAL_KEY.published(valid_until=START_MS + 1000)
    if good:
        check_period(key, first, last)
        return
    with pytest.raises(VerificationError) as caught:
        check_period(key, first, last)
    assert caught.value.code == "key-period"


def test_the_signers_of_a_checkpoint_are_the_pinned_keys_that_signed_it() -> None:
    assert checkpoint_signers(small_ledger().checkpoint(), TRUST) == [TRUST.keys[0]]
    assert checkpoint_signers(small_ledger().checkpoint(Key(b"other", "log")), TRUST) == []
