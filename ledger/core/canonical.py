"""Canonical JSON: RFC 8785 in a profile narrow enough that any right encoder gives the same bytes.

    {"body":"...","index":7,"v":1}

* objects with ASCII keys, sorted; arrays; text; true, false, null
* integers from -(2^53 - 1) to 2^53 - 1
* no floats (decimals travel as text), no duplicate keys, no blanks, no byte order mark
* text in Unicode normalisation form C, without lone surrogates
* at most 32 containers inside each other and, unless said, 65,535 bytes (an entry bundle's limit)

Within the profile RFC 8785's ordering by UTF-16 units is ordering by bytes and its number form is
plain decimal, so ``orjson`` with sorted keys writes it. A property test holds that to ``rfc8785``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias
from unicodedata import is_normalized

import orjson

from ledger.errors import MalformedError

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""What can be encoded. Containers are dict, list or tuple; ``decode`` gives dict and list."""

BYTES_MAX: Final = 65_535
DEPTH_MAX: Final = 32
INTEGER_MAX: Final = 2**53 - 1

_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_ATOMS: Final = frozenset({int, bool, type(None)})


def encode(value: Json, *, bytes_max: int = BYTES_MAX) -> bytes:
    """Write a value in its one form.

    Raises:
        MalformedError: The value is outside the profile, or longer than ``bytes_max``.
    """
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError):
        raise MalformedError("canonical JSON: a value that the profile does not know") from None
    if len(data) > bytes_max:
        raise MalformedError(f"canonical JSON: expected at most {bytes_max} bytes")
    _check(value, 1)
    return data


def decode(data: bytes, *, bytes_max: int = BYTES_MAX) -> Json:
    """Read a value.

    Raises:
        MalformedError: The bytes are not exactly what ``encode`` writes.
    """
    if len(data) > bytes_max:
        raise MalformedError(f"canonical JSON: expected at most {bytes_max} bytes")
    try:
        value: Json = orjson.loads(data)
    except ValueError:
        # The decoder's own error would carry the document, and with it what is personal in it.
        raise MalformedError("canonical JSON: not JSON") from None
    # Duplicate keys, blanks, -0, 1e2, escapes and key order all come back as other bytes.
    if encode(value, bytes_max=bytes_max) != data:
        raise MalformedError("canonical JSON: not in canonical form")
    return value


def _check(value: object, depth: int) -> None:
    # The encoder also takes floats (NaN as null), dates, enums and subclasses, and says nothing
    # about keys, normal form or depth. What is not exactly of a type named here is refused.
    kind = type(value)
    if kind is str:
        _check_items((value,), depth)
    elif isinstance(value, dict) and kind is dict:
        # Joining is the quickest way to look at all keys at once.
        if not "".join(value).isascii():
            raise MalformedError("canonical JSON: expected ASCII keys")
        _check_items(value.values(), depth)
    elif isinstance(value, list | tuple) and (kind is list or kind is tuple):
        _check_items(value, depth)
    elif kind not in _ATOMS:
        raise MalformedError("canonical JSON: expected text, integer, boolean, null or container")


def _check_items(items: Iterable[object], depth: int) -> None:
    if depth > DEPTH_MAX:
        raise MalformedError(f"canonical JSON: expected at most {DEPTH_MAX} levels")
    for item in items:
        if type(item) is str:
            if not item.isascii() and not is_normalized("NFC", item):
                raise MalformedError("canonical JSON: expected text in normalisation form C")
        elif type(item) not in _ATOMS:
            _check(item, depth + 1)
