"""The table of suites is closed and its check is Ed25519."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.core.suite import SUITES, suite
from ledger.errors import MalformedError, VerificationError
from tests.core.flips import every_flip

# RFC 8032, 7.1, TEST 2.
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
MESSAGE = bytes.fromhex("72")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_the_published_signature_is_right() -> None:
    """RFC 8032, 7.1."""
    suite("SCL-1").verify(PUBLIC, MESSAGE, SIGNATURE)


@pytest.mark.parametrize("part", ["key", "message", "signature"])
def test_any_flipped_bit_is_found(part: str) -> None:
    parts = {"key": PUBLIC, "message": MESSAGE, "signature": SIGNATURE}
    for changed in every_flip(parts[part]):
        given = parts | {part: changed}
        with pytest.raises(VerificationError):
            suite("SCL-1").verify(given["key"], given["message"], given["signature"])


@pytest.mark.parametrize(
    ("key", "signature"),
    [(b"", SIGNATURE), (PUBLIC[:31], SIGNATURE), (PUBLIC, b""), (PUBLIC, SIGNATURE + b"\x00")],
)
def test_another_length_of_key_or_signature_is_refused(key: bytes, signature: bytes) -> None:
    with pytest.raises(VerificationError):
        suite("SCL-1").verify(key, MESSAGE, signature)


def test_a_fresh_key_works() -> None:
    private = Ed25519PrivateKey.generate()
    key = private.public_key().public_bytes_raw()
    suite("SCL-1").verify(key, b"x", private.sign(b"x"))


@pytest.mark.parametrize("name", ["", "SCL-2", "scl-1", "SCL-1 ", "none", "Ed25519"])
def test_an_unknown_suite_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        suite(name)


def test_the_table_cannot_be_changed() -> None:
    assert list(SUITES) == ["SCL-1"]
    with pytest.raises(TypeError):
        SUITES["none"] = suite("SCL-1")  # type: ignore[index]  # the point of the test
