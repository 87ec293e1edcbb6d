"""W3C vc-di-eddsa 1.0, appendix B.1: every step of eddsa-rdfc-2022, byte for byte."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.core.digest import sha256
from ledger.credentials.contexts import CREDENTIALS_V2, Contexts, pinned_contexts
from ledger.credentials.data_integrity import (
    add_proof,
    issuer_of,
    key_id_of,
    proof_of,
    signed_bytes,
    verify_proof,
)
from ledger.credentials.jsonld import Document, canonical_form
from ledger.credentials.multibase import decode_multibase, encode_multibase
from ledger.errors import MalformedError, VerificationError
from tests.shared_data import shared

FOLDER = "vectors/data-integrity/"
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
CREATED = "2026-11-22T08:00:00.000Z"


def read(name: str) -> object:
    return json.loads(shared(FOLDER + name).read_text())


def text(name: str) -> str:
    return shared(f"{FOLDER}eddsa-rdfc-2022/{name}").read_text()


@pytest.fixture(name="examples")
def _examples() -> Contexts:
    document = json.loads(shared("vectors/contexts/w3c/examples-v2.jsonld").read_text())
    return Contexts({**pinned_contexts()._documents, EXAMPLES: document})


@pytest.fixture(name="public_key")
def _public_key() -> bytes:
    multikey = decode_multibase(read("keyPair.json")["publicKeyMultibase"])
    return multikey.removeprefix(b"\xed\x01")


def test_the_canonical_document_is_the_published_one(examples: Contexts) -> None:
    form = canonical_form(read("unsigned.json"), examples)
    assert form.decode() == text("canonDocDataInt.txt")
    assert sha256(form).hex() == text("docHashDataInt.txt").strip()


def test_the_canonical_proof_options_are_the_published_ones(examples: Contexts) -> None:
    form = canonical_form(read("eddsa-rdfc-2022/proofConfigDataInt.json"), examples)
    assert form.decode() == text("proofCanonDataInt.txt")
    assert sha256(form).hex() == text("proofHashDataInt.txt").strip()


def test_the_signature_is_the_published_one(examples: Contexts) -> None:
    secret = decode_multibase(read("keyPair.json")["privateKeyMultibase"])[2:]
    options = read("eddsa-rdfc-2022/proofConfigDataInt.json")
    message = signed_bytes(read("unsigned.json"), options, examples)
    assert message.hex() == text("combinedHashDataInt.txt").strip()
    signature = Ed25519PrivateKey.from_private_bytes(secret).sign(message)
    assert signature.hex() == text("sigHexDataInt.txt").strip()
    assert encode_multibase(signature) == text("sigBTC58DataInt.txt").strip()


def test_the_published_document_verifies(examples: Contexts, public_key: bytes) -> None:
    verify_proof(read("eddsa-rdfc-2022/signedDataInt.json"), public_key, examples)


def test_in_production_the_published_document_is_refused_for_its_context(public_key: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        verify_proof(read("eddsa-rdfc-2022/signedDataInt.json"), public_key, pinned_contexts())
    assert caught.value.code == "context-unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Another"},
        {"id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc34"},
        {"validFrom": "2023-01-02T00:00:00Z"},
        {"credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "Another"}},
        {"issuer": "https://vc.example/issuers/5679"},
    ],
)
def test_a_changed_statement_fails(
    examples: Contexts, public_key: bytes, changes: Document
) -> None:
    with pytest.raises(VerificationError):
        verify_proof(
            {**read("eddsa-rdfc-2022/signedDataInt.json"), **changes}, public_key, examples
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"created": "2023-02-24T23:36:39Z"},
        {"verificationMethod": "did:key:z6Mk#z6Mk"},
        {"proofValue": encode_multibase(bytes(64))},
        {"proofValue": encode_multibase(bytes(63))},
    ],
)
def test_a_changed_proof_fails(examples: Contexts, public_key: bytes, changes: Document) -> None:
    document = read("eddsa-rdfc-2022/signedDataInt.json")
    document["proof"] |= changes
    with pytest.raises(VerificationError):
        verify_proof(document, public_key, examples)


def test_another_key_fails(examples: Contexts) -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    with pytest.raises(VerificationError):
        verify_proof(read("eddsa-rdfc-2022/signedDataInt.json"), other, examples)


class _Signer:
    verification_method = "did:web:ledger.example#0123456789abcdef"
    _key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public_key = _key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def credential() -> Document:
    return {
        "@context": [CREDENTIALS_V2],
        "id": "urn:example:c",
        "type": ["VerifiableCredential"],
        "issuer": "did:web:ledger.example:organisations:org-a",
        "credentialSubject": {"id": "urn:example:s"},
    }


def make(**proof: object) -> Document:
    document = add_proof(credential(), _Signer(), created=CREATED, contexts=pinned_contexts())
    document["proof"] |= proof
    return document


def test_a_proof_names_the_key_under_the_issuers_own_did() -> None:
    """Controlled Identifiers 1.0, 3.3: a key counts for the controller that lists it."""
    document = make()
    verify_proof(document, _Signer.public_key, pinned_contexts())
    assert document["proof"]["verificationMethod"] == f"{issuer_of(document)}#0123456789abcdef"
    assert key_id_of(document) == "0123456789abcdef"


@pytest.mark.parametrize(
    "proof",
    [
        None,
        {},
        [],
        "proof",
        [make()["proof"]],
        [make()["proof"], make()["proof"]],
        {name: value for name, value in make()["proof"].items() if name != "created"},
        make(cryptosuite="eddsa-jcs-2022")["proof"],
        make(cryptosuite="none")["proof"],
        make(type="Ed25519Signature2020")["proof"],
        make(proofPurpose="authentication")["proof"],
        make(created="2026-11-22")["proof"],
        make(created="2026-11-22T08:00:00+08:00")["proof"],
        make(proofValue="")["proof"],
        make(proofValue=None)["proof"],
        make(proofValue="u" + make()["proof"]["proofValue"][1:])["proof"],
        make(domain="example.com")["proof"],
    ],
)
def test_anything_but_exactly_one_proof_of_the_suite_is_refused(proof: object) -> None:
    """security.md K6, K7."""
    with pytest.raises(MalformedError):
        verify_proof({**credential(), "proof": proof}, _Signer.public_key, pinned_contexts())


def test_a_document_without_proof_is_refused() -> None:
    with pytest.raises(MalformedError) as caught:
        proof_of(credential())
    assert caught.value.code == "proof-form"


def test_a_key_of_another_controller_than_the_issuer_is_refused() -> None:
    with pytest.raises(MalformedError) as caught:
        key_id_of(make(verificationMethod="did:web:ledger.example#0123456789abcdef"))
    assert caught.value.code == "proof-controller"


@pytest.mark.parametrize("issuer", [None, 7, [], {}, {"id": 7}])
def test_a_document_without_issuer_cannot_be_tied_to_a_key(issuer: object) -> None:
    with pytest.raises(MalformedError):
        issuer_of({"issuer": issuer})


def test_signing_refuses_a_second_proof_a_wrong_instant_and_a_method_without_key() -> None:
    with pytest.raises(MalformedError):
        add_proof(make(), _Signer(), created=CREATED, contexts=pinned_contexts())
    with pytest.raises(MalformedError):
        add_proof(credential(), _Signer(), created="today", contexts=pinned_contexts())
    nameless = _Signer()
    nameless.verification_method = "did:web:ledger.example"
    with pytest.raises(MalformedError):
        add_proof(credential(), nameless, created=CREATED, contexts=pinned_contexts())
