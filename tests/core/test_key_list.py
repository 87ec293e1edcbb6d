"""The key list is what a verifier trusts: one spelling, each key for one purpose and time."""

from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import canonical
from ledger.core.canonical import Json
from ledger.core.instant import INSTANT_MAX
from ledger.core.key_list import (
    KeyList,
    PublishedKey,
    decode_key_list,
    key_list_from_json,
    published_key_from_json,
    published_key_id,
)
from ledger.core.note import open_note, sign_note
from ledger.errors import MalformedError, NotFoundError
from tests.core.signers import LOG, ORIGIN, STRANGER

DAY = 86_400_000
START = 20_000 * DAY
CREDENTIAL_KEY = bytes(range(32))


def log_key(**changes: Any) -> PublishedKey:  # noqa: ANN401  any field
    key = LOG.verifier_key
    return replace(PublishedKey(key.key_id.hex(), "log", "SCL-1", key.public_key, START), **changes)


def credential_key(**changes: Any) -> PublishedKey:  # noqa: ANN401  any field
    name = published_key_id("credential", CREDENTIAL_KEY, ORIGIN)
    return replace(PublishedKey(name, "credential", "SCL-1", CREDENTIAL_KEY, START), **changes)


KEY_LIST = KeyList(ORIGIN, (log_key(), credential_key(valid_until=START + DAY)))
TEXT = KEY_LIST.encode().decode()
ends = st.none() | st.integers(START + 1, INSTANT_MAX)


@given(
    st.builds(
        lambda *e: KeyList(
            ORIGIN, (log_key(valid_until=e[0], revoked_at=e[1], compromised_at=e[2]),)
        ),
        ends,
        ends,
        ends,
    )
)
def test_a_key_list_comes_back(key_list: KeyList) -> None:
    data = key_list.encode()
    assert decode_key_list(data) == key_list
    assert data == canonical.encode(key_list.to_json())


def test_the_form_is_that_of_the_architecture() -> None:
    """docs/architecture.md, Keys."""
    assert KEY_LIST.to_json() == {
        "v": 1,
        "origin": ORIGIN,
        "keys": [
            {
                "id": LOG.verifier_key.key_id.hex(),
                "purpose": "log",
                "suite": "SCL-1",
                "public_key": LOG.verifier_key.public_key.hex(),
                "valid_from": "2024-10-04T00:00:00.000Z",
                "valid_until": None,
                "revoked_at": None,
                "compromised_at": None,
            },
            {
                "id": "630dcd2966c43366",
                "purpose": "credential",
                "suite": "SCL-1",
                "public_key": CREDENTIAL_KEY.hex(),
                "valid_from": "2024-10-04T00:00:00.000Z",
                "valid_until": "2024-10-05T00:00:00.000Z",
                "revoked_at": None,
                "compromised_at": None,
            },
        ],
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"v":1', '"v":2'),
        ('"v":1', '"v":true'),
        ('"v":1', '"v":"1"'),
        ('"v":1', '"v":1,"x":1'),
        (',"v":1', ""),
        ('{"keys":[', '{"keys":{'),
        ('{"keys":[', '{"keys": ['),
        (ORIGIN, "ledger example"),
        (ORIGIN, "other.example"),
        (ORIGIN, ""),
        ('"purpose":"log"', '"purpose":"vault"'),
        ('"purpose":"log"', '"purpose":"credential"'),
        ('"purpose":"credential"', '"purpose":"log"'),
        ('"purpose":"log",', ""),
        ("630dcd2966c43366", "630dcd2966c43367"),
        ("630dcd2966c43366", "630DCD2966C43366"),
        ("000102", "000103"),
        ("000102", "00010"),
        ("0a0b0c", "0A0B0C"),
        ("SCL-1", "SCL-2"),
        ('"suite":"SCL-1"', '"suite":null'),
        ("2024-10-05T00:00:00.000Z", "2024-10-05T00:00:00Z"),
        ("2024-10-05T00:00:00.000Z", "2024-10-04T00:00:00.000Z"),
        ("2024-10-05T00:00:00.000Z", "2024-10-03T00:00:00.000Z"),
        ('"revoked_at":null', '"revoked_at":0'),
        ('"revoked_at":null', '"revoked_at":""'),
        ('"revoked_at":null', '"revoked_at":false'),
        ('"revoked_at":null,', ""),
        ('"valid_from":"2024-10-04T00:00:00.000Z"', '"valid_from":null'),
    ],
)
def test_another_spelling_of_a_key_list_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(MalformedError):
        decode_key_list(TEXT.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    "value", [None, [], "x", 1, {}, {"v": 1, "origin": ORIGIN, "keys": [None]}]
)
def test_another_value_is_no_key_list(value: Json) -> None:
    with pytest.raises(MalformedError):
        key_list_from_json(value)
    with pytest.raises(MalformedError):
        published_key_from_json(value)


def test_a_key_alone_is_the_body_of_a_key_entry() -> None:
    for key in KEY_LIST.keys:
        assert published_key_from_json(key.to_json()) == key
        spoilt = cast("dict[str, Json]", dict(key.to_json())) | {"extra": None}
        with pytest.raises(MalformedError):
            published_key_from_json(spoilt)


def test_a_key_is_found_for_its_purpose_alone() -> None:
    log, credential = KEY_LIST.keys
    assert KEY_LIST.find(log.id, "log") == log
    assert KEY_LIST.find(credential.id, "credential") == credential
    for key_id, purpose in [(log.id, "credential"), (credential.id, "log"), ("", "log")]:
        with pytest.raises(NotFoundError):
            KEY_LIST.find(key_id, purpose)


def test_a_key_comes_once() -> None:
    with pytest.raises(MalformedError):
        KeyList(ORIGIN, (log_key(), log_key(valid_until=START + 1)))


def test_the_id_of_a_log_key_is_bound_to_the_origin() -> None:
    with pytest.raises(MalformedError):
        KeyList("other.example", (log_key(),))
    with pytest.raises(MalformedError):
        KeyList(ORIGIN, (log_key(id="00000000"),))


@pytest.mark.parametrize(
    ("changes", "ms", "expected"),
    [
        ({}, START - 1, False),
        ({}, START, True),
        ({}, INSTANT_MAX, True),
        ({"valid_until": START + 10}, START + 9, True),
        ({"valid_until": START + 10}, START + 10, False),
        ({"revoked_at": START + 10}, START + 9, True),
        ({"revoked_at": START + 10}, START + 10, False),
        ({"compromised_at": START + 10}, START + 9, True),
        ({"compromised_at": START + 10}, START + 10, False),
        ({"compromised_at": START - 10}, START, False),
        ({"valid_until": START + 10, "revoked_at": START + 5}, START + 7, False),
    ],
)
def test_a_key_is_valid_from_its_start_until_whatever_ends_it(
    changes: dict[str, int], ms: int, *, expected: bool
) -> None:
    assert log_key(**changes).valid_at(ms) is expected
    assert bool(KeyList(ORIGIN, (log_key(**changes),)).log_verifier_keys(at_ms=ms)) is expected


def test_the_logs_keys_open_its_notes() -> None:
    note = sign_note("x\n", [LOG])
    assert open_note(note, KEY_LIST.log_verifier_keys()) == "x\n"
    assert [key.name for key in KEY_LIST.log_verifier_keys()] == [ORIGIN]


def test_without_a_time_a_retired_log_key_still_counts_and_a_compromised_one_never() -> None:
    other = STRANGER.verifier_key
    second = log_key(id=other.key_id.hex(), public_key=other.public_key)
    ended = log_key(valid_until=START + 1, revoked_at=START + 2)
    assert len(KeyList(ORIGIN, (ended, second)).log_verifier_keys()) == 2
    stolen = KeyList(ORIGIN, (log_key(compromised_at=START + 1), second))
    assert stolen.log_verifier_keys() == [other]


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "vault"},
        {"suite": "SCL-0"},
        {"public_key": bytes(31)},
        {"valid_until": START},
        {"valid_until": START - 1},
    ],
    ids=str,
)
def test_a_wrong_key_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        log_key(**changes)
