"""Checkpoints: what the log claims to be at one moment (c2sp.org/tlog-checkpoint).

    ledger.example/2026
    7
    4nEJ...=

Origin, tree size, base64 root hash: the text of a signed note. The specification also allows
extension lines; this ledger writes none and reads none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.core.digest import EMPTY_ROOT, HASH_BYTES
from ledger.core.note import VerifierKey, is_key_name, parse_note, verified_keys
from ledger.core.spelling import COUNT_MAX, format_base64, parse_base64, parse_count
from ledger.errors import MalformedError, VerificationError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's origin, number of entries and root hash.

    Attributes:
        origin: Name of the log, and of the key that signs for it.
        size: Number of entries.
        root: Root hash, 32 bytes; that of the empty tree at size 0, and only there.

    Raises:
        MalformedError: A field is outside its form.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise MalformedError("checkpoint: expected an origin without spaces and plus")
        if not 0 <= self.size <= COUNT_MAX:
            raise MalformedError("checkpoint: expected a size from 0 to 2^63 - 1")
        if len(self.root) != HASH_BYTES:
            raise MalformedError(f"checkpoint: expected a root hash of {HASH_BYTES} bytes")
        if (self.size == 0) != (self.root == EMPTY_ROOT):
            raise MalformedError("checkpoint: expected the empty root at size 0 and only there")

    def format(self) -> str:
        """Write the text that is signed."""
        return f"{self.origin}\n{self.size}\n{format_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text. Nothing is verified: see ``open_checkpoint``.

    Raises:
        MalformedError: The text is not exactly what ``Checkpoint.format`` writes.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004  three lines, each ended
        raise MalformedError("checkpoint: expected origin, size and root hash, a line each")
    origin, size, root, _ = lines
    return Checkpoint(
        origin,
        parse_count(size, "checkpoint: size"),
        parse_base64(root, "checkpoint: root hash", length=HASH_BYTES),
    )


def open_checkpoint(note_bytes: bytes, origin: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Verify a signed checkpoint of a log and read it.

    A key of another name, such as a witness's, may be among the keys: its signature must be right
    where it is there, but it does not stand in for the log's own.

    Raises:
        MalformedError: The bytes are not a signed note, or the note is no checkpoint of ours.
        VerificationError: The log did not sign it, a known key's signature is wrong, or it is
            another log's.
    """
    note = parse_note(note_bytes)
    if not any(key.name == origin for key in verified_keys(note, keys)):
        raise VerificationError(
            "checkpoint: no signature by a known key of this log", code="no-known-signature"
        )
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise VerificationError("checkpoint: of another log")
    return checkpoint
