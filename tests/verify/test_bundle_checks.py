"""One bad bundle for each check against the ledger: sealed with the real keys, only that fails."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.core import canonical
from ledger.core.digest import leaf_hash
from ledger.credentials.bundle import Bundle
from ledger.domain.bodies import schedule_body
from ledger.domain.organisations import Scope, organisation_body
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from tests.verify.ledger_fixture import (
    CREDENTIAL_KEY,
    ELECTRICIAN,
    EXPORTED_MS,
    LOG_KEY,
    SCHOOL,
    START_MS,
    TRUST,
    Key,
    SmallLedger,
    check,
    completion,
    line,
    only_failure,
    path_of,
    school,
    shows_nothing,
    signed,
    small_bundle,
    small_ledger,
    transcript,
    with_credential,
)

TWO = small_ledger(completion(), completion(ELECTRICIAN))


def two_records() -> Bundle:
    members = [TWO.badge(4), TWO.badge(5)]
    return TWO.bundle(transcript(TWO.statement(line(4), line(5)), members))


def with_entry(bundle: Bundle, index: int, **changes: object) -> Bundle:
    entries = tuple(
        replace(one, **changes) if one.entry.index == index else one for one in bundle.entries
    )
    return replace(bundle, entries=entries)


def of_one(ledger: SmallLedger, index: int = 4, **badge: object) -> Bundle:
    return ledger.bundle(transcript(ledger.statement(line(index)), [ledger.badge(index, **badge)]))


def test_both_records_of_an_honest_bundle_are_valid() -> None:
    assert check(two_records()).verdict == "valid"


@pytest.mark.parametrize(
    ("checkpoint", "reason", "verdict"),
    [
        (TWO.checkpoint(Key(b"other", "log")), "no-known-signature", "issuer-unknown"),
        (TWO.checkpoint(Key(b"log", "log", "other.example/log"), "other.example/log"),
         "no-known-signature", "issuer-unknown"),
        (TWO.checkpoint(LOG_KEY, "other.example/log"), "signature-wrong", "altered"),
        (TWO.checkpoint().replace(b"\n6\n", b"\n7\n"), "signature-wrong", "altered"),
        (b"no note\n", "malformed", "altered"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_this_log_did_not_sign_fails(
    checkpoint: bytes, reason: str, verdict: str
) -> None:
    report = check(replace(two_records(), checkpoint=checkpoint))
    assert only_failure(report) == ("checkpoint", reason, verdict)
    assert shows_nothing(report)


def test_a_seal_by_an_unknown_key_is_no_seal() -> None:
    report = check(small_bundle(), key=Key(b"other", "credential"))
    assert only_failure(report) == ("issuer-known", "key-unknown", "issuer-unknown")
    assert shows_nothing(report)


def test_a_strangers_seal_under_a_known_key_id_fails() -> None:
    class Stranger(Key):
        @property
        def verification_method(self) -> str:
            return CREDENTIAL_KEY.verification_method

    report = check(small_bundle(), key=Stranger(b"other", "credential"))
    assert only_failure(report) == ("seal", "signature-wrong", "altered")
    assert shows_nothing(report)


def test_a_seal_by_a_key_whose_time_was_over_fails_although_the_proofs_are_good() -> None:
    old = Key(b"old", "credential")
    trust = replace(TRUST, keys=(*TRUST.keys, old.published(valid_until=EXPORTED_MS)))
    report = check(small_bundle(), trust=trust, key=old)
    assert only_failure(report) == ("key-periods", "key-period", "issuer-unknown")


def test_a_checkpoint_of_the_same_log_that_never_held_the_entries_fails() -> None:
    """tamper-evidence.md 2: an entry is in the tree of the checkpoint or it is not in the log."""
    other = small_ledger(completion(ELECTRICIAN), completion())
    report = check(replace(two_records(), checkpoint=other.checkpoint()))
    assert ("inclusion", "not-included") in {(one.name, one.reason) for one in report.checks}
    assert report.verdict == "altered"


def test_the_path_of_another_index_fails() -> None:
    path = tuple(path_of(3, TWO.leaves))
    report = check(with_entry(two_records(), 0, path=path))
    assert only_failure(report) == ("inclusion", "not-included", "altered")
    assert report.check("inclusion").entries == (0,)
    assert shows_nothing(report)


@pytest.mark.parametrize("path", [(), (bytes(32),), tuple(path_of(0, TWO.leaves))[:-1]])
def test_a_path_that_does_not_lead_to_the_root_fails(path: tuple[bytes, ...]) -> None:
    report = check(with_entry(two_records(), 0, path=path))
    assert only_failure(report) == ("inclusion", "not-included", "altered")


def test_the_body_of_another_entry_fails() -> None:
    report = check(with_entry(two_records(), 0, body=TWO.bodies[1]))
    assert only_failure(report) == ("body-commitment", "body-differs", "altered")
    assert report.check("body-commitment").entries == (0,)
    assert shows_nothing(report)


def test_another_salt_fails() -> None:
    report = check(with_entry(two_records(), 0, salt=TWO.salt(1)))
    assert only_failure(report) == ("body-commitment", "body-differs", "altered")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("level", 2),
        ("corrects", None),
        ("hours", {"online": "16", "practice": "96", "theory": "40"}),
        ("attendance", "0.9"),
        ("assessment", {"on": None, "passed": True, "scores": {"practice": "84"}}),
        ("certificate", None),
        ("occupation", {"code": "5-05-01-02", "name": "农业总经理人"}),
    ],
)
def test_a_credential_that_says_something_else_than_the_entry_fails(
    field: str, value: object
) -> None:
    ledger = small_ledger()
    body = ledger.body(4)
    if field == "corrects":
        body = {**body, field: value}
    else:
        body = {**body, "facts": {**body["facts"], field: value}}
    report = check(of_one(ledger, body=body))
    if field == "corrects":
        assert report.verdict == "valid"
        return
    assert only_failure(report) == ("matches-entry", "differs-from-entry", "altered")
    assert report.check("matches-entry").entries == (4,)
    assert shows_nothing(report)


def test_a_credential_that_names_the_issuer_otherwise_than_the_register_fails() -> None:
    report = check(of_one(small_ledger(), issuer=school(name="某某大学")))
    assert only_failure(report) == ("matches-entry", "differs-from-entry", "altered")


def test_a_credential_that_names_another_leaf_fails() -> None:
    ledger, other = small_ledger(), small_ledger(completion(ELECTRICIAN))
    badge = ledger.badge(4)
    leaf = leaf_hash(other.entries[4].encode()).hex()

    def change(document: dict[str, Any]) -> None:
        document["evidence"][0]["narrative"] = leaf

    member = signed(badge, change=change)
    report = check(ledger.bundle(transcript(ledger.statement(line(4)), [member])))
    assert only_failure(report) == ("matches-entry", "differs-from-entry", "altered")


def test_a_record_whose_entry_is_not_in_the_bundle_fails() -> None:
    bundle = two_records()
    entries = tuple(one for one in bundle.entries if one.entry.index != 5)
    report = check(replace(bundle, entries=entries))
    assert only_failure(report) == ("matches-entry", "entry-missing", "altered")
    assert report.check("matches-entry").entries == (5,)


def test_a_registration_that_is_missing_is_not_called_unregistered() -> None:
    """users.md 0.1: "not registered" when the register was only out of reach."""
    bundle = small_bundle()
    entries = tuple(one for one in bundle.entries if one.entry.kind != "organisation")
    report = check(replace(bundle, entries=entries))
    assert report.verdict == "cannot-check"
    assert report.check("organisation").reason == "organisation-missing"
    assert report.check("organisation").result == "unchecked"


def out_of_scope() -> object:
    return school(scope=(Scope("*", frozenset({2, 3}), date(2020, 1, 1), None),))


@pytest.mark.parametrize(
    "organisation",
    [
        out_of_scope(),
        school(status="suspended"),
        school(scope=(Scope("*", frozenset({1}), date(2023, 6, 1), None),)),
        school(scope=(Scope("*", frozenset({1}), date(2020, 1, 1), date(2023, 6, 1)),)),
        school(scope=(Scope("6-31-01-03", frozenset({1}), date(2020, 1, 1), None),)),
    ],
)
def test_an_issuer_without_right_on_that_day_fails(organisation: object) -> None:
    report = check(of_one(small_ledger(organisation=organisation), issuer=organisation))
    assert only_failure(report) == ("organisation", "not-entitled", "issuer-unknown")
    assert shows_nothing(report)


def test_the_registration_before_the_record_decides_and_not_a_later_one() -> None:
    ledger = small_ledger()
    ledger.append("organisation", "ledger", organisation_body(out_of_scope()))
    assert check(of_one(ledger)).verdict == "valid"
    ledger.append("completion", SCHOOL, completion(ELECTRICIAN))
    report = check(of_one(ledger, 6))
    assert only_failure(report) == ("organisation", "not-entitled", "issuer-unknown")


def test_an_organisation_cannot_register_itself() -> None:
    ledger = small_ledger(organisation=out_of_scope())
    ledger.append("organisation", SCHOOL, organisation_body(school()))
    ledger.append("completion", SCHOOL, completion(ELECTRICIAN))
    report = check(of_one(ledger, 6, issuer=out_of_scope()))
    assert only_failure(report)[0] == "organisation"


def test_credits_that_the_schedule_does_not_give_fail() -> None:
    body = completion()
    body["credit"] = {**body["credit"], "granted": "9.0"}
    ledger = small_ledger(body)
    bundle = ledger.bundle(transcript(ledger.statement(line(4, "9.0")), [ledger.badge(4)]))
    report = check(bundle)
    assert only_failure(report) == ("credit", "credit-differs", "altered")
    assert report.check("credit").entries == (4,)


def test_a_schedule_that_is_missing_or_later_than_the_record_leaves_credits_unchecked() -> None:
    ledger = small_ledger()
    bundle = of_one(ledger)
    entries = tuple(one for one in bundle.entries if one.entry.kind != "schedule")
    report = check(replace(bundle, entries=entries))
    assert report.verdict == "cannot-check"
    assert report.check("credit").reason == "schedule-missing"
    assert report.check("totals").reason == "schedule-missing"
    ledger.append("schedule", "ledger", schedule_body(EXAMPLE_SCHEDULE))
    bundle = of_one(ledger)
    late = check(
        replace(bundle, entries=tuple(one for one in bundle.entries if one.entry.index != 3))
    )
    assert late.check("credit").reason == "schedule-missing"


def test_a_log_key_whose_time_was_over_before_the_newest_entry_fails() -> None:
    """security.md K1: trust is decided by log time."""
    newest = START_MS + 4 * 3_600_000
    for until, fails in ((newest, True), (newest + 1, False)):
        trust = replace(
            TRUST, keys=(LOG_KEY.published(valid_until=until), CREDENTIAL_KEY.published())
        )
        report = check(small_bundle(), trust=trust)
        if fails:
            assert only_failure(report) == ("key-periods", "key-period", "issuer-unknown")
            assert shows_nothing(report)
        else:
            assert report.verdict == "valid"


def test_a_log_key_that_began_after_the_export_fails() -> None:
    for start, fails in ((EXPORTED_MS + 1, True), (EXPORTED_MS, False)):
        trust = replace(
            TRUST, keys=(LOG_KEY.published(valid_from=start), CREDENTIAL_KEY.published())
        )
        assert (check(small_bundle(), trust=trust).verdict == "valid") is not fails


def test_a_compromised_log_key_proves_nothing() -> None:
    trust = replace(
        TRUST, keys=(LOG_KEY.published(compromised_at=EXPORTED_MS + 1), CREDENTIAL_KEY.published())
    )
    report = check(small_bundle(), trust=trust)
    assert only_failure(report) == ("checkpoint", "no-known-signature", "issuer-unknown")


def test_an_entry_newer_than_the_bundle_fails() -> None:
    bundle = replace(small_bundle(), exported_at_ms=START_MS)
    report = check(bundle)
    failed = {(one.name, one.reason) for one in report.checks if one.result == "fail"}
    assert ("key-periods", "dates-differ") in failed


def test_a_bundle_whose_credential_is_a_badge_is_not_accepted() -> None:
    ledger = small_ledger()
    report = check(with_credential(small_bundle(ledger), ledger.badge(4)))
    assert report.verdict == "cannot-check"
    assert shows_nothing(report)


def test_a_body_that_is_no_object_is_never_read_as_one() -> None:
    bundle = with_entry(small_bundle(), 2, body=canonical.encode([1]))
    report = check(bundle)
    assert only_failure(report)[0] == "body-commitment"
