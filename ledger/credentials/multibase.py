"""Base58 text of keys and signatures, and did:key.

    multibase   z + base58btc(bytes)                               (Controlled Identifiers 1.0, 2.4)
    Multikey    z + base58btc(0xed 0x01 + 32 bytes), so z6Mk...    (Controlled Identifiers 1.0,
    2.2.2; Ed25519) did:key     did:key:<multikey>, method did:key:<multikey>#<multikey>

Other bases and other key types are not read: a second spelling of one key would be a second key.
"""

from typing import Final

from ledger.errors import MalformedError

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_TEXT_MAX: Final = 128
"""Longest text read, in letters; a signature needs 88. The work grows with its square."""

_ED25519: Final = b"\xed\x01"
_PUBLIC_KEY_BYTES: Final = 32


def encode_multibase(data: bytes) -> str:
    """Write bytes as multibase base58btc."""
    number = int.from_bytes(data)
    letters = []
    while number:
        number, rest = divmod(number, 58)
        letters.append(_ALPHABET[rest])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + _ALPHABET[0] * zeros + "".join(reversed(letters))


def decode_multibase(text: str) -> bytes:
    """Read multibase base58btc.

    Raises:
        MalformedError: The text is not exactly what ``encode_multibase`` writes, or longer than a
            signature's.
    """
    if not text.startswith("z") or len(text) > _TEXT_MAX:
        raise MalformedError("multibase: expected base58btc, as in z6Mk...")
    number = 0
    for letter in text[1:]:
        if letter not in _VALUE:
            raise MalformedError("multibase: expected letters of base58btc")
        number = number * 58 + _VALUE[letter]
    digits = text[1:].lstrip(_ALPHABET[0])
    zeros = len(text) - 1 - len(digits)
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def encode_multikey(public_key: bytes) -> str:
    """Write an Ed25519 public key as Multikey text.

    Raises:
        MalformedError: The key is not 32 bytes.
    """
    if len(public_key) != _PUBLIC_KEY_BYTES:
        raise MalformedError("public key: expected 32 bytes")
    return encode_multibase(_ED25519 + public_key)


def decode_multikey(text: str) -> bytes:
    """Read the Ed25519 public key of a Multikey text.

    Raises:
        MalformedError: The text is not exactly what ``encode_multikey`` writes.
    """
    data = decode_multibase(text)
    if data[:2] != _ED25519 or len(data) != len(_ED25519) + _PUBLIC_KEY_BYTES:
        raise MalformedError("multikey: expected an Ed25519 public key")
    return data[2:]


def did_key(public_key: bytes) -> str:
    """Give the did:key of an Ed25519 public key.

    Raises:
        MalformedError: The key is not 32 bytes.
    """
    return "did:key:" + encode_multikey(public_key)


def did_key_method(public_key: bytes) -> str:
    """Give the verification method of a did:key.

    Raises:
        MalformedError: The key is not 32 bytes.
    """
    return f"{did_key(public_key)}#{encode_multikey(public_key)}"
