"""One bad credential for each check of a credential by itself, signed with the real keys."""

from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.core.key_list import KeyList
from ledger.credentials.contexts import CLR, CREDENTIALS_V2, OPEN_BADGES
from ledger.credentials.jsonld import Document, encode_json
from ledger.verify import Report, verify
from tests.verify.ledger_fixture import (
    CREDENTIAL_KEY,
    ELECTRICIAN,
    EXPORTED_MS,
    LOG_KEY,
    NOW_MS,
    ORIGIN,
    TRUST,
    Key,
    check,
    completion,
    line,
    only_failure,
    shows_nothing,
    signed,
    small_bundle,
    small_ledger,
    transcript,
    with_credential,
)

LEDGER = small_ledger()
BUNDLE = small_bundle(LEDGER)
CREDENTIAL = BUNDLE.credential
STRANGER = Key(b"stranger", "credential")


def member_of(document: Document) -> Document:
    found: Document = document["credentialSubject"]["verifiableCredential"][0]
    return found


def resealed(change: object) -> Report:
    """Change the signed transcript in a bundle without signing it anew, and seal the bundle."""
    credential = deepcopy(CREDENTIAL)
    change(credential)
    return check(with_credential(BUNDLE, credential))


def resigned(change: object) -> Report:
    """Change the transcript, sign it anew with the real key, and seal the bundle."""
    return check(with_credential(BUNDLE, signed(CREDENTIAL, change=change)))


def of_members(*members: Document) -> Report:
    return check(with_credential(BUNDLE, transcript(LEDGER.statement(line(4)), members)))


@pytest.mark.parametrize(
    "contexts",
    [
        [CREDENTIALS_V2, OPEN_BADGES, CLR],
        [CREDENTIALS_V2, CLR],
        [CREDENTIALS_V2, CLR, OPEN_BADGES, CREDENTIALS_V2],
        CREDENTIALS_V2,
    ],
)
def test_contexts_in_another_order_or_number_fail(contexts: object) -> None:
    """CLR 2.0: the schema demands the order; security.md K9."""

    def change(document: Document) -> None:
        document["@context"] = contexts

    report = resealed(change)
    assert only_failure(report) == ("contexts-pinned", "context-unknown", "altered")
    assert shows_nothing(report)


def test_a_members_contexts_in_another_order_fail() -> None:
    report = resealed(lambda document: member_of(document)["@context"].reverse())
    assert only_failure(report) == ("contexts-pinned", "context-unknown", "altered")


def test_a_field_that_our_writer_does_not_write_fails_even_if_signed() -> None:
    def change(document: Document) -> None:
        document["description"] = "defined, and signed"

    report = resigned(change)
    assert only_failure(report) == ("terms-defined", "not-in-writers-form", "altered")
    assert shows_nothing(report)


def test_an_envelope_whose_proof_is_wrong_fails() -> None:
    def change(document: Document) -> None:
        document["issuer"]["name"] = "另一账本"

    report = resealed(change)
    assert only_failure(report) == ("envelope-proof", "signature-wrong", "altered")
    assert shows_nothing(report)


def test_a_member_whose_proof_is_wrong_fails_although_the_envelope_is_right() -> None:
    """verifiable-records.md 6: the envelope covers the members' statements, not their validity."""
    member = LEDGER.badge(4)
    other = LEDGER.badge(4, valid_until="2030-01-01T00:00:00+08:00")
    member["proof"]["proofValue"] = other["proof"]["proofValue"]
    report = of_members(member)
    assert only_failure(report) == ("member-proofs", "signature-wrong", "altered")
    assert report.check("member-proofs").entries == (4,)
    assert report.check("envelope-proof").result == "pass"
    assert shows_nothing(report)


def test_a_member_by_a_strangers_key_fails() -> None:
    report = of_members(LEDGER.badge(4, key=STRANGER))
    assert only_failure(report) == ("issuer-known", "key-unknown", "issuer-unknown")
    assert shows_nothing(report)


def test_a_strangers_signature_under_a_known_key_id_fails() -> None:
    member = LEDGER.badge(4, key=STRANGER)
    method = LEDGER.badge(4)["proof"]["verificationMethod"]
    member["proof"]["verificationMethod"] = method
    assert only_failure(of_members(member))[0] == "member-proofs"


def test_a_member_that_was_swapped_between_two_bundles_fails() -> None:
    other = small_ledger(completion(ELECTRICIAN))

    def change(document: Document) -> None:
        document["credentialSubject"]["verifiableCredential"] = [other.badge(4)]

    report = resealed(change)
    assert report.verdict == "altered"
    assert report.check("envelope-proof").result == "fail"


@pytest.mark.parametrize(
    "proof",
    [
        None,
        [],
        {},
        [CREDENTIAL["proof"]],
        [CREDENTIAL["proof"], CREDENTIAL["proof"]],
        {**CREDENTIAL["proof"], "more": 1},
        {**CREDENTIAL["proof"], "cryptosuite": "eddsa-jcs-2022"},
        {**CREDENTIAL["proof"], "proofPurpose": "authentication"},
        {**CREDENTIAL["proof"], "proofValue": ""},
        {**CREDENTIAL["proof"], "created": "2026-11-22T08:00:00.000+00:00"},
        {**CREDENTIAL["proof"], "verificationMethod": "did:web:evil.example#" + CREDENTIAL_KEY.id},
        {**CREDENTIAL["proof"], "verificationMethod": "did:web:ledger.example"},
    ],
)
def test_a_proof_that_is_stripped_emptied_doubled_or_changed_is_never_accepted(
    proof: object,
) -> None:
    """security.md K6, K7."""

    def change(document: Document) -> None:
        document["proof"] = proof

    report = resealed(change)
    assert report.verdict not in {"valid", "cannot-check"}
    assert shows_nothing(report)

    def drop(document: Document) -> None:
        del document["proof"]

    assert resealed(drop).verdict == "altered"


def test_a_members_proof_that_is_stripped_or_doubled_is_never_accepted() -> None:
    proof = member_of(CREDENTIAL)["proof"]
    for bad in (None, [], {}, [proof], [proof, proof]):
        member = {**member_of(CREDENTIAL), "proof": bad}
        document = deepcopy(CREDENTIAL)
        document["credentialSubject"]["verifiableCredential"] = [member]
        report = check(with_credential(BUNDLE, document))
        assert only_failure(report) == ("issuer-known", "proof-form", "altered")


@pytest.mark.parametrize(
    ("periods", "reason"),
    [
        ({"valid_until": EXPORTED_MS}, "key-period"),
        ({"revoked_at": EXPORTED_MS}, "key-period"),
        ({"valid_from": EXPORTED_MS + 1}, "key-period"),
        ({"compromised_at": EXPORTED_MS + 1_000_000}, "key-compromised"),
    ],
)
def test_a_key_that_was_not_valid_when_it_signed_fails(
    periods: dict[str, int], reason: str
) -> None:
    """security.md K1, K3: a compromised key can write any date, so no date of its own counts."""
    trust = KeyList(ORIGIN, (LOG_KEY.published(), CREDENTIAL_KEY.published(**periods)))
    for report in (
        check(BUNDLE, trust=trust),
        verify(encode_json(CREDENTIAL), trust, NOW_MS),
        verify(encode_json(LEDGER.badge(4)), trust, NOW_MS),
    ):
        assert only_failure(report) == ("key-periods", reason, "issuer-unknown")
        assert shows_nothing(report)


@pytest.mark.parametrize(
    "periods",
    [
        {"valid_until": EXPORTED_MS + 1},
        {"revoked_at": EXPORTED_MS + 1},
        {"valid_from": EXPORTED_MS},
    ],
)
def test_what_a_key_signed_in_its_time_stays_good_after_it(periods: dict[str, int]) -> None:
    """security.md K2: old exports verify for ever."""
    trust = KeyList(ORIGIN, (LOG_KEY.published(), CREDENTIAL_KEY.published(**periods)))
    assert check(BUNDLE, trust=trust).verdict == "valid"


def test_a_credential_of_another_ledger_with_the_same_key_fails() -> None:
    other = KeyList("other.example/log", (CREDENTIAL_KEY.published(),))
    report = verify(encode_json(LEDGER.badge(4)), other, NOW_MS)
    assert only_failure(report) == ("issuer-known", "other-ledger", "issuer-unknown")


def of_statement(**changes: object) -> Report:
    statement = replace(LEDGER.statement(line(4)), **changes)
    return check(with_credential(BUNDLE, transcript(statement, [LEDGER.badge(4)])))


def test_a_transcript_whose_validity_ended_is_expired_and_still_shown() -> None:
    report = of_statement(valid_until="2026-11-22T08:00:59.999Z")
    assert only_failure(report) == ("validity", "expired", "expired")
    assert report.document is not None
    assert of_statement(valid_until="2026-11-22T16:01:00+08:00").verdict == "valid"


@pytest.mark.parametrize(
    ("until", "reason"),
    [
        ("2020-01-01T00:00:00Z", "dates-differ"),
        ("2027-01-01T00:00:00", "malformed"),
        ("later", "malformed"),
    ],
)
def test_a_transcript_that_ends_before_it_starts_or_in_no_zone_fails(
    until: str, reason: str
) -> None:
    assert only_failure(of_statement(valid_until=until)) == ("validity", reason, "altered")


def test_a_transcript_from_the_future_is_not_valid_yet() -> None:
    data = encode_json(CREDENTIAL)
    early = verify(data, TRUST, EXPORTED_MS - 300_001)
    assert only_failure(early) == ("validity", "not-yet-valid", "cannot-check")
    assert verify(data, TRUST, EXPORTED_MS - 300_000).check("validity").result == "pass"


def test_a_badge_before_its_own_date_is_not_valid_yet() -> None:
    body = completion()
    body["facts"]["class"]["end"] = "2027-06-24"
    badge = small_ledger(body).badge(4)
    report = verify(encode_json(badge), TRUST, NOW_MS)
    assert only_failure(report) == ("validity", "not-yet-valid", "cannot-check")


def test_a_badge_whose_proof_is_of_tomorrow_is_not_valid_yet() -> None:
    badge = signed(LEDGER.badge(4), created_ms=NOW_MS + 300_001)
    report = verify(encode_json(badge), TRUST, NOW_MS)
    assert only_failure(report) == ("validity", "not-yet-valid", "cannot-check")


def test_an_expired_lone_badge_reads_expired() -> None:
    badge = LEDGER.badge(4, valid_until="2026-01-01T00:00:00+08:00")
    report = verify(encode_json(badge), TRUST, NOW_MS)
    assert only_failure(report) == ("validity", "expired", "expired")
    assert report.records[0].verdict == "expired"
