"""The one spelling of bytes and counts as text: lower-case hex, padded base64, plain decimal.

    00ff        "AP8="        1234

The library functions also read upper-case hex, blanks, unused bits, ``+42``, ``4_2`` and Arabic
digits. Each would be a second text, and so a second hash, for one fact; these readers refuse them.
"""

import binascii
import re
from base64 import b64decode, b64encode
from typing import Final

from ledger.errors import MalformedError

COUNT_MAX: Final = 2**63 - 1
"""Largest count in a text form (c2sp.org/tlog-checkpoint leaves the sign bit unused)."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


def format_base64(data: bytes) -> str:
    """Write bytes as padded base64 of RFC 4648, section 4."""
    return b64encode(data).decode("ascii")


def parse_base64(text: str, what: str, *, length: int | None = None) -> bytes:
    """Read padded base64.

    Args:
        text: The text.
        what: Name of the field, for the message.
        length: Number of bytes that must come out, if it is fixed.

    Raises:
        MalformedError: The text is not exactly what ``format_base64`` writes, or of another
        length.
    """
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(f"{what}: expected padded base64") from None
    if format_base64(data) != text:
        raise MalformedError(f"{what}: expected base64 without unused bits")
    if length is not None and len(data) != length:
        raise MalformedError(f"{what}: expected {length} bytes in base64")
    return data


def parse_hex(text: str, what: str, *, length: int) -> bytes:
    """Read lower-case hex of ``length`` bytes, as ``bytes.hex`` writes it.

    Raises:
        MalformedError: The text is not lower-case hex of that length.
    """
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise MalformedError(f"{what}: expected {2 * length} lower-case hex digits") from None
    if len(data) != length or data.hex() != text:
        raise MalformedError(f"{what}: expected {2 * length} lower-case hex digits")
    return data


def parse_count(text: str, what: str) -> int:
    """Read a count from 0 to ``COUNT_MAX`` in decimal without sign or leading zeros.

    Raises:
        MalformedError: The text is not exactly what ``str`` writes for such a count.
    """
    if _DECIMAL.fullmatch(text) is None or (count := int(text)) > COUNT_MAX:
        raise MalformedError(f"{what}: expected decimal digits without leading zeros, as in 42")
    return count
