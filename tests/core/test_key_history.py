"""The key history has one spelling."""

import pytest

from ledger.core.key_history import KeyOpening, decode_key_history, encode_key_history
from ledger.errors import MalformedError

OPENINGS = (KeyOpening(0, bytes(32), b'{"v":1}'), KeyOpening(7, bytes(range(32)), b'{"v":1}'))


def test_a_key_history_comes_back() -> None:
    assert decode_key_history(encode_key_history(OPENINGS)) == OPENINGS
    assert encode_key_history([]) == b'{"entries":[],"v":1}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"entries":[]}',
        b'{"entries":[],"v":2}',
        b'{"entries":{},"v":1}',
        b'{"entries":[1],"v":1}',
        b'{"entries": [],"v":1}',
        b'{"entries":[{"body":"","index":0}],"v":1}',
        encode_key_history(OPENINGS[:1]).replace(b'"index":0', b'"index":-1'),
        encode_key_history(OPENINGS[:1]).replace(b'"index":0', b'"index":true'),
        encode_key_history(OPENINGS[:1]).replace(b'"index":0', b'"index":"0"'),
        encode_key_history(OPENINGS[:1]).replace(b'"salt":"00', b'"salt":"0'),
        encode_key_history(OPENINGS[:1]).replace(b'"salt":"' + b"00" * 32 + b'"', b'"salt":1'),
        encode_key_history(OPENINGS[::-1]),
        encode_key_history((OPENINGS[0], OPENINGS[0])),
    ],
)
def test_another_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_key_history(data)
