"""Checks of a credential by itself: vocabularies, form, keys, proofs, dates.

The cheap checks come first. Nothing is canonicalised before the document was found to be exactly
in the form of our own writer, so its cost is known before it arises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.core.instant import parse_instant
from ledger.core.key_list import KeyList
from ledger.credentials import clr, open_badges
from ledger.credentials.badge_reader import read_badge
from ledger.credentials.clr import Clr, read_clr
from ledger.credentials.contexts import pinned_contexts
from ledger.credentials.data_integrity import key_id_of, proof_of, verify_proof
from ledger.credentials.jsonld import Document
from ledger.credentials.open_badges import Badge
from ledger.errors import LedgerError, MalformedError, VerificationError
from ledger.verify.key_trust import Keys, check_period, find_key
from ledger.verify.report import NOT_APPLICABLE, Checklist

SKEW_MS: Final = 300_000
"""How far the verifier's clock may be behind the issuer's."""


@dataclass(frozen=True, slots=True)
class Read:
    """A document taken apart: the whole, and its members if it is a transcript."""

    whole: Document
    content: Clr | Badge

    @property
    def members(self) -> tuple[tuple[Document, Badge], ...]:
        """The members of a transcript; none for a badge."""
        return self.content.members if isinstance(self.content, Clr) else ()

    @property
    def origin(self) -> str:
        """Origin of the log that the document names."""
        if isinstance(self.content, Clr):
            return self.content.statement.origin
        return self.content.claims.origin


def read_document(checks: Checklist, document: Document) -> Read | None:
    """Take a transcript or a badge apart: ``contexts-pinned`` and ``terms-defined``."""
    is_clr = document.get("type") == clr.TYPES
    try:
        _check_contexts(document, clr.CONTEXTS if is_clr else open_badges.CONTEXTS)
        if is_clr:
            for member in _members(document):
                _check_contexts(member, open_badges.CONTEXTS)
    except MalformedError as error:
        checks.failed_by("contexts-pinned", error, "context-unknown")
        return None
    checks.passed("contexts-pinned")
    try:
        content = read_clr(document) if is_clr else read_badge(document)
    except LedgerError as error:
        checks.failed_by("terms-defined", error, "not-in-writers-form")
        return None
    checks.passed("terms-defined")
    return Read(document, content)


def check_proofs(checks: Checklist, read: Read, keys: Keys, trust: KeyList) -> None:
    """Check keys and proofs of the document and its members.

    Sets ``issuer-known``, ``key-periods``, ``envelope-proof`` and ``member-proofs``. A proof is not
    looked at while the keys of all proofs are not known and trusted.
    """
    documents = [read.whole, *(member for member, _ in read.members)]
    if not _check_keys(checks, documents, keys, is_ours=read.origin == trust.origin):
        return
    try:
        _verify(read.whole, keys)
    except LedgerError as error:
        checks.failed_by("envelope-proof", error, "signature-wrong")
        return
    checks.passed("envelope-proof")
    if not read.members:
        checks.unchecked("member-proofs", NOT_APPLICABLE)
        return
    broken = [badge.claims.index for member, badge in read.members if not _is_proven(member, keys)]
    checks.settle("member-proofs", "signature-wrong", broken)


def check_validity(checks: Checklist, read: Read, now_ms: int) -> None:
    """Check the dates against now: ``validity``. A member that expired is for its own line."""
    try:
        for document in [read.whole, *(member for member, _ in read.members)]:
            _check_start(document, now_ms)
        _check_end(read.whole, now_ms)
    except LedgerError as error:
        checks.failed_by("validity", error, "dates-differ")
    else:
        checks.passed("validity")


def signed_at(document: Mapping[str, Any]) -> int:
    """Give the instant that a proof states, in milliseconds since 1970, UTC.

    Raises:
        MalformedError: There is no such proof.
    """
    return parse_instant(proof_of(document)["created"])


def _members(document: Document) -> Sequence[Document]:
    subject = document.get("credentialSubject")
    found = subject.get("verifiableCredential") if isinstance(subject, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return []
    return found


def _check_contexts(document: Document, expected: list[str]) -> None:
    if document.get("@context") != expected:
        raise MalformedError("@context: expected other ones", code="context-unknown")


def _check_keys(
    checks: Checklist, documents: Sequence[Document], keys: Keys, *, is_ours: bool
) -> bool:
    if not is_ours:
        checks.failed("issuer-known", "other-ledger")
        return False
    try:
        used = [(find_key(keys, key_id_of(one)), signed_at(one)) for one in documents]
    except LedgerError as error:
        checks.failed_by("issuer-known", error, "proof-form")
        return False
    checks.passed("issuer-known")
    try:
        for key, at_ms in used:
            check_period(key, at_ms, at_ms)
    except VerificationError as error:
        checks.failed_by("key-periods", error, "key-period")
        return False
    checks.passed("key-periods")
    return True


def _verify(document: Document, keys: Keys) -> None:
    verify_proof(document, find_key(keys, key_id_of(document)).public_key, pinned_contexts())


def _is_proven(document: Document, keys: Keys) -> bool:
    try:
        _verify(document, keys)
    except LedgerError:
        return False
    return True


def _check_start(document: Document, now_ms: int) -> None:
    start = _instant_with_zone(document["validFrom"])
    if max(start, signed_at(document)) > now_ms + SKEW_MS:
        raise VerificationError("dates: not valid yet", code="not-yet-valid")


def _check_end(document: Document, now_ms: int) -> None:
    if "validUntil" not in document:
        return
    end = _instant_with_zone(document["validUntil"])
    if end < _instant_with_zone(document["validFrom"]):
        raise VerificationError("dates: ends before it starts", code="dates-differ")
    if now_ms > end:
        raise VerificationError("dates: validity has ended", code="expired")


def has_expired(document: Document, now_ms: int) -> bool:
    """Tell whether a document's validity has ended, or states an end that nobody can read."""
    try:
        _check_end(document, now_ms)
    except LedgerError:
        return True
    return False


def _instant_with_zone(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedError("date: expected an instant with its zone") from None
    if found.tzinfo is None:
        raise MalformedError("date: expected an instant with its zone")
    return round(found.timestamp() * 1000)
