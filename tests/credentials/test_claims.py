from dataclasses import replace
from fractions import Fraction

import pytest

from ledger.core.digest import leaf_hash
from ledger.credentials.claims import (
    ClassClaims,
    claims_of,
    did_of_ledger,
    did_of_organisation,
    total_of,
)
from ledger.errors import MalformedError
from tests.verify.ledger_fixture import (
    ORIGIN,
    SCHOOL,
    certificate,
    completion,
    school,
    small_ledger,
)

LEDGER = small_ledger(completion(), certificate())


def test_a_completions_claims_are_those_of_its_body_and_entry() -> None:
    told = claims_of(LEDGER.entries[4], LEDGER.body(4), origin=ORIGIN, issuer=school())
    assert told.leaf_hash == leaf_hash(LEDGER.entries[4].encode()).hex()
    assert (told.index, told.kind, told.on, told.level) == (4, "completion", "2023-06-24", 1)
    assert told.credit.granted == "7.5"
    assert told.training_class == ClassClaims(
        "ZJ20230008", "农业经理人第8期", "安全技能培训", "2023-05-04", "2023-06-24"
    )
    assert dict(told.results) == {
        "hours-online": "16",
        "hours-practice": "72",
        "hours-theory": "56",
        "attendance": "0.86",
        "score-practice": "83",
        "score-theory": "72.5",
    }


def test_a_certificates_claims_have_no_class_and_no_results() -> None:
    told = claims_of(LEDGER.entries[5], LEDGER.body(5), origin=ORIGIN, issuer=school())
    assert (told.kind, told.on, told.training_class, told.passed) == (
        "certificate",
        "2022-03-01",
        None,
        None,
    )
    assert told.certificate is not None
    assert told.certificate.assessor == "某某评价机构"
    assert told.results == ()


def test_no_claim_holds_the_subject_tag_of_the_body() -> None:
    told = claims_of(LEDGER.entries[4], LEDGER.body(4), origin=ORIGIN, issuer=school())
    assert LEDGER.body(4)["subject"] not in str(told)


def test_claims_need_a_record_its_own_body_and_its_own_issuer() -> None:
    entry, body = LEDGER.entries[4], LEDGER.body(4)
    with pytest.raises(MalformedError):
        claims_of(LEDGER.entries[2], LEDGER.body(2), origin=ORIGIN, issuer=school(id=SCHOOL))
    with pytest.raises(MalformedError):
        claims_of(entry, body, origin=ORIGIN, issuer=school(id="org-" + "b" * 26))
    with pytest.raises(MalformedError):
        claims_of(replace(entry, kind="certificate"), body, origin=ORIGIN, issuer=school())
    with pytest.raises(MalformedError):
        claims_of(entry, {**body, "level": "1"}, origin=ORIGIN, issuer=school())
    with pytest.raises(MalformedError):
        claims_of(
            replace(entry, kind="revocation", issuer=SCHOOL), body, origin=ORIGIN, issuer=school()
        )


def test_the_did_is_that_of_the_origins_host() -> None:
    """did:web method specification, 2.1: a port is percent-encoded."""
    assert did_of_ledger("ledger.example/2026") == "did:web:ledger.example"
    assert did_of_ledger("localhost:8000/log") == "did:web:localhost%3A8000"
    assert did_of_organisation(ORIGIN, "org-a") == "did:web:ledger.example:organisations:org-a"


@pytest.mark.parametrize("origin", ["", "/x", "金藍", "a b", "a%2f", "host#x/1"])
def test_an_origin_without_a_host_has_no_did(origin: str) -> None:
    with pytest.raises(MalformedError):
        did_of_ledger(origin)


def test_totals_are_exact() -> None:
    assert total_of(["0.1"] * 10) == 1
    assert total_of(["7.5", "0.0"]) == Fraction(15, 2)
    with pytest.raises(MalformedError):
        total_of(["7,5"])
