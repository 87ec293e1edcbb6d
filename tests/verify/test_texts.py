import re
from inspect import getsource
from typing import get_args

from ledger.verify import (
    bundle_checks,
    credential_checks,
    key_trust,
    report,
    statement_checks,
    verifier,
)
from ledger.verify.report import Verdict
from ledger.verify.texts import CHECKS, REASONS, VERDICTS

SOURCES = "".join(
    getsource(module)
    for module in (bundle_checks, credential_checks, key_trust, report, statement_checks, verifier)
)


def test_every_verdict_of_the_closed_list_has_its_texts() -> None:
    """docs/architecture.md, Verdict."""
    assert set(get_args(Verdict)) == set(VERDICTS)


def test_every_reason_that_the_code_gives_is_in_the_catalogue() -> None:
    given = set(re.findall(r'code="([a-z-]+)"', SOURCES))
    given |= set(
        re.findall(r'(?:failed|unchecked|settle|failed_by)\(\s*"[a-z-]+", "([a-z-]+)"', SOURCES)
    )
    given |= set(re.findall(r'error, "([a-z-]+)"', SOURCES))
    assert given
    assert given <= set(REASONS)


def test_every_check_that_the_code_makes_is_in_the_catalogue_and_the_reverse() -> None:
    made = set(re.findall(r'(?:passed|failed|unchecked|settle|failed_by)\(\s*"([a-z-]+)"', SOURCES))
    assert made == set(CHECKS)
