"""Insider rows: database and log key together can rewrite all history, but not unseen.

The rewrite is complete: entries, hashes, tiles, head, every checkpoint, and new signatures with the
real log key. The ledger itself then audits sound. Whoever kept one checkpoint, one proof or one
export from before has all that is needed to show the fork.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ledger.core.proof import LogProof, parse_log_proof, verify_log_proof
from ledger.credentials.bundle import parse_bundle
from ledger.errors import VerificationError
from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import record
from ledger.services.exports import export_bundle
from ledger.services.proving import entry_bytes, newest_checkpoint, prove
from ledger.services.transcripts import find_subject
from tests.databases import past_triggers
from tests.journeys.forks import leaf_of, shown_by_bundle, shown_by_checkpoint, shown_by_entry
from tests.journeys.ledgers import make_ledger, opened
from tests.journeys.people import completion, id_number
from tests.journeys.rewriting import earlier, rewrite_from

PEOPLE = 30


@dataclass
class Kept:
    """What three strangers kept before the rewrite, and the ledger since."""

    home: Path
    checkpoint: bytes
    proof: LogProof
    bundle: bytes


def rewrite_all(home: Path) -> None:
    """Rewrite history from an early record on and sign all checkpoints anew."""
    with past_triggers(home) as database:
        rewrite_from(database, 4, earlier)
        database.execute("DELETE FROM checkpoint")
    (home / "checkpoint").unlink()
    with opened(home) as ledger:
        sign_checkpoint(ledger)


@pytest.fixture(scope="module")
def kept(folder_of_a_file: Path) -> Kept:
    """Record, keep, record more, rewrite."""
    home = folder_of_a_file / "home"
    ledger, issuer = make_ledger(home)
    for number in range(PEOPLE):
        record(ledger, issuer, [completion(number)])
    subject = find_subject(ledger, id_number(PEOPLE - 1))
    assert subject is not None
    bundle = export_bundle(ledger, subject, date(2026, 1, 1))
    proof = parse_log_proof(prove(ledger, PEOPLE))
    told = Kept(home, newest_checkpoint(ledger), proof, bundle)
    record(ledger, issuer, [completion(PEOPLE + number) for number in range(PEOPLE)])
    sign_checkpoint(ledger)
    assert shown_by_checkpoint(ledger, told.checkpoint) is False
    assert shown_by_entry(ledger, told.proof.index, leaf_of(ledger, told.proof.index)) is False
    assert shown_by_bundle(ledger, told.bundle) is False
    ledger.close()
    rewrite_all(home)
    return told


def test_the_rewritten_ledger_contradicts_nothing_of_its_own(kept: Kept) -> None:
    """The control, and the reason why others must keep something: alone, the ledger looks sound."""
    with opened(kept.home) as ledger:
        report = audit(ledger)
    assert report.findings == []
    assert report.entries == 4 + 2 * PEOPLE


def test_an_old_checkpoint_alone_exposes_the_rewrite(kept: Kept) -> None:
    with opened(kept.home) as ledger:
        assert shown_by_checkpoint(ledger, kept.checkpoint)


def test_an_old_proof_alone_exposes_the_rewrite(kept: Kept) -> None:
    """Its path and signature lead from what the log said to a root that the log has no more."""
    with opened(kept.home) as ledger:
        now = entry_bytes(ledger, kept.proof.index)
        keys = ledger.keyring.published().log_verifier_keys()
        with pytest.raises(VerificationError):
            verify_log_proof(kept.proof, now, ledger.origin, keys)
        assert shown_by_checkpoint(ledger, kept.proof.checkpoint)


def test_an_old_export_alone_exposes_the_rewrite(kept: Kept) -> None:
    """By its entries, which the log proves no more, and by its checkpoint as well."""
    with opened(kept.home) as ledger:
        assert shown_by_bundle(ledger, kept.bundle)
        assert shown_by_checkpoint(ledger, parse_bundle(kept.bundle).bundle.checkpoint)
