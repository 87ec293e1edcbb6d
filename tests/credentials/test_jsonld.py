import json
import time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.credentials.contexts import CREDENTIALS_V2, OPEN_BADGES, pinned_contexts
from ledger.credentials.jsonld import Document, canonical_form, encode_json, load_json
from ledger.errors import MalformedError


def credential(**changes: object) -> Document:
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES],
        "id": "urn:example:credential",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "did:web:ledger.example", "type": ["Profile"], "name": "某某"},
        "validFrom": "2026-11-22T08:00:00Z",
        "credentialSubject": {"id": "urn:example:s", "type": ["AchievementSubject"]},
        **changes,
    }


def refusal(document: Document) -> str:
    with pytest.raises(MalformedError) as caught:
        canonical_form(document, pinned_contexts())
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"text"',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e400}',
        b'{"a":-1e400}',
        b'{"a":9007199254740992}',
        b'{"a":1e17}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\xff"}',
        '{"a":"e\u0301"}'.encode(),
        '{"e\u0301":1}'.encode(),
        b'{"a":1}x',
        b"{'a':1}",
    ],
)
def test_json_that_is_not_strict_is_refused(data: bytes) -> None:
    """security.md K8."""
    with pytest.raises(MalformedError):
        load_json(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b'{"a":' + b"[" * 500_000,
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a":"' + b"x" * 10_000_000 + b'"}',
        b'{"a":[' + b"1," * 60_000 + b"1]}",
    ],
)
def test_json_that_is_too_large_or_deep_is_refused_at_once(data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(MalformedError) as caught:
        load_json(data)
    assert caught.value.code == "too-large"
    assert time.process_time() - started < 1


def test_one_number_has_one_form_however_it_is_spelt() -> None:
    """RFC 8785, 3.2.2.3."""
    assert (
        encode_json(load_json(b'{"a":7.0,"b":7e0,"c":7.50,"d":-0.0}'))
        == b'{"a":7,"b":7,"c":7.5,"d":0}'
    )


def test_a_value_without_rfc_8785_form_is_refused() -> None:
    with pytest.raises(MalformedError):
        encode_json({"a": float("nan")})
    with pytest.raises(MalformedError):
        encode_json({"a": "\ud800"})


@given(
    st.recursive(
        st.integers(-(2**53) + 1, 2**53 - 1)
        | st.text("aé语", max_size=3)
        | st.booleans()
        | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner)
        ),
        max_leaves=8,
    )
)
def test_reading_and_writing_again_gives_the_same_bytes(value: object) -> None:
    data = encode_json({"a": value})
    assert encode_json(load_json(data)) == data


def test_a_sound_document_has_a_canonical_form() -> None:
    form = canonical_form(credential(), pinned_contexts()).decode()
    assert '<did:web:ledger.example> <https://schema.org/name> "某某" .\n' in form
    assert form.splitlines() == sorted(form.splitlines())


@pytest.mark.parametrize(
    "changes",
    [
        {"bogusTerm": "x"},
        {"type": ["VerifiableCredential", "NoSuchType"]},
        {"credentialSubject": {"id": "urn:example:s", "bogusTerm": 1}},
        {"credentialSubject": {"id": "relative"}},
        {"credentialSubject": {"id": "urn:example:with space"}},
        {"credentialSubject": {"id": "urn:x> <urn:y> <urn:z"}},
        {"id": ""},
        {"id": "//host/path"},
        {"name": None},
        {"name": []},
        {"evidence": {}},
        {"evidence": [{"id": "urn:example:e", "type": ["Evidence"], "name": None}]},
        {"type": ["VerifiableCredential", "OpenBadgeCredential", "OpenBadgeCredential"]},
        {"name": {"@value": "x", "@language": "zh"}},
        {"@graph": [{"id": "urn:example:g"}]},
        {"https://schema.org/name": "x"},
        {"credentialSubject": {"id": "_:b0"}},
        {"evidence": "_:b0"},
    ],
)
def test_whatever_rdf_would_drop_or_not_define_is_refused(changes: Document) -> None:
    """verifiable-records.md 4.1: plain PyLD accepts a term that was added after signing."""
    assert refusal(credential(**changes)) == "term-undefined"


@pytest.mark.parametrize(
    "context",
    [
        None,
        [],
        7,
        "https://example.com/context",
        [CREDENTIALS_V2, {"name": "urn:example:name"}],
        [CREDENTIALS_V2, [OPEN_BADGES]],
        {"@vocab": "urn:example:"},
        [OPEN_BADGES] * 10_000,
        "ftp://x",
    ],
)
def test_inline_and_unknown_contexts_are_refused(context: object) -> None:
    """security.md K9."""
    started = time.process_time()
    assert refusal(credential(**{"@context": context})) in {"context-unknown", "term-undefined"}
    assert time.process_time() - started < 1


def test_a_context_inside_a_node_must_be_pinned_too() -> None:
    inside = {"id": "urn:example:s", "@context": {"evil": "urn:example:evil"}, "evil": "x"}
    assert refusal(credential(credentialSubject=inside)) == "context-unknown"


def test_a_poison_graph_is_refused_before_it_costs_anything() -> None:
    """RDFC-1.0, 7.1: a clique of seven blank nodes costs PyLD eleven seconds."""
    labels = [f"_:b{number}" for number in range(7)]
    edges: dict[str, list[str]] = {label: [] for label in labels}
    for one, other in combinations(labels, 2):
        edges[one].append(other)
        edges[other].append(one)
    nodes = [{"id": label, "type": ["Profile"], "evidence": edges[label]} for label in labels]
    poison = credential(evidence=nodes)
    assert len(json.dumps(poison)) < 1_500
    started = time.process_time()
    assert refusal(poison) == "term-undefined"
    assert time.process_time() - started < 0.5


def test_many_blank_nodes_inside_a_blank_node_are_refused() -> None:
    inside = [{"type": ["Profile"], "name": str(number)} for number in range(6)]
    poison = credential(evidence=[{"type": ["Evidence"], "creator": inside, "endorsement": inside}])
    poison["evidence"][0].pop("creator")
    assert refusal(poison) == "too-large"


def test_a_document_that_says_nothing_is_refused() -> None:
    assert refusal({"@context": [CREDENTIALS_V2], "id": "urn:example:s"}) == "json-ld"


def test_redefining_a_protected_term_is_left_to_the_processor_to_refuse() -> None:
    """VCDM 2.0, 5.2: terms of the base context are protected."""
    with pytest.raises(MalformedError):
        canonical_form(credential(type={"a": 1}), pinned_contexts())
