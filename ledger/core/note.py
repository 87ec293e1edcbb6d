"""Signed notes: a text and the signatures on it (c2sp.org/signed-note).

    ledger.example/2026
    7
    4nEJ...=

    — ledger.example/2026 Uw2QO...==

Text that ends in a newline, an empty line, then one signature line per key: em dash, key name,
base64 of the 4-byte key id and the signature. The last empty line separates. A verifier key is
written ``name+<8 hex of key id>+<base64 of algorithm byte and public key>``.

What a note says may be used only after ``open_note``; a text out of ``parse_note`` proves nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.core.digest import sha256
from ledger.core.spelling import format_base64, parse_base64, parse_hex
from ledger.core.suite import SCL_1
from ledger.errors import MalformedError, VerificationError

ED25519: Final = 0x01
"""Algorithm byte of an Ed25519 signature over the note's text. The only one so far."""

KEY_ID_BYTES: Final = 4
SIGNATURES_MAX: Final = 100
"""The specification asks for at least 16; other implementations stop at 100."""
NOTE_BYTES_MAX: Final = 500_000
"""Room for the longest list of signatures, the post-quantum kind of 2,420 bytes included."""

_DASH: Final = "— "


def is_key_name(name: str) -> bool:
    """Tell whether a text may name a key or log: not empty, no space of any kind, no plus."""
    return (
        bool(name)
        and _is_encodable(name)
        and not any(c.isspace() or c == "+" or c < " " for c in name)
    )


def key_id(name: str, algorithm: int, public_key: bytes) -> bytes:
    """Compute the 4-byte key id: SHA-256(name || 0x0A || algorithm byte || public key), cut."""
    return sha256(name.encode() + bytes([0x0A, algorithm]) + public_key)[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that signs notes under a name.

    Attributes:
        name: Key name; a log's key bears the log's origin.
        algorithm: Algorithm byte, so far always ``ED25519``.
        public_key: The key's bytes.

    Raises:
        MalformedError: The name cannot stand in a note, or the algorithm or length is not known.
    """

    name: str
    algorithm: int
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise MalformedError("verifier key: expected a name without spaces and plus")
        if self.algorithm != ED25519:
            raise MalformedError("verifier key: expected algorithm 1 (Ed25519)")
        if len(self.public_key) != SCL_1.public_key_bytes:
            raise MalformedError(f"verifier key: expected {SCL_1.public_key_bytes} bytes of key")

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id."""
        return key_id(self.name, self.algorithm, self.public_key)

    def format(self) -> str:
        """Write the text form, for ``parse_verifier_key``."""
        key = format_base64(bytes([self.algorithm]) + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check a signature over a note's text.

        Raises:
            VerificationError: The signature is wrong.
        """
        SCL_1.verify(self.public_key, message, signature)


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a verifier key.

    Raises:
        MalformedError: The text is not exactly what ``VerifierKey.format`` writes.
    """
    name, _, rest = text.partition("+")
    id_text, _, key_text = rest.partition("+")
    stated = parse_hex(id_text, "verifier key: key id", length=KEY_ID_BYTES)
    data = parse_base64(key_text, "verifier key: public key", length=1 + SCL_1.public_key_bytes)
    key = VerifierKey(name, data[0], data[1:])
    if key.key_id != stated:
        raise MalformedError("verifier key: the key id belongs to another name or key")
    return key


class NoteSigner(Protocol):
    """Whoever can sign a note. Implemented where private keys are kept."""

    @property
    def verifier_key(self) -> VerifierKey:
        """The key, and the name, that others check the signature with."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign the bytes as they are; the result is the bare signature without key id."""
        ...


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, key id and what follows it. Not verified."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note taken apart. Not verified.

    Attributes:
        text: What was signed, with its last newline.
        signatures: The signature lines in order.

    Raises:
        MalformedError: A part cannot stand in a note.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        _check_text(self.text)
        if not 1 <= len(self.signatures) <= SIGNATURES_MAX:
            raise MalformedError(f"note: expected 1 to {SIGNATURES_MAX} signatures")
        for one in self.signatures:
            if not is_key_name(one.name):
                raise MalformedError("note: expected a key name without spaces and plus")
            if len(one.key_id) != KEY_ID_BYTES or not one.signature:
                raise MalformedError("note: expected a key id and a signature")

    def encode(self) -> bytes:
        """Write the note's bytes.

        Raises:
            MalformedError: The note is longer than ``NOTE_BYTES_MAX``.
        """
        lines = [
            f"{_DASH}{one.name} {format_base64(one.key_id + one.signature)}\n"
            for one in self.signatures
        ]
        data = f"{self.text}\n{''.join(lines)}".encode()
        if len(data) > NOTE_BYTES_MAX:
            raise MalformedError(f"note: expected at most {NOTE_BYTES_MAX} bytes")
        return data


def sign_note(text: str, signers: Iterable[NoteSigner]) -> bytes:
    """Sign a text with one or more keys.

    Raises:
        MalformedError: The text cannot stand in a note, there is no signer, or two share a key.
        VerificationError: A signer gave a signature that its own key refuses.
    """
    _check_text(text)
    message = text.encode()
    signatures: list[NoteSignature] = []
    for signer in signers:
        key = signer.verifier_key
        signature = signer.sign(message)
        # A faulty signer must be found here: a wrong signature can give a private key away.
        key.verify(message, signature)
        signatures.append(NoteSignature(key.name, key.key_id, signature))
    if len({(one.name, one.key_id) for one in signatures}) != len(signatures):
        raise MalformedError("note: expected one signature by each key")
    return SignedNote(text, tuple(signatures)).encode()


def parse_note(data: bytes) -> SignedNote:
    """Take a note apart, without verifying anything.

    Raises:
        MalformedError: The bytes are not a signed note.
    """
    if len(data) > NOTE_BYTES_MAX:
        raise MalformedError(f"note: expected at most {NOTE_BYTES_MAX} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("note: expected UTF-8") from None
    body, separator, rest = whole.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        raise MalformedError("note: expected an empty line and signature lines, each ended")
    lines = rest[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise MalformedError(f"note: expected at most {SIGNATURES_MAX} signatures")
    return SignedNote(body + "\n", tuple(_parse_signature(line) for line in lines))


def verified_keys(note: SignedNote, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """Give the known keys whose signature on the note is right, in the note's order.

    Signatures by unknown keys are passed over; name and key id together tell a key.

    Raises:
        VerificationError: A known key's signature is wrong, or two known keys share name and id.
    """
    known: dict[tuple[str, bytes], list[VerifierKey]] = {}
    for key in keys:
        known.setdefault((key.name, key.key_id), []).append(key)
    message = note.text.encode()
    verified: list[VerifierKey] = []
    for one in note.signatures:
        candidates = known.get((one.name, one.key_id), [])
        if len(candidates) > 1:
            raise VerificationError("note: two known keys share this name and key id")
        for key in candidates:
            key.verify(message, one.signature)
            if key not in verified:
                verified.append(key)
    return verified


def open_note(data: bytes, keys: Iterable[VerifierKey]) -> str:
    """Verify a note and give its text.

    Raises:
        MalformedError: The bytes are not a signed note.
        VerificationError: No known key signed it, or a known key's signature is wrong.
    """
    note = parse_note(data)
    if not verified_keys(note, keys):
        raise VerificationError("note: no signature by a known key", code="no-known-signature")
    return note.text


def _parse_signature(line: str) -> NoteSignature:
    name, separator, blob_text = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise MalformedError("note: expected a signature line: em dash, key name, base64")
    blob = parse_base64(blob_text, "note: signature")
    return NoteSignature(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def _check_text(text: str) -> None:
    if not text.endswith("\n") or not _is_encodable(text):
        raise MalformedError("note: expected Unicode text that ends in a newline")
    if any(c < " " and c != "\n" for c in text):
        raise MalformedError("note: expected no control character but newline")


def _is_encodable(text: str) -> bool:
    # Lone surrogates have no UTF-8.
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
