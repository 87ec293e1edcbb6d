"""The key history: the bodies of all ``key`` entries, opened.

    {"entries":[{"body":"<canonical body>","index":0,"salt":"<64 hex>"}],"v":1}

An entry only commits to its body. With this document beside the log a stranger can open the
commitment of each ``key`` entry, and so follow a rotation, without believing whoever serves it.
Canonical JSON; the entries by index.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ledger.core.canonical import INTEGER_MAX, Json, decode, encode
from ledger.core.digest import SALT_BYTES
from ledger.core.spelling import parse_hex
from ledger.errors import MalformedError

_FIELDS: Final = frozenset({"body", "index", "salt"})


@dataclass(frozen=True, slots=True)
class KeyOpening:
    """What opens the commitment of one ``key`` entry.

    Attributes:
        index: Index of the entry.
        salt: The salt, 32 bytes.
        body: The canonical body: ``v`` and the fields of one published key.
    """

    index: int
    salt: bytes
    body: bytes


def encode_key_history(openings: Iterable[KeyOpening]) -> bytes:
    """Write the document's bytes.

    Raises:
        MalformedError: It is too long for canonical JSON's limit.
    """
    entries: list[Json] = [
        {"body": one.body.decode(), "index": one.index, "salt": one.salt.hex()} for one in openings
    ]
    return encode({"v": 1, "entries": entries})


def decode_key_history(data: bytes) -> tuple[KeyOpening, ...]:
    """Read the document. Nothing is verified: the entries' commitments have to be opened with it.

    Raises:
        MalformedError: The bytes are not exactly what ``encode_key_history`` writes.
    """
    value = decode(data)
    if not isinstance(value, dict) or value.keys() != {"v", "entries"} or value["v"] != 1:
        raise MalformedError("key history: expected v 1 and entries")
    entries = value["entries"]
    if not isinstance(entries, list):
        raise MalformedError("key history: expected a list of entries")
    openings = tuple(_opening(one) for one in entries)
    if any(one.index >= other.index for one, other in pairwise(openings)):
        raise MalformedError("key history: expected each entry once, by index")
    return openings


def _opening(value: Json) -> KeyOpening:
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise MalformedError("key history: expected body, index and salt of each entry")
    body, index, salt = value["body"], value["index"], value["salt"]
    if type(index) is not int or not 0 <= index <= INTEGER_MAX:
        raise MalformedError("key history: expected an index from 0 to 2^53 - 1")
    if not isinstance(body, str) or not isinstance(salt, str):
        raise MalformedError("key history: expected body and salt as text")
    return KeyOpening(index, parse_hex(salt, "key history: salt", length=SALT_BYTES), body.encode())
