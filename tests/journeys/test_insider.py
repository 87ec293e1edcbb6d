"""Insider rows: database and log key together can rewrite all history, but not unseen.

The rewrite is complete: entries, hashes, tiles, head, every checkpoint, and new signatures with the
real log key. The ledger itself then audits sound. Whoever kept one checkpoint, one proof or one
export from before has all that is needed to show the fork.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson
import pytest

from ledger.core.checkpoint import open_checkpoint
from ledger.core.digest import leaf_hash
from ledger.core.merkle import verify_consistency, verify_inclusion
from ledger.core.proof import LogProof, parse_log_proof, verify_log_proof
from ledger.core.tile import consistency_path, root_hash
from ledger.credentials.bundle import parse_bundle
from ledger.errors import VerificationError
from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint, tile_reader
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.exports import export_bundle
from ledger.services.proving import entry_bytes, newest_checkpoint, prove
from ledger.services.transcripts import find_subject
from ledger.storage.engine import reading
from tests.databases import past_triggers
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


def leaf_of(ledger: Ledger, index: int) -> bytes:
    return leaf_hash(entry_bytes(ledger, index))


def shown_by_checkpoint(ledger: Ledger, note: bytes) -> bool:
    """Tell whether the newest checkpoint does not continue this one: both signed, so a fork."""
    keys = ledger.keyring.published().log_verifier_keys()
    old = open_checkpoint(note, ledger.origin, keys)
    new = open_checkpoint(newest_checkpoint(ledger), ledger.origin, keys)
    with reading(ledger.engine) as connection:
        path = consistency_path(old.size, new.size, tile_reader(connection))
        assert root_hash(new.size, tile_reader(connection)) == new.root
    try:
        verify_consistency(old.size, new.size, old.root, new.root, path)
    except VerificationError:
        return True
    return False


def shown_by_entry(ledger: Ledger, index: int, leaf: bytes) -> bool:
    """Tell whether the log no longer proves at ``index`` the leaf that it once proved there."""
    keys = ledger.keyring.published().log_verifier_keys()
    now = parse_log_proof(prove(ledger, index))
    new = open_checkpoint(now.checkpoint, ledger.origin, keys)
    try:
        verify_inclusion(index, new.size, leaf, now.path, new.root)
    except VerificationError:
        return True
    return False


def shown_by_bundle(ledger: Ledger, data: bytes) -> bool:
    """Tell whether an export's own entries are no longer in the log."""
    entries = orjson.loads(data)["entries"]
    found = [each["entry"].encode() for each in entries]
    return any(
        shown_by_entry(ledger, orjson.loads(content)["index"], leaf_hash(content))
        for content in found
    )


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
