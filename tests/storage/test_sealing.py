"""What is sealed opens only where it belongs, and a tag gives nothing away."""

import os
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import DamagedError
from ledger.storage.sealing import TAG_BYTES, Cipher, Sealer, body_context
from tests.storage.log_fixture import make_key

KEYS = {1: bytes([1]) * 32, 2: bytes([2]) * 32}
LOOKUP = bytes([3]) * 32
SUBJECT = "s" * 26


def _sealer(version: int = 1, lookup: bytes = LOOKUP) -> Sealer:
    keys = {v: key for v, key in KEYS.items() if v <= version}
    return Sealer(keys, version, lookup, os.urandom)


def test_sealed_bytes_open_again_under_the_same_key_and_context() -> None:
    cipher = Cipher(KEYS[1], os.urandom)
    assert cipher.open(cipher.seal(b"plain", b"context"), b"context") == b"plain"


@pytest.mark.parametrize("position", [0, 11, 12, 16, 17, 32])
def test_a_flipped_bit_anywhere_is_noticed(position: int) -> None:
    cipher = Cipher(KEYS[1], os.urandom)
    sealed = bytearray(cipher.seal(b"plain", b"context"))
    sealed[position] ^= 1
    with pytest.raises(DamagedError):
        cipher.open(bytes(sealed), b"context")


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(28)])
def test_bytes_too_short_to_be_sealed_are_damaged(sealed: bytes) -> None:
    with pytest.raises(DamagedError):
        Cipher(KEYS[1], os.urandom).open(sealed, b"")


def test_another_key_or_context_opens_nothing() -> None:
    sealed = Cipher(KEYS[1], os.urandom).seal(b"plain", b"context")
    with pytest.raises(DamagedError):
        Cipher(KEYS[2], os.urandom).open(sealed, b"context")
    with pytest.raises(DamagedError):
        Cipher(KEYS[1], os.urandom).open(sealed, b"other")


def test_the_same_plain_text_is_never_sealed_the_same_way_twice() -> None:
    cipher = Cipher(KEYS[1], os.urandom)
    assert len({cipher.seal(b"plain", b"") for _ in range(50)}) == 50


def test_a_wrapped_key_opens_for_its_subject_only() -> None:
    sealer = _sealer()
    cipher, wrapped = make_key(sealer, SUBJECT)
    sealed = cipher.seal(b"facts", b"")
    assert sealer.unwrap(SUBJECT, 1, wrapped).open(sealed, b"") == b"facts"
    with pytest.raises(DamagedError):
        sealer.unwrap("t" * 26, 1, wrapped)


def test_a_body_opens_under_the_wrapped_key_as_it_does_step_by_step() -> None:
    sealer, name, committed = _sealer(), SUBJECT.encode(), bytes(32)
    cipher, wrapped = make_key(sealer, SUBJECT)
    sealed = cipher.seal(b"body", body_context(name, committed))
    assert sealer.open_body(name, 1, wrapped, sealed, committed) == b"body"
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for other in (
        (b"t" * 26, 1, wrapped, sealed, committed),
        (name, 2, wrapped, sealed, committed),
        (name, 1, wrapped[:-1], sealed, committed),
        (name, 1, b"", sealed, committed),
        (name, 1, wrapped, flipped, committed),
        (name, 1, wrapped, b"", committed),
        (name, 1, wrapped, sealed, bytes([1]) * 32),
    ):
        with pytest.raises(DamagedError):
            sealer.open_body(*other)


def test_a_key_wrapped_before_a_rotation_opens_and_is_wrapped_anew() -> None:
    cipher, wrapped = make_key(_sealer(1), SUBJECT)
    sealed = cipher.seal(b"facts", b"")
    rotated = _sealer(2)
    assert rotated.unwrap(SUBJECT, 1, wrapped).open(sealed, b"") == b"facts"
    anew = rotated.rewrap(SUBJECT, 1, wrapped)
    assert rotated.unwrap(SUBJECT, 2, anew).open(sealed, b"") == b"facts"
    with pytest.raises(DamagedError):
        rotated.unwrap(SUBJECT, 1, anew)


def test_a_version_that_the_keyring_lacks_is_damage_and_says_so() -> None:
    _, wrapped = make_key(_sealer(2), SUBJECT)
    for use in (_sealer(1).unwrap, _sealer(1).rewrap):
        with pytest.raises(DamagedError, match="version 2"):
            use(SUBJECT, 2, wrapped)
    with pytest.raises(DamagedError, match="version 2"):
        _sealer(1).ledger_cipher(2)


PURPOSES = ("id number", "certificate", "record identity", "record content", "request", "answer")


@given(st.lists(st.binary(max_size=12), max_size=3))
def test_tags_of_two_purposes_are_never_equal(parts: list[bytes]) -> None:
    sealer = _sealer()
    tags = [sealer.tag(purpose, *parts) for purpose in PURPOSES]
    assert all(one != other for one, other in combinations(tags, 2))
    assert {len(tag) for tag in tags} == {TAG_BYTES}


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_tags_are_equal_only_for_the_same_parts(one: list[bytes], other: list[bytes]) -> None:
    sealer = _sealer()
    assert (sealer.tag("x", *one) == sealer.tag("x", *other)) == (one == other)


def test_no_two_splits_of_the_same_bytes_share_a_tag() -> None:
    sealer = _sealer()
    splits = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"", b"abc")]
    assert len({sealer.tag("x", *parts) for parts in splits}) == len(splits)


def test_without_the_lookup_secret_a_tag_cannot_be_made_again() -> None:
    """Notes, security P2: the tag of an ID number must not be found by trying all numbers."""
    number = b"330199199505192154"
    tag = _sealer().tag("id number", number)
    assert tag == _sealer(2).tag("id number", number)
    assert tag != _sealer(lookup=bytes(32)).tag("id number", number)
