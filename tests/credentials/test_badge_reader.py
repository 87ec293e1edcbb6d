from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.credentials.badge_reader import read_badge
from ledger.credentials.claims import CertificateClaims, ClassClaims
from ledger.credentials.jsonld import Document
from ledger.credentials.open_badges import build_badge
from ledger.errors import MalformedError
from tests.documents import at, object_paths
from tests.verify.ledger_fixture import (
    HOLDER,
    certificate,
    completion,
    small_ledger,
)

LEDGER = small_ledger(completion(), certificate())
ID = "urn:uuid:00000000-0000-4000-8000-000000000001"
CLAIMS = [LEDGER.claims(4), LEDGER.claims(5)]
TEXT = st.text("某甲 .,#:/-", min_size=1, max_size=6)
DATE = st.dates().map(str)


def refused(document: Document) -> None:
    with pytest.raises(MalformedError):
        read_badge(document)


@pytest.mark.parametrize("claims", CLAIMS)
def test_a_badge_reads_back_to_the_claims_it_was_built_from(claims: object) -> None:
    badge = build_badge(claims, HOLDER, credential_id=ID, valid_until="2030-01-01T00:00:00+08:00")
    read = read_badge({**badge, "proof": {}})
    assert (read.claims, read.holder, read.id) == (claims, HOLDER, ID)
    assert read.valid_until == "2030-01-01T00:00:00+08:00"


@given(
    name=TEXT,
    training=st.builds(ClassClaims, TEXT, st.none() | TEXT, st.none() | TEXT, DATE, DATE),
    stated=st.none() | st.builds(CertificateClaims, TEXT, TEXT, DATE, st.none() | TEXT),
    results=st.dictionaries(
        st.sampled_from(["attendance", "hours-theory", "hours-online", "score-a_b"]), TEXT
    ),
    level=st.integers(0, 7),
    granted=st.sampled_from(["0", "7", "7.5", "12.25", "100"]),
)
def test_whatever_is_claimed_reads_back(**drawn: object) -> None:
    claims = replace(
        CLAIMS[0],
        occupation=("5-05-01-02", drawn["name"]),
        training_class=drawn["training"],
        certificate=drawn["stated"],
        results=tuple(drawn["results"].items()),
        level=drawn["level"],
        credit=replace(CLAIMS[0].credit, granted=drawn["granted"]),
    )
    assert read_badge(build_badge(claims, HOLDER, credential_id=ID)).claims == claims


@pytest.mark.parametrize("claims", CLAIMS)
def test_a_field_that_is_added_dropped_nulled_or_changed_anywhere_is_refused(
    claims: object,
) -> None:
    badge = build_badge(claims, HOLDER, credential_id=ID)
    for path in object_paths(badge):
        for term in ("bogus", "narrative", "image", "url"):
            if term not in at(badge, path):
                changed = deepcopy(badge)
                at(changed, path)[term] = "https://ledger.example/x"
                refused(changed)
        for name in at(badge, path):
            dropped, nulled = deepcopy(badge), deepcopy(badge)
            del at(dropped, path)[name]
            at(nulled, path)[name] = None
            refused(nulled)
            if (path, name) != (("credentialSubject", "achievement"), "tag"):
                refused_or_other(dropped, claims)


def refused_or_other(document: Document, claims: object) -> None:
    """A field that may be absent, such as the class name, leaves other claims behind."""
    try:
        read = read_badge(document)
    except MalformedError:
        return
    assert read.claims != claims


@pytest.mark.parametrize("claims", CLAIMS)
def test_a_list_in_another_order_or_with_an_item_twice_is_refused(claims: object) -> None:
    badge = build_badge(claims, HOLDER, credential_id=ID)
    for path in object_paths(badge):
        for name, value in at(badge, path).items():
            if isinstance(value, list):
                doubled = deepcopy(badge)
                at(doubled, path)[name] = [*value, value[0]]
                refused_or_other(doubled, claims)
                turned = deepcopy(badge)
                at(turned, path)[name] = value[::-1]
                if len(value) > 1:
                    refused_or_other(turned, claims)


@pytest.mark.parametrize("document", [{}, {"type": []}, {"credentialSubject": []}, {"evidence": 1}])
def test_something_else_is_refused(document: Document) -> None:
    refused(document)
