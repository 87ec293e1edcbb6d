"""Hashes, each in its domain."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.digest import (
    EMPTY_ROOT,
    HASH_BYTES,
    Mac,
    StreamHash,
    commit_naming,
    commitment,
    commitment_and_subject,
    leaf_hash,
    node_hash,
    node_row,
    sha256,
    subject_tag,
)
from ledger.errors import MalformedError
from tests.shared_data import shared

SALT = bytes(range(32))


def test_the_empty_root_is_the_hash_of_nothing() -> None:
    """RFC 6962, 2.1."""
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256(b"") == EMPTY_ROOT
    assert len(EMPTY_ROOT) == HASH_BYTES


@given(st.lists(st.binary()))
def test_a_stream_is_hashed_like_its_bytes_at_once(pieces: list[bytes]) -> None:
    stream = StreamHash()
    for piece in pieces:
        stream.update(piece)
    assert (stream.digest(), stream.length) == (sha256(b"".join(pieces)), len(b"".join(pieces)))


@given(st.binary())
def test_a_leaf_is_hashed_after_a_zero_byte(data: bytes) -> None:
    """RFC 6962, 2.1."""
    assert leaf_hash(data) == hashlib.sha256(b"\x00" + data).digest()


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=8).filter(lambda x: not len(x) % 2))
def test_a_row_is_hashed_as_its_pairs_are(hashes: list[bytes]) -> None:
    pairs = zip(hashes[::2], hashes[1::2], strict=True)
    assert node_row(b"".join(hashes)) == b"".join(node_hash(*pair) for pair in pairs)


def test_the_reference_tree_comes_out() -> None:
    """transparency-dev: the eight-leaf tree of the RFC 6962 implementations."""
    tree = json.loads(shared("vectors/merkle/rfc6962_reference_tree.json").read_bytes())
    row = [leaf_hash(bytes.fromhex(text)) for text in tree["leaf_inputs_hex"]]
    for level in tree["node_hashes_by_level_hex"]:
        assert [one.hex() for one in row] == level
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]


def test_a_commitment_is_an_hmac_under_the_salt() -> None:
    assert commitment(SALT, b"{}") == hmac.new(SALT, b"{}", "sha256").digest()


def test_a_subject_tag_is_an_hmac_in_its_own_domain() -> None:
    expected = hmac.new(SALT, b"subject\x00p-1", "sha256").digest()
    assert subject_tag(SALT, b"p-1") == expected
    assert subject_tag(bytes(32), b"p-1") != expected
    assert commitment(SALT, b"p-1") != expected


@pytest.mark.parametrize("salt", [b"", b"short", bytes(31), bytes(33), bytes(64)])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(MalformedError):
        commitment(salt, b"{}")
    with pytest.raises(MalformedError):
        subject_tag(salt, b"p-1")
    with pytest.raises(MalformedError):
        commitment_and_subject(salt, b"{}", b"p-1")


@given(st.binary(max_size=150), st.lists(st.binary(max_size=200), max_size=4))
def test_a_prepared_mac_is_the_standard_librarys_hmac_for_any_key_and_message(
    key: bytes, messages: list[bytes]
) -> None:
    """RFC 2104: keys shorter than, as long as, and longer than a block of 64 bytes."""
    mac = Mac(key)
    for message in messages:
        assert mac.digest(message) == hmac.digest(key, message, "sha256")


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_a_commitment_is_the_standard_librarys_hmac(salt: bytes, body: bytes) -> None:
    assert commitment(salt, body) == hmac.digest(salt, body, "sha256")
    both = commitment_and_subject(salt, body, body[:26])
    assert both == (commitment(salt, body), subject_tag(salt, body[:26]).hex())


@given(st.binary(min_size=32, max_size=32), st.binary(), st.binary(), st.binary())
def test_tag_and_commitment_made_at_once_are_those_made_one_by_one(
    salt: bytes, subject: bytes, before: bytes, behind: bytes
) -> None:
    body, committed = commit_naming(salt, subject, before, behind)
    assert body == before + subject_tag(salt, subject).hex().encode() + behind
    assert committed == commitment(salt, body)
    with pytest.raises(MalformedError):
        commit_naming(salt[1:], subject, before, behind)
