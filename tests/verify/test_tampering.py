"""Nothing that was changed is accepted: every byte, every field (security.md L18, K7, K8, K9)."""

from copy import deepcopy
from typing import Any

from ledger.credentials.bundle import seal_bundle
from ledger.credentials.jsonld import Document, encode_json, load_json
from ledger.verify import verify
from tests.documents import at, object_paths
from tests.verify.ledger_fixture import (
    CREDENTIAL_KEY,
    NOW_MS,
    TRUST,
    certificate,
    check,
    completion,
    line,
    shows_nothing,
    signed,
    small_ledger,
    transcript,
    with_credential,
)

UNCREDITED = line(4, "0.0", notes=("no-fixed-credit",))
LEDGER = small_ledger(certificate(), completion())
SMALL = LEDGER.bundle(
    transcript(LEDGER.statement(UNCREDITED, total="0.0"), [LEDGER.badge(4)]),
    2,
    3,
    4,
)
SEALED = seal_bundle(SMALL, CREDENTIAL_KEY)
BADGE = LEDGER.badge(5)
TRANSCRIPT = transcript(LEDGER.statement(UNCREDITED, line(5)), [LEDGER.badge(4), BADGE])
ACCEPTED = {"valid", "cannot-check"}


def refused(data: bytes) -> None:
    report = verify(data, TRUST, NOW_MS)
    assert report.verdict not in ACCEPTED
    assert shows_nothing(report)


def with_twin(document: Document, path: tuple[Any, ...], name: str) -> bytes:
    """The document's bytes with one field written twice."""
    changed = deepcopy(document)
    node = at(changed, path)
    node["TWIN"] = deepcopy(node[name])
    return encode_json(changed).replace(b'"TWIN":', encode_json({name: 0})[1:-2])


def test_the_bundle_and_credentials_are_accepted_before_they_are_changed() -> None:
    assert verify(SEALED, TRUST, NOW_MS).verdict == "valid"
    assert verify(encode_json(BADGE), TRUST, NOW_MS).verdict == "cannot-check"
    assert verify(encode_json(TRANSCRIPT), TRUST, NOW_MS).verdict == "cannot-check"


def test_no_byte_of_a_bundle_can_be_flipped() -> None:
    changed = bytearray(SEALED)
    for index in range(len(SEALED)):
        bit = 1 << (index * 5 % 8)
        changed[index] ^= bit
        report = verify(bytes(changed), TRUST, NOW_MS)
        assert report.verdict not in ACCEPTED
        assert report.document is None
        assert not report.records
        changed[index] ^= bit


def test_no_byte_of_a_bundle_can_be_removed_or_added() -> None:
    for index in range(0, len(SEALED), 23):
        refused(SEALED[:index])
        refused(SEALED[:index] + SEALED[index + 1 :])
        refused(SEALED[:index] + b" " + SEALED[index:])


def test_no_field_of_a_bundle_can_be_dropped_nulled_doubled_or_added() -> None:
    document = load_json(SEALED)
    for path in object_paths(document):
        refused(_edited(document, path, lambda node: node.update(bogus=1)))
        for name in at(document, path):
            refused(_edited(document, path, lambda node, name=name: node.pop(name)))
            refused(_edited(document, path, lambda node, name=name: node.update({name: None})))
            refused(with_twin(document, path, name))


def _edited(document: Document, path: tuple[Any, ...], edit: object) -> bytes:
    changed = deepcopy(document)
    edit(at(changed, path))
    return encode_json(changed)


def test_nothing_can_be_added_anywhere_to_a_signed_credential() -> None:
    for document in (BADGE, TRANSCRIPT):
        for path in object_paths(document):
            for term, value in (
                ("bogusTerm", "x"),
                ("narrative", "defined by Open Badges"),
                ("tag", []),
                ("url", None),
                ("@id", "urn:example:x"),
                ("https://schema.org/name", "x"),
            ):
                if term not in at(document, path):
                    added = {term: value}
                    refused(_edited(document, path, lambda node, added=added: node.update(added)))


def test_nothing_can_be_dropped_nulled_or_doubled_in_a_signed_badge() -> None:
    for path in object_paths(BADGE):
        for name in at(BADGE, path):
            refused(_edited(BADGE, path, lambda node, name=name: node.pop(name)))
            refused(_edited(BADGE, path, lambda node, name=name: node.update({name: None})))
            refused(with_twin(BADGE, path, name))


def test_no_text_or_number_in_a_signed_badge_can_be_changed() -> None:
    for path in object_paths(BADGE):
        for name, value in at(BADGE, path).items():
            if isinstance(value, str | int | float):
                other = value + "0" if isinstance(value, str) else value + 1
                changed = {name: other}
                refused(_edited(BADGE, path, lambda node, changed=changed: node.update(changed)))


def test_what_was_changed_and_sealed_again_without_the_holders_keys_is_refused() -> None:
    """The sealing key may not stand in for the proofs."""

    def change(document: Document) -> None:
        document["credentialSubject"]["identifier"][0]["identityHash"] = "另一人"

    def inside(document: Document) -> None:
        change(document["credentialSubject"]["verifiableCredential"][0])

    for edit in (change, inside):
        edited = deepcopy(SMALL.credential)
        edit(edited)
        report = check(with_credential(SMALL, edited))
        assert report.verdict == "altered"
        assert shows_nothing(report)


def test_two_members_about_two_people_cannot_share_a_transcript() -> None:
    def change(document: Document) -> None:
        document["credentialSubject"]["identifier"][0]["identityHash"] = "另一人"

    other = signed(LEDGER.badge(4), change=change)

    def swap(document: Document) -> None:
        document["credentialSubject"]["verifiableCredential"] = [other]

    report = check(with_credential(SMALL, signed(SMALL.credential, change=swap)))
    assert report.check("terms-defined").result == "fail"
    assert report.verdict == "altered"
