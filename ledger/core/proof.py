"""Proof files: one entry's place in the log, checkable without asking anyone (c2sp.org/tlog-proof).

    c2sp.org/tlog-proof@v1
    index 5
    rzFuy5Go7nrpkhBwKy1HWPMM3eO/YePY54fXRoH5Cm4=

    <signed checkpoint, verbatim>

The index, then the sibling hashes from leaf to root, one a line. The specification also allows a
line ``extra``, which nothing authenticates; this ledger writes none and reads none. Suffix
``.tlog-proof``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import HASH_BYTES, leaf_hash
from ledger.core.merkle import verify_inclusion
from ledger.core.note import NOTE_BYTES_MAX, VerifierKey
from ledger.core.spelling import COUNT_MAX, format_base64, parse_base64, parse_count
from ledger.errors import MalformedError

HEADER: Final = "c2sp.org/tlog-proof@v1"
PATH_MAX: Final = 63
"""Longest inclusion path of a tree of at most 2^63 - 1 entries."""

_INDEX: Final = "index "


@dataclass(frozen=True, slots=True)
class LogProof:
    """An inclusion proof together with the checkpoint that it leads to.

    Attributes:
        index: Index of the entry.
        path: Sibling hashes from leaf to root.
        checkpoint: The signed checkpoint, verbatim.

    Raises:
        MalformedError: A field is outside its form.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.index <= COUNT_MAX:
            raise MalformedError("log proof: expected an index from 0 to 2^63 - 1")
        if len(self.path) > PATH_MAX or any(len(one) != HASH_BYTES for one in self.path):
            raise MalformedError(f"log proof: expected at most {PATH_MAX} hashes of 32 bytes")
        if len(self.checkpoint) > NOTE_BYTES_MAX or not self.checkpoint.endswith(b"\n"):
            raise MalformedError("log proof: expected a checkpoint that ends in a newline")
        try:
            self.checkpoint.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedError("log proof: expected a checkpoint in UTF-8") from None

    def format(self) -> str:
        """Write the proof file's text."""
        lines = [HEADER, f"{_INDEX}{self.index}", *map(format_base64, self.path), "", ""]
        return "\n".join(lines) + self.checkpoint.decode("utf-8")


def parse_log_proof(text: str) -> LogProof:
    """Read a proof file's text. Nothing is verified: see ``verify_log_proof``.

    Raises:
        MalformedError: The text is not exactly what ``LogProof.format`` writes.
    """
    head, separator, checkpoint = text.partition("\n\n")
    header, *lines = head.split("\n")
    if not separator or header != HEADER or not lines or not lines[0].startswith(_INDEX):
        raise MalformedError("log proof: expected header, index, hashes, empty line, checkpoint")
    if len(lines) > 1 + PATH_MAX:
        raise MalformedError(f"log proof: expected at most {PATH_MAX} hashes")
    try:
        note_bytes = checkpoint.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedError("log proof: expected a checkpoint in UTF-8") from None
    return LogProof(
        parse_count(lines[0].removeprefix(_INDEX), "log proof: index"),
        tuple(parse_base64(line, "log proof: hash", length=HASH_BYTES) for line in lines[1:]),
        note_bytes,
    )


def verify_log_proof(
    proof: LogProof, entry_bytes: bytes, origin: str, keys: Iterable[VerifierKey]
) -> Checkpoint:
    """Check that the log of this origin has these bytes at the proof's index; give its checkpoint.

    The bytes are taken as they are: whether the entry itself names the same index is for the
    caller.

    Raises:
        MalformedError: The checkpoint is not in its form.
        VerificationError: The checkpoint is not signed by the log, or the entry is not in the tree.
    """
    checkpoint = open_checkpoint(proof.checkpoint, origin, keys)
    verify_inclusion(
        proof.index, checkpoint.size, leaf_hash(entry_bytes), proof.path, checkpoint.root
    )
    return checkpoint
