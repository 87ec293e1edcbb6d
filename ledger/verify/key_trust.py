"""Which keys may be believed: those of the pinned key list, and those that the proven log adds.

A ``key`` entry under a checkpoint of a pinned log key can bring a new credential key, or say that a
pinned one was withdrawn. It can never bring a log key: whoever signed the checkpoint could then
vouch for himself. Whoever follows a log, and has proved each checkpoint to continue the last, is
told more: see ``ledger.verify.log_keys``.

A key is judged by log time: a compromised one is never believed, because whoever holds it can write
any date.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ledger.core import canonical
from ledger.core.entry import LEDGER_ISSUER
from ledger.core.key_list import (
    CREDENTIAL,
    LOG,
    KeyList,
    PublishedKey,
    published_key_from_json,
)
from ledger.core.note import parse_note, verified_keys
from ledger.credentials.bundle import BundledEntry
from ledger.errors import MalformedError, NotFoundError, VerificationError

Keys = Mapping[str, PublishedKey]


def pinned_keys(trust: KeyList) -> Keys:
    """Give the credential keys of a key list by id."""
    return {key.id: key for key in trust.keys if key.purpose == CREDENTIAL}


def extended_keys(trust: KeyList, proven: Iterable[BundledEntry]) -> Keys:
    """Give the credential keys of a key list together with those of proven ``key`` entries.

    Raises:
        MalformedError: The body of a ``key`` entry is not a published key.
    """
    keys = dict(pinned_keys(trust))
    pinned = frozenset(keys)
    for one in sorted(proven, key=lambda one: one.entry.index):
        if one.entry.kind != "key" or one.entry.issuer != LEDGER_ISSUER:
            continue
        key = read_key_body(one.body)
        if key.purpose != CREDENTIAL:
            continue
        keys[key.id] = tightened(keys[key.id], key) if key.id in pinned else key
    return keys


def find_key(keys: Keys, key_id: str) -> PublishedKey:
    """Find a credential key.

    Raises:
        NotFoundError: It is not known, with code ``key-unknown``.
    """
    try:
        return keys[key_id]
    except KeyError:
        raise NotFoundError("key: not in the trusted list", code="key-unknown") from None


def check_period(key: PublishedKey, first_ms: int, last_ms: int) -> None:
    """Check that a key was valid at some instant of the time in which it must have signed.

    Args:
        key: The key.
        first_ms: Earliest instant of signing that the log allows, milliseconds since 1970, UTC.
        last_ms: Latest instant of signing.

    Raises:
        VerificationError: With code ``key-compromised`` or ``key-period``.
    """
    if key.compromised_at is not None:
        raise VerificationError("key: others may hold it", code="key-compromised")
    ends = [end for end in (key.valid_until, key.revoked_at) if end is not None]
    if not (key.valid_from <= last_ms and all(first_ms < end for end in ends)):
        raise VerificationError("key: not valid when it signed", code="key-period")


def checkpoint_signers(note_bytes: bytes, trust: KeyList) -> list[PublishedKey]:
    """Give the pinned log keys whose signature on a checkpoint is right.

    Raises:
        MalformedError: The bytes are no signed note.
        VerificationError: A signature is wrong.
    """
    signed = {
        key.public_key for key in verified_keys(parse_note(note_bytes), trust.log_verifier_keys())
    }
    return [key for key in trust.keys if key.purpose == LOG and key.public_key in signed]


def read_key_body(body: bytes) -> PublishedKey:
    """Read the body of a ``key`` entry.

    Raises:
        MalformedError: It is not a published key.
    """
    value = canonical.decode(body)
    if not isinstance(value, dict) or value.get("v") != 1:
        raise MalformedError("key: expected version 1")
    return published_key_from_json({name: field for name, field in value.items() if name != "v"})


def tightened(pinned: PublishedKey, logged: PublishedKey) -> PublishedKey:
    """Give a pinned key as a later entry leaves it: the log may take trust away, never add it."""
    return replace(
        pinned,
        valid_until=_earlier(pinned.valid_until, logged.valid_until),
        revoked_at=_earlier(pinned.revoked_at, logged.revoked_at),
        compromised_at=_earlier(pinned.compromised_at, logged.compromised_at),
    )


def _earlier(one: int | None, other: int | None) -> int | None:
    found = [ms for ms in (one, other) if ms is not None]
    return min(found, default=None)
