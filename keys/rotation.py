"""Rotation: a new key takes over, the old one stays listed, and what it signed stays good.

    time ──────────┬───────────────────┬──────────
    old   valid    │ valid (overlap)   │ listed; what it signed counts by the time of logging
    new            │ valid, current    │ valid, current
                  now            now + overlap

The order is always: new file, then the index in one step, then ``keys.json``. Whoever dies before
the second step leaves the old keyring in force, and after it the new one; a ledger that starts
should write ``keys.json`` again.
"""

from dataclasses import replace
from pathlib import Path

from keys.custody import open_folder
from keys.index import LOOKUP, SECRET, SIGNING
from keys.keyring import make_secret, make_signing_key, read_index
from keys.publication import write_key_list
from ledger.core.key_list import KeyList, PublishedKey
from ledger.errors import NotFoundError, RefusedError


def rotate(home: Path, purpose: str, now_ms: int, overlap_ms: int) -> PublishedKey:
    """Replace the current signing key of a purpose and give the new one.

    A running process goes on with the old key until it opens the keyring again; the overlap is the
    time it has for that.

    Args:
        home: The data folder.
        purpose: ``log`` or ``credential``; for ``vault`` see ``rotate_secret``.
        now_ms: From when the new key is valid, in milliseconds since 1970, UTC.
        overlap_ms: How long the old key stays valid beside it, in milliseconds.

    Raises:
        NotFoundError: Nothing is signed for this purpose.
        RefusedError: The clock stands before the old key's beginning, or the overlap is negative.
        CustodyError: A file is wrong or cannot be written; the old keyring is in force.
        UnavailableError: Another process is rotating, or ``keys.json`` could not be written.
    """
    if purpose not in SIGNING:
        raise NotFoundError(f"keyring: nothing is signed for the purpose {purpose!r}")
    if overlap_ms < 0:
        raise RefusedError("key rotation: expected an overlap of 0 milliseconds or more")
    with open_folder(home) as folder, folder.locked():
        index = read_index(folder)
        old = index.current(purpose)
        if now_ms <= old.valid_from:
            raise RefusedError(
                "key rotation: the clock stands before the beginning of the current key",
                code="clock-behind",
            )
        key, uri = make_signing_key(folder, purpose, index.key_list.origin, now_ms)
        changed = index.with_key(replace(old, valid_until=now_ms + overlap_ms), key, uri)
        # A failure from here on leaves the new file behind: the index may name it already, and a
        # key that is in force must not be deleted on a guess.
        folder.replace_index(changed.encode())
        write_key_list(home, changed.key_list)
    return key


def rotate_secret(home: Path, purpose: str) -> int:
    """Add a version to a secret, keep all before, and give the new version's number.

    What was wrapped under an older version stays readable; wrapping it again is a service's work.

    Args:
        home: The data folder.
        purpose: ``vault``.

    Raises:
        NotFoundError: There is no secret for this purpose.
        RefusedError: The secret is ``lookup``.
        CustodyError: A file is wrong or cannot be written; the old keyring is in force.
        UnavailableError: Another process is rotating.
    """
    if purpose not in SECRET:
        raise NotFoundError(f"keyring: no secret for the purpose {purpose!r}")
    if purpose == LOOKUP:
        raise RefusedError(
            "lookup secret: not rotated, because people are found by tags made with it; under a "
            "new one nobody would be found until every tag was made again from the vault",
            code="lookup-rotation",
        )
    with open_folder(home) as folder, folder.locked():
        index = read_index(folder)
        version = 1 + sum(one.purpose == purpose for one in index.secrets)
        new = make_secret(folder, purpose, version)
        folder.replace_index(replace(index, secrets=(*index.secrets, new)).encode())
    return version


def revoke(
    home: Path, key_id: str, now_ms: int, *, compromised_at_ms: int | None = None
) -> PublishedKey:
    """Withdraw a key that was rotated away, before its overlap has ended or after.

    Args:
        home: The data folder.
        key_id: The key's id in the key list.
        now_ms: From when it is withdrawn, in milliseconds since 1970, UTC.
        compromised_at_ms: From when others may have held it, if they did: what it signed since then
            is not believed, whatever date it bears.

    Raises:
        NotFoundError: The key list has no such key.
        RefusedError: It is the current key (rotate first), or was revoked before.
        CustodyError: A file is wrong or cannot be written; the old keyring is in force.
        UnavailableError: Another process is rotating, or ``keys.json`` could not be written.
    """
    with open_folder(home) as folder, folder.locked():
        index = read_index(folder)
        old = next((key for key in index.key_list.keys if key.id == key_id), None)
        if old is None:
            raise NotFoundError("key list: no key of this id", code="key-not-found")
        if old.valid_until is None:
            raise RefusedError("key: it is current; rotate first", code="key-current")
        if old.revoked_at is not None:
            raise RefusedError("key: it was revoked before", code="key-revoked")
        revoked = replace(old, revoked_at=now_ms, compromised_at=compromised_at_ms)
        keys = tuple(revoked if key.id == key_id else key for key in index.key_list.keys)
        changed = replace(index, key_list=KeyList(index.key_list.origin, keys))
        folder.replace_index(changed.encode())
        write_key_list(home, changed.key_list)
    return revoked
