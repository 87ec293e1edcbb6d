"""Data Integrity proofs of suite ``eddsa-rdfc-2022`` (W3C vc-di-eddsa 1.0, 3.2).

    signed bytes = SHA-256(RDFC-1.0(proof options + the document's @context))
                 + SHA-256(RDFC-1.0(document without proof))

    {"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","created":"...Z",
     "verificationMethod":"<controller>#<key id>","proofPurpose":"assertionMethod",
     "proofValue":"z..."}

The proof never chooses an algorithm: another suite name, purpose or type is refused before anything
is hashed.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from ledger.core.digest import sha256
from ledger.core.suite import SCL_1
from ledger.credentials.contexts import Contexts
from ledger.credentials.jsonld import Document, canonical_form
from ledger.credentials.multibase import decode_multibase, encode_multibase
from ledger.errors import MalformedError, VerificationError

_FIXED: Final = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-rdfc-2022",
    "proofPurpose": "assertionMethod",
}
_FIELDS: Final = frozenset({*_FIXED, "created", "verificationMethod", "proofValue"})
_CREATED: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z", re.ASCII
)
_SIGNATURE_BYTES: Final = 64


class CredentialSigner(Protocol):
    """Holds the credential key; the room of keys gives one. The private key never comes here."""

    @property
    def verification_method(self) -> str:
        """DID URL of the key in the ledger's own DID document; its fragment is the key id."""

    def sign(self, message: bytes) -> bytes:
        """Sign with Ed25519 and give the 64 bytes.

        Raises:
            CustodyError: The key cannot be used now.
        """


def signed_bytes(
    document: Mapping[str, Any], options: Mapping[str, Any], contexts: Contexts
) -> bytes:
    """Give the 64 bytes that a proof signs: hash of the proof options, then hash of the document.

    Args:
        document: The document without its proof.
        options: The proof without its value.
        contexts: The contexts that the document may name.

    Raises:
        MalformedError: See ``jsonld.canonical_form``.
    """
    config = {**options, "@context": document.get("@context")}
    return sha256(canonical_form(config, contexts)) + sha256(canonical_form(document, contexts))


def add_proof(
    document: Mapping[str, Any], signer: CredentialSigner, *, created: str, contexts: Contexts
) -> Document:
    """Give the document with a proof by its issuer.

    The verification method is the signer's key id under the issuer's own DID, because verifiers tie
    a proof to an issuer by that (Controlled Identifiers 1.0, 3.3); the DID documents list the key
    under each.

    Raises:
        MalformedError: The document already has a proof, or has no canonical form; ``created`` is
            no UTC instant.
    """
    if "proof" in document:
        raise MalformedError("proof: expected a document without one")
    _, separator, key_id = signer.verification_method.partition("#")
    if not separator or not key_id:
        raise MalformedError("verification method: expected a DID URL with a fragment")
    options = {
        **_FIXED,
        "created": created,
        "verificationMethod": f"{issuer_of(document)}#{key_id}",
    }
    _check_created(options)
    message = signed_bytes(document, options, contexts)
    return {**document, "proof": {**options, "proofValue": encode_multibase(signer.sign(message))}}


def verify_proof(document: Mapping[str, Any], public_key: bytes, contexts: Contexts) -> None:
    """Check the one proof of a document against a key that the caller trusts for its issuer.

    Raises:
        MalformedError: The proof is absent, several, or not in the one form that ``add_proof``
            writes.
        VerificationError: The signature does not belong to this document and key.
    """
    proof = proof_of(document)
    signature = decode_multibase(proof["proofValue"])
    if len(signature) != _SIGNATURE_BYTES:
        raise VerificationError("proof: expected a signature of 64 bytes")
    options = {key: value for key, value in proof.items() if key != "proofValue"}
    unsigned = {key: value for key, value in document.items() if key != "proof"}
    SCL_1.verify(public_key, signed_bytes(unsigned, options, contexts), signature)


def proof_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Give the one proof of a document.

    Raises:
        MalformedError: There is not exactly one proof object with exactly the fields of this suite.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict) or proof.keys() != _FIELDS:
        raise MalformedError(
            "proof: expected exactly one, with the fields of its suite", code="proof-form"
        )
    if not all(isinstance(value, str) for value in proof.values()):
        raise MalformedError("proof: expected texts", code="proof-form")
    if any(proof[key] != value for key, value in _FIXED.items()):
        raise MalformedError("proof: expected eddsa-rdfc-2022 for an assertion", code="proof-form")
    _check_created(proof)
    return proof


def key_id_of(document: Mapping[str, Any]) -> str:
    """Give the key id that a proof names, which must stand under the issuer's own DID.

    Raises:
        MalformedError: There is no such proof, or its method belongs to another controller than the
            issuer.
    """
    controller, _, key_id = proof_of(document)["verificationMethod"].partition("#")
    if controller != issuer_of(document) or not key_id:
        raise MalformedError("proof: expected a key of the issuer", code="proof-controller")
    return key_id


def issuer_of(document: Mapping[str, Any]) -> str:
    """Give the id of a document's issuer.

    Raises:
        MalformedError: The document names none.
    """
    issuer = document.get("issuer")
    found = issuer.get("id") if isinstance(issuer, dict) else issuer
    if not isinstance(found, str):
        raise MalformedError("issuer: expected a URL or an object with an id")
    return found


def _check_created(proof: Mapping[str, str]) -> None:
    if _CREATED.fullmatch(proof["created"]) is None:
        raise MalformedError("proof: expected created as a UTC instant", code="proof-form")
