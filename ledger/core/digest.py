"""The hashes of suite SCL-1, each in a domain of its own.

    leaf        SHA-256(0x00 || entry bytes)                   RFC 6962, 2.1
    node        SHA-256(0x01 || left || right)                 RFC 6962, 2.1
    commitment  HMAC-SHA-256(salt, canonical body)             docs/architecture.md, Entry
    subject     HMAC-SHA-256(salt, "subject" 0x00 subject id)  docs/architecture.md, Bodies

This is the only module that names SHA-256, so that no two uses can run into each other's domain. A
canonical body begins with ``{`` and the subject tag with ``s``: under one salt they never meet.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from ledger.errors import MalformedError

HASH_BYTES: Final = 32
SALT_BYTES: Final = 32
BLOCK_BYTES: Final = 64
_INNER: Final = bytes(value ^ 0x36 for value in range(256))
_OUTER: Final = bytes(value ^ 0x5C for value in range(256))
_INNER_PAD: Final = b"\x36" * (BLOCK_BYTES - SALT_BYTES)
_OUTER_PAD: Final = b"\x5c" * (BLOCK_BYTES - SALT_BYTES)
_SUBJECT: Final = b"subject\0"

_LEAF: Final = hashlib.sha256(b"\x00")

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root hash of a tree without entries, and what ``prev`` of entry 0 holds."""


def sha256(data: bytes) -> bytes:
    """Hash bytes that belong to no tree, such as a public key that is to be named."""
    return hashlib.sha256(data).digest()


class StreamHash:
    """SHA-256 of bytes that come in pieces, such as a file."""

    __slots__ = ("_state", "length")

    def __init__(self) -> None:
        self._state = hashlib.sha256()
        self.length = 0

    def update(self, piece: bytes) -> None:
        """Add the next piece."""
        self._state.update(piece)
        self.length += len(piece)

    def digest(self) -> bytes:
        """Give the hash of all pieces so far."""
        return self._state.digest()


def leaf_hash(entry_bytes: bytes) -> bytes:
    """Hash an entry's bytes as a leaf of the tree."""
    state = _LEAF.copy()  # quicker than a new one
    state.update(entry_bytes)
    return state.digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Hash many entries as leaves; beside ``leaf_hash`` because an audit does little else."""
    new = hashlib.sha256
    return [new(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours into the node above them."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def node_row(hashes: bytes) -> bytes:
    """Hash a row of nodes, pair by pair, into the row above: half as long.

    The row is an even number of hashes one after the other. It exists beside ``node_hash`` because
    appending spends nearly all its time here.
    """
    new = hashlib.sha256
    width = 2 * HASH_BYTES
    return b"".join(
        [new(b"\x01" + hashes[at : at + width]).digest() for at in range(0, len(hashes), width)]
    )


def commit_naming(
    salt: bytes, subject_id: bytes, before: bytes, behind: bytes
) -> tuple[bytes, bytes]:
    """Write the hex of a subject's tag between two parts of a body; give body and commitment.

    Beside ``subject_tag`` and ``commitment``, to which a test holds it, because recording spends a
    good part of its time here: the two have one key, which is prepared once.

    Raises:
        MalformedError: The salt is not 32 bytes.
    """
    inner, outer = _blocks(salt)
    new = hashlib.sha256
    tag = new(outer + new(inner + _SUBJECT + subject_id).digest()).hexdigest()
    body = b"".join((before, tag.encode(), behind))
    return body, new(outer + new(inner + body).digest()).digest()


def commitment(salt: bytes, body_bytes: bytes) -> bytes:
    """Commit to a body: without the salt nobody can guess the body from the result.

    Raises:
        MalformedError: The salt is not 32 bytes.
    """
    return _salted(salt, body_bytes)


def subject_tag(salt: bytes, subject_id: bytes) -> bytes:
    """Give the text by which a body with this salt refers to a subject.

    Two bodies of one subject have different tags, so that a stranger cannot link them; whoever
    knows the subject id can check each.

    Raises:
        MalformedError: The salt is not 32 bytes.
    """
    return _salted(salt, _SUBJECT + subject_id)


def commitment_and_subject(salt: bytes, body_bytes: bytes, subject_id: bytes) -> tuple[bytes, str]:
    """Give ``commitment`` and the hex of ``subject_tag`` under one salt; an audit makes both.

    Raises:
        MalformedError: The salt is not 32 bytes.
    """
    inner, outer = _blocks(salt)
    new = hashlib.sha256
    return (
        new(outer + new(inner + body_bytes).digest()).digest(),
        new(outer + new(inner + _SUBJECT + subject_id).digest()).hexdigest(),
    )


class Mac:
    """HMAC-SHA-256 (RFC 2104) under one key, many times, of messages that begin with ``prefix``.

    The standard library prepares the key anew for each message, which takes longer than the message
    does; here it is prepared once. Tests hold the results to the standard library's.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, prefix: bytes = b"") -> None:
        block = (key if len(key) <= BLOCK_BYTES else sha256(key)).ljust(BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER) + prefix)
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        """Give the 32 bytes of the authentication code of prefix and ``message``."""
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def _salted(salt: bytes, message: bytes) -> bytes:
    # HMAC under a key that is used once or twice.
    inner, outer = _blocks(salt)
    return hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).digest()


def _blocks(salt: bytes) -> tuple[bytes, bytes]:
    # HMAC would take any key; a short or forgotten one would let bodies be guessed.
    if len(salt) != SALT_BYTES:
        raise MalformedError(f"salt: expected {SALT_BYTES} bytes")
    return salt.translate(_INNER) + _INNER_PAD, salt.translate(_OUTER) + _OUTER_PAD
