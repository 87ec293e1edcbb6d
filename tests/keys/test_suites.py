import pytest

from keys.suites import SIGNING_SUITES, signing_suite
from ledger.core.suite import SUITES, suite
from ledger.errors import MalformedError, VerificationError


def test_the_signing_table_has_the_rows_of_the_checking_table() -> None:
    assert SIGNING_SUITES.keys() == SUITES.keys()
    assert all(row.id == name for name, row in SIGNING_SUITES.items())


@pytest.mark.parametrize("name", SIGNING_SUITES)
def test_what_a_suite_signs_the_core_accepts_and_nothing_else(name: str) -> None:
    made = signing_suite(name)
    private = made.generate()
    public_key, sign = made.open(private)
    suite(name).verify(public_key, b"message", sign(b"message"))
    with pytest.raises(VerificationError):
        suite(name).verify(public_key, b"another", sign(b"message"))


@pytest.mark.parametrize("name", SIGNING_SUITES)
def test_two_generated_keys_differ(name: str) -> None:
    assert signing_suite(name).generate() != signing_suite(name).generate()


def test_scl_1_is_the_ed25519_of_rfc_8032() -> None:
    """RFC 8032 7.1, test 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public_key, sign = signing_suite("SCL-1").open(seed)
    assert public_key.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@pytest.mark.parametrize("name", ["scl-1", "SCL-2", "none", "", "Ed25519"])
def test_an_unknown_suite_is_refused(name: str) -> None:
    """K6: the table is closed."""
    with pytest.raises(MalformedError, match="expected one of SCL-1"):
        signing_suite(name)
