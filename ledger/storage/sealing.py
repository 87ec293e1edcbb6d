"""Encryption of what is personal, and the tags by which people are found.

* A person's key (256 bits, AES-256-GCM) seals their facts and the bodies about them; it is itself
  wrapped by the ledger's ``vault`` key. Destroying the wrapped key destroys everything that was
  sealed under it.
* A tag is HMAC-SHA-256 under the ledger's ``lookup`` secret, cut to 128 bits. Without that secret
  an ID number cannot be guessed from its tag, however few ID numbers there are.

Sealed form: 12 bytes nonce, then ciphertext with the 16-byte GCM tag.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.core.digest import Mac
from ledger.errors import DamagedError

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
_KEY: Final = b"person key\0"
_BODY: Final = b"body\0"
_NOT_AS_SEALED: Final = "sealed bytes: changed, or sealed under another key or context"

RandomBytes = Callable[[int], bytes]


class Cipher:
    """AES-256-GCM under one key, with a fresh random nonce each time."""

    __slots__ = ("_random", "aead", "key")

    def __init__(self, key: bytes, random_bytes: RandomBytes) -> None:
        self.key = key
        self.aead = AESGCM(key)
        self._random = random_bytes

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt ``plain``; it opens again only under the same ``context``."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self.aead.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt.

        Raises:
            DamagedError: The bytes, the key or the context is not what it was sealed with.
        """
        try:
            return self.aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise DamagedError(_NOT_AS_SEALED) from error


class Sealer:
    """The ledger's own keys at work: wraps persons' keys and makes tags.

    ``vault_keys`` holds every version of the vault key, so that keys wrapped before a rotation
    still open.
    """

    def __init__(
        self,
        vault_keys: Mapping[int, bytes],
        version: int,
        lookup: bytes,
        random_bytes: RandomBytes,
    ) -> None:
        self.version = version
        self._random = random_bytes
        self._wrapping = {v: Cipher(key, random_bytes) for v, key in vault_keys.items()}
        self._lookup = lookup
        self._macs: dict[str, Mac] = {}

    @property
    def vault_key(self) -> bytes:
        """The vault key under which new persons' keys are wrapped."""
        return self._wrapping[self.version].key

    def unwrap(self, subject: str, version: int, wrapped: bytes) -> Cipher:
        """Open a stored person's key.

        Raises:
            DamagedError: The wrapped key was changed, moved to another subject, or its version is
                unknown.
        """
        key = self.ledger_cipher(version).open(wrapped, key_context(subject.encode()))
        return Cipher(key, self._random)

    def open_body(
        self, subject: bytes, version: int, wrapped: bytes, sealed: bytes, commitment: bytes
    ) -> bytes:
        """Open a sealed body under its subject's wrapped key.

        It gives what ``unwrap`` and then ``Cipher.open`` give, without a step for each: an audit
        opens every body there is, most of them of persons whom it has not met before.

        Raises:
            DamagedError: As these do.
        """
        vault = self._wrapping.get(version) or self.ledger_cipher(version)
        try:
            key = vault.aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _KEY + subject)
            return AESGCM(key).decrypt(
                sealed[:NONCE_BYTES],
                sealed[NONCE_BYTES:],
                _BODY + subject + b"\0" + commitment,
            )
        except (InvalidTag, ValueError) as error:
            raise DamagedError(_NOT_AS_SEALED) from error

    def rewrap(self, subject: str, version: int, wrapped: bytes) -> bytes:
        """Wrap a stored person's key anew, under the current vault key.

        Raises:
            DamagedError: As ``unwrap`` does.
        """
        key = self.ledger_cipher(version).open(wrapped, key_context(subject.encode()))
        return self._wrapping[self.version].seal(key, key_context(subject.encode()))

    def ledger_cipher(self, version: int) -> Cipher:
        """Give the cipher for what is the ledger's own, such as import reports.

        Raises:
            DamagedError: The keyring has no such version of the vault key.
        """
        if version not in self._wrapping:
            raise DamagedError(
                f"sealed bytes: under vault key version {version}, which is not in the keyring"
            )
        return self._wrapping[version]

    def tag(self, purpose: str, *parts: bytes) -> bytes:
        """Make the 128-bit tag of ``parts`` for one purpose; split otherwise they give another."""
        return self.tag_of_framed(purpose, framed(*parts))

    def tag_of_framed(self, purpose: str, parts: bytes) -> bytes:
        """Make the tag of parts that were framed before, by whoever tags some of them often."""
        return self._mac(purpose).digest(parts)[:TAG_BYTES]

    def tagger(self, purpose: str) -> Callable[[bytes], bytes]:
        """Give ``tag_of_framed`` for one purpose."""
        digest = self._mac(purpose).digest
        return lambda parts: digest(parts)[:TAG_BYTES]

    def _mac(self, purpose: str) -> Mac:
        mac = self._macs.get(purpose)
        if mac is None:
            mac = self._macs[purpose] = Mac(self._lookup, purpose.encode() + b"\0")
        return mac


def framed(*parts: bytes) -> bytes:
    """Join parts so that no others give the same bytes: each stands behind its length."""
    return b"".join(map(frame, parts))


def frame(part: bytes) -> bytes:
    """Give what ``framed`` gives of one part."""
    return len(part).to_bytes(4, "big") + part


def key_context(subject: bytes) -> bytes:
    """Bind a wrapped key to its person."""
    return _KEY + subject


def facts_context(subject: bytes) -> bytes:
    """Bind sealed facts to their person."""
    return b"facts\0" + subject


def body_context(subject: bytes, commitment: bytes) -> bytes:
    """Bind a sealed body to its person and to the commitment in its entry."""
    return _BODY + subject + b"\0" + commitment
