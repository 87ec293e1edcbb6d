import time

import pytest

from ledger.core.key_list import KeyList
from ledger.credentials.bundle import seal_bundle
from ledger.credentials.jsonld import encode_json
from ledger.verify import verify
from tests.verify.ledger_fixture import (
    CREDENTIAL_KEY,
    EXPORTED_MS,
    LOG_KEY,
    NOW_MS,
    ORIGIN,
    TRUST,
    certificate,
    check,
    completion,
    line,
    only_failure,
    shows_nothing,
    small_bundle,
    small_ledger,
    transcript,
)

UNCREDITED = line(5, "0.0", notes=("no-fixed-credit",))
LEDGER = small_ledger(completion(), certificate())
BADGE = LEDGER.badge(4)
TRANSCRIPT = transcript(LEDGER.statement(line(4), UNCREDITED), [BADGE, LEDGER.badge(5)])
BUNDLE_ONLY = ["inclusion", "body-commitment", "matches-entry", "organisation", "credit", "status"]


def unchecked(report: object) -> list[str]:
    return [one.name for one in report.checks if one.reason == "not-in-file"]


def test_an_honest_bundle_is_valid_and_every_check_was_made() -> None:
    report = check(LEDGER.bundle(TRANSCRIPT))
    assert report.verdict == "valid"
    assert {one.result for one in report.checks} == {"pass"}
    assert (report.kind, report.as_of_ms, report.checked_at_ms) == ("bundle", EXPORTED_MS, NOW_MS)
    assert report.document is not None
    assert report.document["total"] == "7.5"
    assert report.document["holder"] == {"name": "欧阳测试", "id_last4": "123X"}
    assert [(one.index, one.verdict) for one in report.records] == [(4, "valid"), (5, "valid")]
    assert report.records[0].facts["credit"]["granted"] == "7.5"


def test_a_lone_badge_proves_its_signature_and_never_claims_to_stand() -> None:
    """security.md K12 and K16: unknown status is not valid; users.md 3.2: the seal is sound."""
    report = verify(encode_json(BADGE), TRUST, NOW_MS)
    assert (report.verdict, report.kind) == ("cannot-check", "badge")
    assert unchecked(report) == BUNDLE_ONLY
    assert report.check("envelope-proof").result == "pass"
    assert report.records[0].verdict == "cannot-check"
    assert report.records[0].facts["occupation"] == ("5-05-01-02", "农业经理人")


def test_a_lone_transcript_proves_envelope_and_members_and_never_claims_to_stand() -> None:
    report = verify(encode_json(TRANSCRIPT), TRUST, NOW_MS)
    assert (report.verdict, report.kind) == ("cannot-check", "transcript")
    assert unchecked(report) == BUNDLE_ONLY
    for name in ("envelope-proof", "member-proofs", "totals", "validity"):
        assert report.check(name).result == "pass"
    assert {one.verdict for one in report.records} == {"cannot-check"}


def test_a_lone_credential_may_be_spelt_otherwise_as_wallets_do() -> None:
    spaced = encode_json(BADGE).replace(b'":', b'" :\n')
    assert verify(spaced, TRUST, NOW_MS).check("envelope-proof").result == "pass"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"%PDF-1.7", "malformed"),
        (b"[]", "malformed"),
        (b"{}", "unknown-type"),
        (b'{"type":"VerifiableCredential"}', "unknown-type"),
        (b'{"type":["VerifiableCredential"]}', "unknown-type"),
        (b'{"type":["OpenBadgeCredential","VerifiableCredential"]}', "unknown-type"),
        (b'{"type":"JinlanBundle"}', "malformed"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "too-large"),
        (b"[" * 1_000_000, "too-large"),
        (b" " * 10_000_000, "too-large"),
        (b'{"type":["VerifiableCredential","OpenBadgeCredential"],"a":"' + b"x" * 2_000_000 + b'"}',
         "too-large"),
    ],
)  # fmt: skip
def test_what_is_no_document_of_ours_is_refused_at_once(data: bytes, reason: str) -> None:
    started = time.process_time()
    report = verify(data, TRUST, NOW_MS)
    assert only_failure(report) == ("parsed-form", reason, "wrong-format")
    assert report.kind == "unknown"
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "contexts", [["https://example.com/c"] * 10_000, [], None, {"@vocab": "x:"}]
)
def test_other_contexts_are_refused_at_once(contexts: object) -> None:
    started = time.process_time()
    report = verify(encode_json({**BADGE, "@context": contexts}), TRUST, NOW_MS)
    assert only_failure(report) == ("contexts-pinned", "context-unknown", "altered")
    assert time.process_time() - started < 1
    assert shows_nothing(report)


def test_a_poison_graph_is_refused_at_once() -> None:
    """verifiable-records.md 4.3."""
    edges = [f"_:b{number}" for number in range(7)]
    nodes = [{"id": one, "type": ["Evidence"], "audience": edges} for one in edges]
    started = time.process_time()
    report = verify(encode_json({**BADGE, "evidence": nodes}), TRUST, NOW_MS)
    assert only_failure(report)[0] == "terms-defined"
    assert time.process_time() - started < 1


def test_an_empty_trust_believes_nothing() -> None:
    nobody = KeyList(ORIGIN, ())
    report = check(small_bundle(), trust=nobody)
    assert only_failure(report) == ("checkpoint", "no-known-signature", "issuer-unknown")
    lone = verify(encode_json(BADGE), nobody, NOW_MS)
    assert only_failure(lone) == ("issuer-known", "key-unknown", "issuer-unknown")
    assert shows_nothing(report)
    assert shows_nothing(lone)


def test_a_key_for_something_else_is_as_good_as_none() -> None:
    """security.md K15: one key, one purpose."""
    only_log = KeyList(ORIGIN, (LOG_KEY.published(),))
    report = check(small_bundle(small_ledger()), trust=only_log)
    assert report.verdict == "valid", "the proven key entry brings the credential key"
    by_log = verify(encode_json(LEDGER.badge(4, key=LOG_KEY)), TRUST, NOW_MS)
    assert only_failure(by_log) == ("issuer-known", "key-unknown", "issuer-unknown")
    sealed = verify(seal_bundle(small_bundle(), LOG_KEY), TRUST, NOW_MS)
    assert only_failure(sealed) == ("issuer-known", "key-unknown", "issuer-unknown")


def test_the_report_is_json_with_texts_in_three_languages() -> None:
    told = check(small_bundle()).to_json()
    assert encode_json(told)
    assert told["text"] == {"zh-Hans": "有效", "zh-Hant": "有效", "en": "Valid"}
    assert told["as_of"] == "2026-11-22T08:00:00.000Z"
    assert told["records"][0]["text"]["en"] == "Valid"
    assert CREDENTIAL_KEY.id not in str(told)
