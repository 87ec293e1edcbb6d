"""Sealing the bodies of a batch, and the keys and facts of its new persons, in one tight loop.

A pure function: a job carries all that it needs, its random bytes too.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.core.digest import SALT_BYTES, commit_naming
from ledger.errors import MalformedError
from ledger.storage.sealing import NONCE_BYTES, body_context, facts_context, key_context


class Job(NamedTuple):
    """A body to seal, and of a new person the key and the facts.

    Attributes:
        subject: Whom it is about.
        key: Their key.
        facts: To be sealed with the key, of a person who is new to the vault; else None.
        draw: ``DRAW_BYTES`` random bytes that are used for nothing else.
        before: The body before the hex of the subject's tag.
        behind: The body behind it.
    """

    subject: str
    key: bytes
    facts: bytes | None
    draw: bytes
    before: bytes
    behind: bytes


Sealed: TypeAlias = tuple[bytes, bytes, bytes, bytes]
"""Commitment to the body; sealed body; wrapped key and sealed facts of a new person, else empty."""

_BODY_NONCE: Final = slice(SALT_BYTES, SALT_BYTES + NONCE_BYTES)
_KEY_NONCE: Final = slice(_BODY_NONCE.stop, _BODY_NONCE.stop + NONCE_BYTES)
_FACTS_NONCE: Final = slice(_KEY_NONCE.stop, _KEY_NONCE.stop + NONCE_BYTES)
DRAW_BYTES: Final = _FACTS_NONCE.stop


def seal_rows(vault_key: bytes, jobs: Iterable[Job]) -> Iterator[Sealed]:
    """Do the jobs in their order, each when asked for; ``vault_key`` wraps new persons' keys.

    Raises:
        MalformedError: A draw is not of ``DRAW_BYTES``.
    """
    wrap = AESGCM(vault_key).encrypt
    for person, key, facts, draw, before, behind in jobs:
        if len(draw) != DRAW_BYTES:  # a cipher would take a shorter nonce, and open nothing later
            raise MalformedError(f"sealing: expected {DRAW_BYTES} random bytes")
        subject = person.encode()
        seal = AESGCM(key).encrypt
        wrapped = sealed_facts = b""
        if facts is not None:
            nonce = draw[_KEY_NONCE]
            wrapped = nonce + wrap(nonce, key, key_context(subject))
            nonce = draw[_FACTS_NONCE]
            sealed_facts = nonce + seal(nonce, facts, facts_context(subject))
        salt = draw[:SALT_BYTES]
        body, committed = commit_naming(salt, subject, before, behind)
        nonce = draw[_BODY_NONCE]
        sealed = nonce + seal(nonce, salt + body, body_context(subject, committed))
        yield committed, sealed, wrapped, sealed_facts
