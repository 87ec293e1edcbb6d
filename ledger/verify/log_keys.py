"""Which log keys a follower of the log believes: those it pinned, and those that they vouch for.

A bundle must never bring a log key: whoever signed its checkpoint could vouch for himself. Whoever
follows the log is told more. Each checkpoint was proved to continue the last one, and was signed by
a key that was believed before; a ``key`` entry under it, opened with the key history, is the word
of that key about the next.
"""

from collections.abc import Iterable
from dataclasses import replace

from ledger.core.digest import commitment
from ledger.core.entry import LEDGER_ISSUER, Entry
from ledger.core.key_history import KeyOpening
from ledger.core.key_list import KeyList
from ledger.errors import UnavailableError, VerificationError
from ledger.verify.key_trust import read_key_body, tightened


def opened_bodies(entries: Iterable[Entry], openings: Iterable[KeyOpening]) -> list[bytes]:
    """Open the commitments of the operator's ``key`` entries; give the bodies in their order.

    Raises:
        UnavailableError: The history does not have one of them, with code ``key-entry-closed``.
        VerificationError: A body is not the committed one, with code ``key-entry-wrong``.
    """
    known = {one.index: one for one in openings}
    bodies = []
    for entry in entries:
        if entry.kind != "key" or entry.issuer != LEDGER_ISSUER:
            continue
        opening = known.get(entry.index)
        if opening is None:
            raise UnavailableError(
                f"key history: it does not open the key entry {entry.index}",
                code="key-entry-closed",
            )
        if commitment(opening.salt, opening.body) != entry.body:
            raise VerificationError(
                f"key history: the body given for entry {entry.index} is not the committed one",
                code="key-entry-wrong",
            )
        bodies.append(opening.body)
    return bodies


def followed_keys(trust: KeyList, bodies: Iterable[bytes]) -> KeyList:
    """Give a key list as the ``key`` entries of a followed log leave it.

    Args:
        trust: What was believed before.
        bodies: Bodies of ``key`` entries by the operator, opened, in the order of the log, all
            under a checkpoint that a log key of ``trust`` signed and that continues the last.

    Raises:
        MalformedError: A body is not a published key of this log.
    """
    keys = {key.id: key for key in trust.keys}
    for body in bodies:
        key = read_key_body(body)
        keys[key.id] = tightened(keys[key.id], key) if key.id in keys else key
    return replace(trust, keys=tuple(keys.values()))
