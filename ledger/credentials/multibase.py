"""Base58 text of signatures.

    multibase   z + base58btc(bytes)   (Controlled Identifiers 1.0, 2.4)

Other bases are not read: a second spelling of one proof would be a second proof.
"""

from typing import Final

from ledger.errors import MalformedError

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_TEXT_MAX: Final = 128
"""Longest text read, in letters; a signature needs 88. The work grows with its square."""


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
        raise MalformedError("multibase: expected z and base58btc")
    number = 0
    for letter in text[1:]:
        if letter not in _VALUE:
            raise MalformedError("multibase: expected letters of base58btc")
        number = number * 58 + _VALUE[letter]
    digits = text[1:].lstrip(_ALPHABET[0])
    zeros = len(text) - 1 - len(digits)
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)
