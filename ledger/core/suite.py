"""Suites: which signature and hash belong together, by one opaque name.

    SCL-1   Ed25519 (RFC 8032), SHA-256, canonical JSON of ``ledger.core.canonical``

The table is closed. A document names a suite and never an algorithm, so an attacker cannot choose
a weaker one; a new suite (SM2 with SM3, ML-DSA) is a new row here. Signing is done where keys are
kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import MalformedError, VerificationError


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite.

    Attributes:
        id: Its name inside hashed and signed bytes.
        public_key_bytes: Length of a public key.
        signature_bytes: Length of a signature.
    """

    id: str
    public_key_bytes: int
    signature_bytes: int
    _check: Callable[[bytes, bytes, bytes], None] = field(repr=False)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        """Check a signature over a message.

        Raises:
            VerificationError: The signature is wrong, or key or signature are of a wrong length.
        """
        if len(public_key) != self.public_key_bytes or len(signature) != self.signature_bytes:
            raise VerificationError(f"signature: key or signature not of the length of {self.id}")
        self._check(public_key, message, signature)


def _check_ed25519(public_key: bytes, message: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise VerificationError("signature: does not belong to this message and key") from None


SCL_1: Final = Suite("SCL-1", 32, 64, _check_ed25519)

SUITES: Final[Mapping[str, Suite]] = MappingProxyType({SCL_1.id: SCL_1})


def suite(id: str) -> Suite:  # noqa: A002  the word of docs/architecture.md
    """Find a suite by its name.

    Raises:
        MalformedError: No suite has this name.
    """
    try:
        return SUITES[id]
    except KeyError:
        raise MalformedError("suite: expected one of " + ", ".join(SUITES)) from None
