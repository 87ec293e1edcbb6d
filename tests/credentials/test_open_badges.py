import json
from dataclasses import replace

import pytest
from jsonschema import Draft201909Validator

from ledger.credentials.claims import ClassClaims
from ledger.credentials.contexts import CREDENTIALS_V2, OPEN_BADGES, pinned_contexts
from ledger.credentials.jsonld import Document, canonical_form
from ledger.credentials.open_badges import build_badge, credits_number
from ledger.errors import MalformedError
from tests.documents import nodes
from tests.shared_data import shared
from tests.verify.ledger_fixture import (
    HOLDER,
    ORIGIN,
    certificate,
    completion,
    school,
    small_ledger,
)

LEDGER = small_ledger(completion(), certificate())
ID = "urn:uuid:00000000-0000-4000-8000-000000000001"
# The schema leaves no room for an id in these (additionalProperties is false).
WITHOUT_ID = {"IdentityObject", "IdentifierEntry"}


def validator(path: str) -> Draft201909Validator:
    schema = json.loads(shared(f"vectors/schemas/{path}").read_text())
    return Draft201909Validator(schema, format_checker=Draft201909Validator.FORMAT_CHECKER)


@pytest.mark.parametrize("index", [4, 5])
def test_a_signed_badge_is_valid_against_the_official_schema(index: int) -> None:
    """OB 3.0, 8 and its JSON Schema (draft 2019-09)."""
    validator("open-badges-3.0/ob_v3p0_achievementcredential_schema.json").validate(
        LEDGER.badge(index, valid_until="2030-01-01T00:00:00+08:00")
    )


@pytest.mark.parametrize("index", [4, 5])
def test_every_node_of_a_badge_has_an_id_where_the_schema_has_room(index: int) -> None:
    badge = build_badge(LEDGER.claims(index), HOLDER, credential_id=ID)
    found = [node for node in nodes(badge) if not node.get("id")]
    assert {node["type"] for node in found} == WITHOUT_ID
    assert len(found) == 3


@pytest.mark.parametrize("index", [4, 5])
def test_every_term_of_a_badge_is_defined(index: int) -> None:
    badge = build_badge(LEDGER.claims(index), HOLDER, credential_id=ID)
    assert badge["@context"] == [CREDENTIALS_V2, OPEN_BADGES]
    assert canonical_form(badge, pinned_contexts())


def test_a_badge_says_who_issued_what_when_and_where_the_ledger_has_it() -> None:
    badge = build_badge(LEDGER.claims(4), HOLDER, credential_id=ID)
    subject = badge["credentialSubject"]
    assert badge["issuer"]["id"] == "did:web:ledger.example:organisations:" + school().id
    assert badge["issuer"]["otherIdentifier"][0]["identifier"] == school().uscc
    assert badge["validFrom"] == "2023-06-24T00:00:00+08:00"
    assert subject["creditsEarned"] == 7.5
    assert subject["achievement"]["alignment"][0]["targetCode"] == "5-05-01-02"
    assert subject["achievement"]["creator"]["id"] == badge["issuer"]["id"]
    assert badge["evidence"][0] == {
        "id": "https://ledger.example/2026/entries/4",
        "type": ["Evidence"],
        "genre": "ledger-entry",
        "audience": ORIGIN,
        "name": "4",
        "narrative": LEDGER.claims(4).leaf_hash,
    }


def test_each_result_points_to_a_description_that_is_there() -> None:
    """OB 3.0, Result.resultDescription."""
    subject = build_badge(LEDGER.claims(4), HOLDER, credential_id=ID)["credentialSubject"]
    described = {
        one["id"]: one["resultType"] for one in subject["achievement"]["resultDescription"]
    }
    assert [one["resultDescription"] for one in subject["result"]] == list(described)
    assert described["https://ledger.example/2026/entries/4#description-attendance"] == (
        "ext:AttendanceRatio"
    )
    assert subject["result"][-1]["status"] == "Completed"


def test_a_failed_examination_reads_failed() -> None:
    failed = build_badge(replace(LEDGER.claims(4), passed=False), HOLDER, credential_id=ID)
    assert failed["credentialSubject"]["result"][-1]["status"] == "Failed"


@pytest.mark.parametrize(
    "changes",
    [
        {"level": 8},
        {"level": -1},
        {"level": True},
        {"results": (("score-Theory", "1"),)},
        {"credit": replace(LEDGER.claims(4).credit, schedule="a/b")},
        {"credit": replace(LEDGER.claims(4).credit, granted="0.00001")},
        {"credit": replace(LEDGER.claims(4).credit, granted="7.50")},
    ],
)
def test_claims_that_cannot_stand_in_a_badge_are_refused(changes: Document) -> None:
    with pytest.raises(MalformedError):
        build_badge(replace(LEDGER.claims(4), **changes), HOLDER, credential_id=ID)


def test_a_class_without_name_and_type_leaves_them_out() -> None:
    bare = replace(
        LEDGER.claims(4), training_class=ClassClaims("ZJ1", None, None, "2023-05-04", "2023-06-24")
    )
    achievement = build_badge(bare, HOLDER, credential_id=ID)["credentialSubject"]["achievement"]
    assert "specialization" not in achievement
    assert "tag" not in achievement


def test_whole_credits_are_integers_and_others_exact() -> None:
    """OB 3.0: creditsEarned is a JSON number; RFC 8785 writes 7.0 as 7."""
    assert repr(credits_number("7")) == "7"
    assert repr(credits_number("7.5")) == "7.5"
    assert repr(credits_number("0.1")) == "0.1"
