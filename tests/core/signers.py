"""A signer of notes whose key lives in memory."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.core.note import ED25519, VerifierKey

ORIGIN = "ledger.example/2026"


class MemorySigner:
    """Signs with the Ed25519 key that a seed of one repeated byte gives."""

    def __init__(self, name: str, seed: int) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public = self._private.public_key().public_bytes_raw()
        self.verifier_key = VerifierKey(name, ED25519, public)

    def sign(self, message: bytes) -> bytes:
        """Sign the bytes as they are."""
        return self._private.sign(message)


LOG = MemorySigner(ORIGIN, 1)
WITNESS = MemorySigner("witness.example/w1", 2)
STRANGER = MemorySigner(ORIGIN, 3)
