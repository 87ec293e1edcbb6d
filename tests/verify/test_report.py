import pytest

from ledger.errors import VerificationError
from ledger.verify.report import NOT_APPLICABLE, Checklist
from ledger.verify.texts import CHECKS, LANGUAGES, REASONS, VERDICTS, text_in_all


def all_passed() -> Checklist:
    checks = Checklist()
    for name in CHECKS:
        checks.passed(name)
    return checks


def test_a_report_starts_with_nothing_checked() -> None:
    """security.md K16: the result starts false."""
    checks = Checklist()
    assert checks.verdict == "cannot-check"
    assert not checks.may_show
    assert {one.result for one in checks.checks} == {"unchecked"}


def test_only_all_checks_together_are_valid() -> None:
    assert all_passed().verdict == "valid"
    assert all_passed().may_show


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_that_is_missing_or_failed_is_never_valid(name: str) -> None:
    missing, failed, beside = all_passed(), all_passed(), all_passed()
    missing.unchecked(name, "not-in-file")
    failed.failed(name, "malformed")
    beside.unchecked(name, NOT_APPLICABLE)
    assert missing.verdict == "cannot-check"
    assert failed.verdict in {"altered", "wrong-format"}
    assert not failed.may_show
    assert beside.verdict == "valid"


def test_the_gravest_failure_gives_the_verdict() -> None:
    checks = all_passed()
    for name, reason, verdict in (
        ("validity", "expired", "expired"),
        ("status", "replaced", "replaced"),
        ("status", "revoked", "revoked"),
        ("organisation", "not-entitled", "issuer-unknown"),
        ("inclusion", "not-included", "altered"),
        ("parsed-form", "malformed", "wrong-format"),
    ):
        checks.failed(name, reason)
        assert checks.verdict == verdict
    assert not checks.may_show


def test_an_error_with_an_unknown_code_counts_as_the_default_reason() -> None:
    checks = Checklist()
    checks.failed_by("seal", VerificationError("x"), "signature-wrong")
    checks.failed_by("issuer-known", VerificationError("x", code="key-unknown"), "malformed")
    assert {one.reason for one in checks.checks if one.result == "fail"} == {
        "signature-wrong",
        "key-unknown",
    }


def test_a_check_settles_on_the_entries_that_fail_it() -> None:
    checks = Checklist()
    checks.settle("inclusion", "not-included", [3, 5])
    checks.settle("credit", "credit-differs", [])
    found = {one.name: one for one in checks.checks}
    assert found["inclusion"].entries == (3, 5)
    assert found["credit"].result == "pass"


@pytest.mark.parametrize("table", [VERDICTS, CHECKS, REASONS])
def test_every_code_has_a_text_in_each_language(table: dict[str, tuple[str, str, str]]) -> None:
    for code in table:
        told = text_in_all(table, code)
        assert tuple(told) == LANGUAGES
        assert all(told.values())
        assert told["en"].isascii()
