"""The archive of the keys opens with its passphrase, whole, or not at all."""

import pytest

from keys.archive import KeyArchive, open_archive, seal_archive
from ledger.errors import CustodyError, MalformedError

WORDS = "four words nobody joins"
ARCHIVE = KeyArchive({"index.json": b"{}", "log-1.key": b"secret line\n"}, "a token")


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal_archive(ARCHIVE, WORDS)


def test_it_opens_with_its_passphrase_and_names_its_parameters(sealed: bytes) -> None:
    assert open_archive(sealed, WORDS) == ARCHIVE
    assert sealed.startswith(b"jinlan-keys-archive/v1 scrypt 131072 8 1 ")
    assert b"secret line" not in sealed
    assert "secret line" not in repr(ARCHIVE)


def test_two_archives_of_the_same_keys_share_no_salt(sealed: bytes) -> None:
    assert seal_archive(ARCHIVE, WORDS).split(b" ")[5] != sealed.split(b" ")[5]


def test_another_passphrase_or_a_changed_byte_does_not_open_it(sealed: bytes) -> None:
    changed_salt = sealed.replace(sealed.split(b" ")[5], b"0" * 32)
    for data, passphrase in (
        (sealed, WORDS + " "),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), WORDS),
        (sealed[:-1], WORDS),
        (changed_salt, WORDS),
    ):
        with pytest.raises(CustodyError) as caught:
            open_archive(data, passphrase)
        assert caught.value.code == "passphrase-wrong"


@pytest.mark.parametrize("weaker", [b"16384 8 1", b"131072 1 1", b"131072 8 2"])
def test_other_parameters_are_not_read(sealed: bytes, weaker: bytes) -> None:
    with pytest.raises(CustodyError, match="first line"):
        open_archive(sealed.replace(b"131072 8 1", weaker), WORDS)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(MalformedError, match="found 11 characters, expected at least 12"):
        seal_archive(ARCHIVE, "12345678901")
