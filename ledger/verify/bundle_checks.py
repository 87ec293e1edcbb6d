"""Checks that tie a transcript to the ledger: checkpoint, inclusion, bodies, registers, credits.

Every check after the first two looks at proven entries only: an entry that is not in the tree, or
whose body is not the committed one, is as good as absent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ledger.core import canonical
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import commitment, leaf_hash
from ledger.core.entry import LEDGER_ISSUER
from ledger.core.key_list import KeyList
from ledger.core.merkle import verify_inclusion
from ledger.core.suite import suite
from ledger.credentials.bundle import Bundle, BundledEntry, SealedBundle
from ledger.credentials.claims import RECORD_KINDS, claims_of
from ledger.credentials.clr import Clr
from ledger.credentials.open_badges import Badge
from ledger.credentials.rules import (
    Organisation,
    is_credit_right,
    is_entitled,
    is_schedule_of,
    parse_organisation_body,
)
from ledger.errors import LedgerError, VerificationError
from ledger.verify.key_trust import Keys, check_period, checkpoint_signers, find_key
from ledger.verify.report import Checklist


@dataclass(frozen=True, slots=True)
class Proven:
    """The entries of a bundle that are proven to be in the log, with their bodies."""

    entries: Mapping[int, BundledEntry]

    def of_kind(self, *kinds: str) -> list[BundledEntry]:
        """Give the proven entries of some kinds, by index."""
        return [one for one in self.entries.values() if one.entry.kind in kinds]

    def record(self, index: int) -> BundledEntry | None:
        """Give the proven record at an index."""
        found = self.entries.get(index)
        return found if found is not None and found.entry.kind in RECORD_KINDS else None

    def organisation(self, issuer: str, before: int) -> Organisation | None:
        """Give an organisation as registered before an entry was appended.

        Raises:
            MalformedError: A body is not one of an organisation.
        """
        found = None
        for one in self.of_kind("organisation"):
            body = body_of(one)
            if (
                one.entry.issuer == LEDGER_ISSUER
                and one.entry.index < before
                and body["id"] == issuer
            ):
                found = parse_organisation_body(body)
        return found


def body_of(one: BundledEntry) -> Mapping[str, Any]:
    """Give an entry's body as a value.

    Raises:
        MalformedError: It is not a canonical JSON object.
    """
    value = canonical.decode(one.body)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def check_checkpoint(checks: Checklist, bundle: Bundle, trust: KeyList) -> Checkpoint | None:
    """Check that a pinned log key signed the bundle's checkpoint: ``checkpoint``."""
    try:
        found = open_checkpoint(bundle.checkpoint, trust.origin, trust.log_verifier_keys())
    except LedgerError as error:
        checks.failed_by("checkpoint", error, "signature-wrong")
        return None
    checks.passed("checkpoint")
    return found


def prove_entries(checks: Checklist, bundle: Bundle, checkpoint: Checkpoint) -> Proven:
    """Set ``inclusion`` and ``body-commitment``: each entry's proof, and its body's commitment."""
    outside = [one.entry.index for one in bundle.entries if not _is_included(one, checkpoint)]
    other = [
        one.entry.index
        for one in bundle.entries
        if commitment(one.salt, one.body) != one.entry.body
    ]
    checks.settle("inclusion", "not-included", outside)
    checks.settle("body-commitment", "body-differs", other)
    bad = {*outside, *other}
    return Proven({one.entry.index: one for one in bundle.entries if one.entry.index not in bad})


def check_seal(checks: Checklist, sealed: SealedBundle, keys: Keys) -> None:
    """Check the seal by a known credential key: ``seal``, and ``issuer-known`` if it is none."""
    try:
        key = find_key(keys, sealed.key_id)
    except LedgerError as error:
        checks.failed_by("issuer-known", error, "key-unknown")
        return
    try:
        suite(key.suite).verify(key.public_key, sealed.message, sealed.signature)
    except LedgerError as error:
        checks.failed_by("seal", error, "signature-wrong")
        return
    checks.passed("seal")


def check_sealing_time(
    checks: Checklist, sealed: SealedBundle, proven: Proven, keys: Keys, trust: KeyList
) -> None:
    """Check that the keys of seal and checkpoint were valid when they signed: ``key-periods``.

    A checkpoint bears no time: it was signed after the newest entry under it that is known here,
    and before the bundle was made.
    """
    at_ms = sealed.bundle.exported_at_ms
    newest_ms = max((one.entry.time_ms for one in proven.entries.values()), default=at_ms)
    try:
        key = find_key(keys, sealed.key_id)
        check_period(key, at_ms, at_ms)
        _check_log_period(sealed.bundle.checkpoint, trust, newest_ms, at_ms)
    except LedgerError as error:
        checks.failed_by("key-periods", error, "key-period")


def check_records(checks: Checklist, clr: Clr, proven: Proven) -> None:
    """Set ``matches-entry``, ``organisation`` and ``credit``: each member against its entry."""
    _check_entries(checks, clr, proven)
    _check_organisations(checks, clr, proven)
    _check_credits(checks, clr, proven)


def _is_included(one: BundledEntry, checkpoint: Checkpoint) -> bool:
    try:
        leaf = leaf_hash(one.entry.encode())
        verify_inclusion(one.entry.index, checkpoint.size, leaf, one.path, checkpoint.root)
    except LedgerError:
        return False
    return True


def _check_log_period(note_bytes: bytes, trust: KeyList, first_ms: int, last_ms: int) -> None:
    if first_ms > last_ms:
        raise VerificationError("checkpoint: newer than the bundle", code="dates-differ")
    error: VerificationError | None = None
    for key in checkpoint_signers(note_bytes, trust):
        try:
            check_period(key, first_ms, last_ms)
        except VerificationError as found:
            error = found
        else:
            return
    raise error or VerificationError("checkpoint: no known key", code="key-unknown")


def _check_entries(checks: Checklist, clr: Clr, proven: Proven) -> None:
    missing = [line.index for line in clr.statement.lines if proven.record(line.index) is None]
    if missing:
        checks.failed("matches-entry", "entry-missing", missing)
        return
    unknown, other = [], []
    for _, badge in clr.members:
        issuer = _issuer_of(badge, proven)
        if issuer is None:
            unknown.append(badge.claims.index)
        elif not _matches(badge, issuer, proven):
            other.append(badge.claims.index)
    checks.settle("matches-entry", "differs-from-entry", other)
    if unknown and not other:
        checks.unchecked("matches-entry", "organisation-missing", unknown)


def _check_organisations(checks: Checklist, clr: Clr, proven: Proven) -> None:
    unknown, refused = [], []
    for _, badge in clr.members:
        index, one = badge.claims.index, proven.record(badge.claims.index)
        issuer = _issuer_of(badge, proven)
        if one is None or issuer is None:
            unknown.append(index)
        elif not _holds(is_entitled, issuer, one.entry.kind, body_of(one)):
            refused.append(index)
    checks.settle("organisation", "not-entitled", refused)
    if unknown and not refused:
        checks.unchecked("organisation", "organisation-missing", unknown)


def _check_credits(checks: Checklist, clr: Clr, proven: Proven) -> None:
    unknown, other = [], []
    for _, badge in clr.members:
        one = proven.record(badge.claims.index)
        schedule = None if one is None else _schedule_of(one, proven)
        if one is None or schedule is None:
            unknown.append(badge.claims.index)
        elif not _holds(is_credit_right, schedule, one.entry.kind, body_of(one)):
            other.append(badge.claims.index)
    checks.settle("credit", "credit-differs", other)
    if unknown and not other:
        checks.unchecked("credit", "schedule-missing", unknown)


def _issuer_of(badge: Badge, proven: Proven) -> Organisation | None:
    one = proven.record(badge.claims.index)
    try:
        return None if one is None else proven.organisation(one.entry.issuer, one.entry.index)
    except LedgerError:
        return None


def _matches(badge: Badge, issuer: Organisation, proven: Proven) -> bool:
    one = proven.entries[badge.claims.index]
    try:
        told = claims_of(one.entry, body_of(one), origin=badge.claims.origin, issuer=issuer)
    except LedgerError:
        return False
    return told == badge.claims


def _schedule_of(one: BundledEntry, proven: Proven) -> Mapping[str, Any] | None:
    for schedule in proven.of_kind("schedule"):
        # A schedule that was published after the record cannot have been applied to it.
        ours = schedule.entry.issuer == LEDGER_ISSUER and schedule.entry.index < one.entry.index
        if ours and _holds(is_schedule_of, body_of(schedule), one.entry.kind, body_of(one)):
            return body_of(schedule)
    return None


def _holds(rule: Callable[..., bool], *arguments: object) -> bool:
    # What cannot be computed does not hold.
    try:
        return rule(*arguments)
    except LedgerError:
        return False
