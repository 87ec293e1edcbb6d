"""The report of a verification: a verdict, named checks with reasons, and what may be shown.

A report starts with every check unchecked. The verdict is ``valid`` only if all checks passed or do
not apply; a check that could not be made never reads as passed, nor as a bad signature.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ledger.core.instant import format_instant
from ledger.errors import LedgerError
from ledger.verify.texts import AT_THE_LEDGER, CHECKS, REASONS, VERDICTS, text_in_all

Result = Literal["pass", "fail", "unchecked"]
Verdict = Literal[
    "valid",
    "revoked",
    "replaced",
    "expired",
    "suspended",
    "issuer-unknown",
    "altered",
    "cannot-check",
    "not-found",
    "share-ended",
    "wrong-format",
]

NOT_REACHED: Final = "not-reached"
NOT_APPLICABLE: Final = "not-applicable"

_BY_REASON: Final[Mapping[str, Verdict]] = {
    "revoked": "revoked",
    "replaced": "replaced",
    "expired": "expired",
    "not-yet-valid": "cannot-check",
    "key-unknown": "issuer-unknown",
    "key-compromised": "issuer-unknown",
    "key-period": "issuer-unknown",
    "no-known-signature": "issuer-unknown",
    "other-ledger": "issuer-unknown",
    "not-entitled": "issuer-unknown",
}
# Gravest first: of several failures the report names the one that leaves least to believe.
_GRAVITY: Final[tuple[Verdict, ...]] = (
    "wrong-format",
    "altered",
    "issuer-unknown",
    "cannot-check",
    "revoked",
    "replaced",
    "expired",
)
# With these verdicts, and no others, the content is authentic and may be shown as fact.
_SHOWN: Final = frozenset({"valid", "revoked", "replaced", "expired", "cannot-check"})


@dataclass(frozen=True, slots=True)
class Check:
    """One named check.

    Attributes:
        name: A key of ``texts.CHECKS`` or ``texts.AT_THE_LEDGER``.
        result: ``pass``, ``fail`` or ``unchecked``.
        reason: A key of ``texts.REASONS``; None if it passed.
        entries: Indexes of the entries concerned, where it is about entries.
    """

    name: str
    result: Result
    reason: str | None = None
    entries: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the check as a JSON value with its texts."""
        return {
            "name": self.name,
            "text": text_in_all({**CHECKS, **AT_THE_LEDGER}, self.name),
            "result": self.result,
            "reason": self.reason,
            "reason_text": None if self.reason is None else text_in_all(REASONS, self.reason),
            "entries": list(self.entries),
        }


class Checklist:
    """The checks of one verification, each unchecked until something is said about it."""

    def __init__(self) -> None:
        self._checks = {name: Check(name, "unchecked", NOT_REACHED) for name in CHECKS}

    def passed(self, name: str) -> None:
        """Note that a check was made and holds."""
        self._checks[name] = Check(name, "pass")

    def failed(self, name: str, reason: str, entries: Iterable[int] = ()) -> None:
        """Note that a check was made and does not hold."""
        self._checks[name] = Check(name, "fail", reason, tuple(entries))

    def unchecked(self, name: str, reason: str, entries: Iterable[int] = ()) -> None:
        """Note that a check could not be made."""
        self._checks[name] = Check(name, "unchecked", reason, tuple(entries))

    def failed_by(
        self, name: str, error: LedgerError, default: str, entries: Iterable[int] = ()
    ) -> None:
        """Note a failure; an error whose code is no known reason counts as ``default``."""
        self.failed(name, error.code if error.code in REASONS else default, entries)

    def settle(self, name: str, reason: str, entries: Iterable[int]) -> None:
        """Note that a check failed for these entries, or passed if there are none."""
        found = tuple(entries)
        if found:
            self.failed(name, reason, found)
        else:
            self.passed(name)

    def has_passed(self, *names: str) -> bool:
        """Tell whether all the named checks passed."""
        return all(self._checks[name].result == "pass" for name in names)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks in the order of the catalogue."""
        return tuple(self._checks.values())

    @property
    def is_complete(self) -> bool:
        """Whether every check that applies was made."""
        return all(
            check.result != "unchecked" or check.reason == NOT_APPLICABLE for check in self.checks
        )

    @property
    def verdict(self) -> Verdict:
        """The verdict that follows from the checks."""
        failures = {_verdict_of(check) for check in self.checks if check.result == "fail"}
        for verdict in _GRAVITY:
            if verdict in failures:
                return verdict
        if self.is_complete:
            return "valid"
        return "cannot-check"

    @property
    def may_show(self) -> bool:
        """Whether the document's content is authentic and may be shown."""
        proven = self.has_passed("envelope-proof", "issuer-known", "terms-defined")
        return proven and self.verdict in _SHOWN


@dataclass(frozen=True, slots=True)
class RecordReport:
    """One record of the document: its entry's index, its own verdict, and what it says."""

    index: int
    verdict: Verdict
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found.

    Attributes:
        verdict: One of the closed list.
        kind: ``bundle``, ``transcript``, ``badge`` or ``unknown``.
        checks: All named checks.
        checked_at_ms: The instant that was given as now.
        as_of_ms: The instant whose status the document states; None where it states none.
        document: What the document says as a whole; None where it may not be shown.
        records: Its records; empty where they may not be shown.
    """

    verdict: Verdict
    kind: str
    checks: tuple[Check, ...]
    checked_at_ms: int
    as_of_ms: int | None = None
    document: Mapping[str, Any] | None = None
    records: tuple[RecordReport, ...] = ()

    def check(self, name: str) -> Check:
        """Give a check by name.

        Raises:
            KeyError: There is no such check.
        """
        return {check.name: check for check in self.checks}[name]

    def to_json(self) -> dict[str, Any]:
        """Give the report as a JSON value, texts in all languages."""
        return {
            "v": 1,
            "verdict": self.verdict,
            "text": text_in_all(VERDICTS, self.verdict),
            "kind": self.kind,
            "checked_at": format_instant(self.checked_at_ms),
            "as_of": None if self.as_of_ms is None else format_instant(self.as_of_ms),
            "checks": [check.to_json() for check in self.checks],
            "document": None if self.document is None else dict(self.document),
            "records": [
                {
                    "index": record.index,
                    "verdict": record.verdict,
                    "text": text_in_all(VERDICTS, record.verdict),
                    "facts": dict(record.facts),
                }
                for record in self.records
            ],
        }


def _verdict_of(check: Check) -> Verdict:
    if check.name == "parsed-form":
        return "wrong-format"
    return _BY_REASON.get(check.reason or "", "altered")
