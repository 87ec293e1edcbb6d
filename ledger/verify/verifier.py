"""The verifier: bytes, trust and an instant in, a report out.

    bundle      form, checkpoint, entries, keys, seal; then as a transcript; then entries against it
    transcript  vocabularies, form, keys, envelope proof, each member's proof, dates, totals
    badge       vocabularies, form, keys, proof, dates

A credential outside a bundle proves that the ledger signed it. It cannot prove that it still
stands: ``status`` and ``inclusion`` stay unchecked, and the verdict is ``cannot-check``, never
``valid``. Whoever can ask the ledger, or holds the bundle, gets the rest.
"""

from dataclasses import asdict
from typing import Any, Final

from ledger.core.key_list import KeyList
from ledger.credentials import clr, open_badges
from ledger.credentials.bundle import BUNDLE_BYTES_MAX, TYPE, SealedBundle, open_bundle
from ledger.credentials.clr import Clr
from ledger.credentials.holder import Holder
from ledger.credentials.jsonld import DOCUMENT_BYTES_MAX, Document, load_json
from ledger.credentials.open_badges import Badge
from ledger.errors import LedgerError, MalformedError
from ledger.verify import bundle_checks, statement_checks
from ledger.verify.bundle_checks import Proven
from ledger.verify.credential_checks import (
    Read,
    check_proofs,
    check_validity,
    has_expired,
    read_document,
    signed_at,
)
from ledger.verify.key_trust import Keys, extended_keys, pinned_keys
from ledger.verify.report import NOT_APPLICABLE, Checklist, RecordReport, Report, Verdict

_IN_BUNDLES_ONLY: Final = (
    "inclusion",
    "body-commitment",
    "matches-entry",
    "organisation",
    "credit",
    "status",
)


def verify(data: bytes, trust: KeyList, now_ms: int) -> Report:
    """Verify a bundle, a transcript or a badge without asking anyone.

    Args:
        data: The file's bytes.
        trust: The ledger's key list, as the verifier pinned it.
        now_ms: Now, in milliseconds since 1970, UTC.
    """
    checks = Checklist()
    try:
        document, kind = _parse(data)
        sealed = open_bundle(document, data) if kind == "bundle" else None
    except MalformedError as error:
        checks.failed_by("parsed-form", error, "malformed")
        return Report(checks.verdict, "unknown", checks.checks, now_ms)
    checks.passed("parsed-form")
    if sealed is None:
        return _verify_credential(checks, document, kind, trust, now_ms)
    return _verify_bundle(checks, sealed, trust, now_ms)


def _parse(data: bytes) -> tuple[Document, str]:
    document = load_json(data, bytes_max=BUNDLE_BYTES_MAX)
    kind = _kind_of(document)
    if kind != "bundle" and len(data) > DOCUMENT_BYTES_MAX:
        raise MalformedError("document: too large", code="too-large")
    return document, kind


def _kind_of(document: Document) -> str:
    kind = document.get("type")
    if kind == TYPE:
        return "bundle"
    if kind == clr.TYPES:
        return "transcript"
    if kind == open_badges.TYPES:
        return "badge"
    raise MalformedError("document: not one of this ledger", code="unknown-type")


def _verify_bundle(checks: Checklist, sealed: SealedBundle, trust: KeyList, now_ms: int) -> Report:
    opened = _open_bundle(checks, sealed, trust)
    read = None if opened is None else read_document(checks, sealed.bundle.credential)
    if opened is None or read is None or not isinstance(read.content, Clr):
        return Report(checks.verdict, "bundle", checks.checks, now_ms)
    proven, keys = opened
    check_proofs(checks, read, keys, trust)
    if not checks.has_passed("envelope-proof"):
        return Report(checks.verdict, "bundle", checks.checks, now_ms)
    bundle_checks.check_sealing_time(checks, sealed, proven, keys, trust)
    check_validity(checks, read, now_ms)
    statement_checks.check_same_dates(checks, sealed.bundle, read.content, read.whole)
    bundle_checks.check_records(checks, read.content, proven)
    verdicts = statement_checks.record_verdicts(read.content, proven, now_ms)
    statement_checks.check_status(checks, read.content, verdicts)
    statement_checks.check_statement(checks, read.content, proven)
    return _report(checks, "bundle", read, verdicts, now_ms)


def _open_bundle(
    checks: Checklist, sealed: SealedBundle, trust: KeyList
) -> tuple[Proven, Keys] | None:
    """Check checkpoint, entries and seal; give nothing where checkpoint or seal is wrong."""
    checkpoint = bundle_checks.check_checkpoint(checks, sealed.bundle, trust)
    if checkpoint is None:
        return None
    proven = bundle_checks.prove_entries(checks, sealed.bundle, checkpoint)
    try:
        keys = extended_keys(trust, proven.of_kind("key"))
    except LedgerError as error:
        checks.failed_by("issuer-known", error, "key-unknown")
        return None
    bundle_checks.check_seal(checks, sealed, keys)
    return (proven, keys) if checks.has_passed("seal") else None


def _verify_credential(
    checks: Checklist, document: Document, kind: str, trust: KeyList, now_ms: int
) -> Report:
    for name in ("checkpoint", "seal"):
        checks.unchecked(name, NOT_APPLICABLE)
    read = read_document(checks, document)
    if read is None:
        return Report(checks.verdict, kind, checks.checks, now_ms)
    check_proofs(checks, read, pinned_keys(trust), trust)
    if not checks.has_passed("envelope-proof"):
        return Report(checks.verdict, kind, checks.checks, now_ms)
    check_validity(checks, read, now_ms)
    for name in _IN_BUNDLES_ONLY:
        checks.unchecked(name, "not-in-file")
    if isinstance(read.content, Clr):
        statement_checks.check_sum(checks, read.content)
        verdicts = statement_checks.record_verdicts(read.content, Proven({}), now_ms)
        _check_stated_status(checks, read.content, verdicts)
    else:
        checks.unchecked("totals", NOT_APPLICABLE)
        ended = has_expired(read.whole, now_ms)
        verdicts = {read.content.claims.index: "expired" if ended else "cannot-check"}
    return _report(checks, kind, read, verdicts, now_ms)


def _report(
    checks: Checklist, kind: str, read: Read, verdicts: dict[int, Verdict], now_ms: int
) -> Report:
    if not checks.may_show:
        return Report(checks.verdict, kind, checks.checks, now_ms)
    if not checks.is_complete:
        # A record stands only if everything about it was checked.
        verdicts = {at: "cannot-check" if it == "valid" else it for at, it in verdicts.items()}
    content = read.content
    if isinstance(content, Clr):
        records = statement_checks.record_reports(content, verdicts)
        facts = _transcript_facts(content)
    else:
        records = (_badge_report(content, verdicts),)
        facts = {"holder": _holder_facts(content.holder)}
    return Report(
        checks.verdict,
        kind,
        checks.checks,
        now_ms,
        as_of_ms=signed_at(read.whole),
        document=facts,
        records=records,
    )


def _check_stated_status(checks: Checklist, content: Clr, verdicts: dict[int, Verdict]) -> None:
    # What the statement says against its own records needs no proof; that they stand does.
    statement_checks.check_status(checks, content, verdicts)
    if checks.has_passed("status"):
        checks.unchecked("status", "not-in-file")


def _transcript_facts(content: Clr) -> dict[str, Any]:
    statement = content.statement
    return {
        "holder": _holder_facts(statement.holder),
        "origin": statement.origin,
        "issuer_name": statement.issuer_name,
        "issued_at": statement.issued_at,
        "on": statement.on,
        "total": statement.total,
        "partial": statement.partial,
    }


def _holder_facts(holder: Holder) -> dict[str, str]:
    return {"name": holder.name, "id_last4": holder.id_last4}


def _badge_report(content: Badge, verdicts: dict[int, Verdict]) -> RecordReport:
    index = content.claims.index
    return RecordReport(index, verdicts[index], asdict(content.claims))
