import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.credentials.multibase import (
    decode_multibase,
    encode_multibase,
)
from ledger.errors import MalformedError


@given(st.binary(max_size=80))
def test_what_is_encoded_decodes_to_itself(data: bytes) -> None:
    assert decode_multibase(encode_multibase(data)) == data


@given(st.text("z123456789ABCXYZabcxyz0OIl", max_size=20))
def test_every_text_that_decodes_is_the_one_that_would_be_written(text: str) -> None:
    try:
        data = decode_multibase(text)
    except MalformedError:
        return
    assert encode_multibase(data) == text


def test_known_values_of_base58btc() -> None:
    """draft-msporny-base58-03, 5 (test vectors)."""
    assert encode_multibase(b"Hello World!") == "z2NEpo7TZRRrLZSi2U"
    assert encode_multibase(bytes.fromhex("0000287fb4cd")) == "z11233QC4"
    assert decode_multibase("z11233QC4").hex() == "0000287fb4cd"


@pytest.mark.parametrize(
    "text", ["", "2NEpo7", "f00", "z0", "zI", "zl", "z ", "z" + "2" * 200, "Z2"]
)
def test_another_base_letter_or_length_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        decode_multibase(text)
