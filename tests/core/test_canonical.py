"""Canonical JSON is RFC 8785 within the profile, and nothing else is read or written."""

import json
import struct
from collections import OrderedDict
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, cast
from unicodedata import normalize
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.core.canonical import BYTES_MAX, INTEGER_MAX, Json, decode, encode
from ledger.errors import MalformedError
from tests.shared_data import shared

ascii_text = st.text(alphabet=st.characters(max_codepoint=127), max_size=12)
nfc_text = st.text(max_size=20).map(lambda text: normalize("NFC", text))
integers = st.integers(-INTEGER_MAX, INTEGER_MAX)
values = st.recursive(
    st.none() | st.booleans() | integers | nfc_text | ascii_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ascii_text, inner, max_size=5),
    max_leaves=20,
)


@given(values)
@example({"\x7f": "\x7f", "\x00": '\x1f\b\t\n\f\r"\\/', "é": 1} | {"": "\u2028"})
@example("\U0001f602\ue000")
def test_encoding_equals_the_reference_library(value: Json) -> None:
    """RFC 8785, 3.2."""
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if key.isascii()}
    data = encode(value)
    assert data == rfc8785.dumps(cast("Any", value))
    assert decode(data) == value
    assert encode(decode(data)) == data


def test_every_character_of_the_basic_plane_is_written_as_the_reference_library_does() -> None:
    """RFC 8785, 3.2.2.2. In blocks; characters that normal form C does not keep stay out."""
    for start in range(0, 0x1_1000, 0x400):
        block = [chr(code) for code in range(start, start + 0x400) if not 0xD800 <= code < 0xE000]
        kept = [c for c in block if normalize("NFC", c) == c]
        assert encode(kept, bytes_max=1 << 20) == rfc8785.dumps(kept)


NUMBERS = ["-0", "1.0", "1e2", "1E400", "0.1", "01", "+1", "9007199254740992", "-9007199254740992"]
WORDS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "True",
    "nil",
    "undefined",
    "'a'",
    "// x",
    "[1,]",
    '{"a":1,}',
]
SPELLINGS = [
    "",
    " 1",
    "1\n",
    '{"a": 1}',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a":1,"a":2}',
    '{"a":{"b":1,"b":1}}',
    '{"a":1,"\\u0061":1}',
    '"\\u0061"',
    '"\\/"',
    '"\\u000A"',
    '"\\u000a"',
    '"\\u001F"',
    '"\\u007f"',
    '"\\u20ac"',
    '"\\ud83d\\ude02"',
    '"\\ud800"',
    '"a\tb"',
    '{"é":1}',
    '"e\u0301"',
    '"\\n\u0301\u0041\u030a"',
    '"\u212b"',
    "1 2",
    "[1]]",
    "[1",
    '"a',
    "\ufeff1",
]


@pytest.mark.parametrize("text", NUMBERS + WORDS + SPELLINGS)
def test_other_spellings_are_refused(text: str) -> None:
    """security.md K8: duplicates, constants, floats, -0, big integers, blanks, BOM, normal form."""
    with pytest.raises(MalformedError):
        decode(text.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf1",
        '{"a":1}'.encode("utf-16"),
        b'"\xff"',
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b'"\xf4\x90\x80\x80"',
        b'{"a":1}\x00',
    ],
)
def test_bytes_that_are_not_plain_utf_8_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(data)


class Colour(StrEnum):
    RED = "red"


class Pair(NamedTuple):
    left: int
    right: int


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        float("inf"),
        -0.0,
        2**53,
        -(2**53),
        2**64,
        Decimal(1),
        date(2026, 11, 22),
        datetime(2026, 11, 22, tzinfo=UTC),
        UUID(int=1),
        Colour.RED,
        OrderedDict(a=1),
        Pair(1, 2),
        Number.ONE,
        {1, 2},
        {1: "a"},
        {None: "a"},
        {Colour.RED: "a"},
        {"é": 1},
        {"a": {"键": 1}},
        "e\u0301",
        "\ud800",
        {"\udfff": 1},
        ["\u212b"],
    ],
    ids=repr,
)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_value_outside_the_profile_is_refused_at_any_depth(value: Json, depth: int) -> None:
    for _ in range(depth):
        value = {"a": [value]}
    with pytest.raises(MalformedError):
        encode(value)


def test_tuples_are_arrays() -> None:
    assert encode({"a": (1, "x")}) == b'{"a":[1,"x"]}'


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_containers_may_stand_inside_each_other_only_so_deep(opening: str) -> None:
    closing = {"[": "]", '{"a":': "}"}[opening]
    deepest = (opening * 32 + "1" + closing * 32).encode()
    assert encode(decode(deepest)) == deepest
    for levels in (33, 300, 2000, 5000):
        with pytest.raises(MalformedError):
            decode((opening * levels + "1" + closing * levels).encode())


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(MalformedError):
        encode(endless)


def test_the_size_is_limited_to_what_a_bundle_can_hold() -> None:
    longest = "x" * (BYTES_MAX - 2)
    assert len(encode(longest)) == 65_535
    assert decode(encode(longest)) == longest
    with pytest.raises(MalformedError, match="65535 bytes"):
        encode(longest + "x")
    with pytest.raises(MalformedError, match="65535 bytes"):
        decode(b'"' + b"x" * (BYTES_MAX - 1) + b'"')
    assert decode(encode(longest + "x", bytes_max=70_000), bytes_max=70_000) == longest + "x"
    with pytest.raises(MalformedError):
        encode("xx", bytes_max=3)


def test_an_error_does_not_carry_the_document() -> None:
    with pytest.raises(MalformedError) as caught:
        decode('{"name":"张三",}'.encode())
    assert "张三" not in str(caught.value)


@given(values, st.data())
def test_a_changed_byte_is_another_value_or_none(value: Json, data: st.DataObject) -> None:
    encoded = bytearray(encode(value))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        changed = decode(bytes(encoded))
    except MalformedError:
        return
    assert encode(changed) == bytes(encoded)
    assert json.dumps(changed, sort_keys=True) != json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_published_documents_are_written_as_published_or_refused(name: str) -> None:
    """Of cyberphone/json-canonicalization only ``arrays`` lies within the profile.

    The others have keys outside ASCII, text outside normal form C or floats.
    """
    expected = shared(f"vectors/jcs/testdata/output/{name}.json").read_bytes()
    value = json.loads(shared(f"vectors/jcs/testdata/input/{name}.json").read_bytes())
    if name == "arrays":
        assert encode(value) == expected
        assert decode(expected) == value
        return
    with pytest.raises(MalformedError):
        encode(value)
    # ``structures`` loses its float when written (56.0 is 56), so that its output is within.
    if name == "structures":
        assert encode(decode(expected)) == expected
    else:
        with pytest.raises(MalformedError):
            decode(expected)


def test_published_numbers_are_refused_as_floats_and_read_as_integers_where_they_are_exact() -> (
    None
):
    """RFC 8785 appendix B."""
    path = shared("vectors/jcs/rfc8785_appendix_b_numbers.json")
    read = 0
    for case in json.loads(path.read_bytes()):
        (number,) = struct.unpack(">d", bytes.fromhex(case["ieee754_hex"]))
        with pytest.raises(MalformedError):
            encode(number)
        text = case["expected"]
        if text is None:
            continue
        if text.removeprefix("-").isdigit() and abs(int(text)) <= INTEGER_MAX:
            assert encode(decode(text.encode())) == text.encode()
            read += 1
        else:
            with pytest.raises(MalformedError):
                decode(text.encode())
    assert read
