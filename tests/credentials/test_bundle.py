import json
from dataclasses import replace
from typing import Any

import pytest

from ledger.credentials.bundle import SEAL_PREFIX, parse_bundle, seal_bundle
from ledger.credentials.jsonld import Document, encode_json
from ledger.errors import MalformedError
from tests.verify.ledger_fixture import CREDENTIAL_KEY, small_bundle

BUNDLE = small_bundle()
SEALED = seal_bundle(BUNDLE, CREDENTIAL_KEY)
DOCUMENT = json.loads(SEALED)


def refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_bundle(data)


def test_a_bundle_reads_back_to_its_parts() -> None:
    read = parse_bundle(SEALED)
    assert read.bundle == BUNDLE
    assert read.key_id == CREDENTIAL_KEY.id


def test_a_bundle_is_rfc_8785_to_the_byte_with_fractions() -> None:
    assert encode_json(DOCUMENT) == SEALED
    assert b'"creditsEarned":7.5' in SEALED


def test_the_seal_signs_everything_but_itself() -> None:
    read = parse_bundle(SEALED)
    unsealed = {name: value for name, value in DOCUMENT.items() if name != "seal"}
    assert read.message == SEAL_PREFIX + encode_json(unsealed)
    CREDENTIAL_KEY.private.public_key().verify(read.signature, read.message)


@pytest.mark.parametrize("name", DOCUMENT)
def test_each_field_must_be_there_once_and_of_its_type(name: str) -> None:
    refused(encode_json({key: value for key, value in DOCUMENT.items() if key != name}))
    refused(encode_json({**DOCUMENT, name: None}))
    refused(encode_json({**DOCUMENT, name: 7}))
    refused(encode_json({**DOCUMENT, name: []}))
    twice = encode_json({name: DOCUMENT[name]})[1:-1]
    refused(b"{" + twice + b"," + SEALED[1:])


@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"v": 2},
        {"v": True},
        {"type": "Bundle"},
        {"suite": "SCL-2"},
        {"on": "2026-02-30"},
        {"on": "20261122"},
        {"exported_at": "2026-11-22T08:00:00Z"},
        {"entries": DOCUMENT["entries"][::-1]},
        {"entries": DOCUMENT["entries"] * 2},
        {"entries": [DOCUMENT["entries"][0]] * 2_000},
        {"seal": {**DOCUMENT["seal"], "more": 1}},
        {"seal": {"key": DOCUMENT["seal"]["key"]}},
        {"seal": {**DOCUMENT["seal"], "signature": ""}},
        {"seal": [DOCUMENT["seal"]]},
    ],
)
def test_another_form_is_refused(changes: Document) -> None:
    refused(encode_json({**DOCUMENT, **changes}))


@pytest.mark.parametrize("name", ["entry", "body", "salt", "path"])
def test_each_field_of_an_entry_is_strict(name: str) -> None:
    first, *rest = DOCUMENT["entries"]
    spellings: dict[str, list[Any]] = {
        "entry": [first["entry"] + " ", first["entry"].replace('"v":1', '"v":2')],
        "body": [first["body"] + " ", "{"],
        "salt": [first["salt"].upper(), first["salt"][:-2]],
        "path": [first["path"] * 40, [first["path"][0].replace("=", "")]],
    }
    for value in [None, 7, {}, *spellings[name]]:
        refused(encode_json({**DOCUMENT, "entries": [{**first, name: value}, *rest]}))
    short = {key: value for key, value in first.items() if key != name}
    refused(encode_json({**DOCUMENT, "entries": [short, *rest]}))


def test_other_spellings_of_the_same_json_are_refused() -> None:
    refused(json.dumps(DOCUMENT).encode())
    refused(json.dumps(DOCUMENT, sort_keys=True, separators=(",", ":")).encode())
    refused(SEALED + b"\n")
    refused(SEALED.replace(b'"creditsEarned":7.5', b'"creditsEarned":7.50'))


def test_what_could_not_be_read_is_not_sealed() -> None:
    for bad in (
        replace(BUNDLE, entries=()),
        replace(BUNDLE, entries=BUNDLE.entries[::-1]),
        replace(BUNDLE, on="today"),
        replace(BUNDLE, suite="SCL-9"),
        replace(BUNDLE, credential={"a": float("nan")}),
    ):
        with pytest.raises(MalformedError):
            seal_bundle(bad, CREDENTIAL_KEY)
