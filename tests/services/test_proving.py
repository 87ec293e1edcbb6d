"""Proofs for outsiders, of what a signed checkpoint covers and of nothing else."""

from pathlib import Path

import pytest

from ledger.core.proof import parse_log_proof, verify_log_proof
from ledger.core.tile import decode_bundle
from ledger.errors import MalformedError, NotFoundError, VerificationError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.proving import entry_bytes, newest_checkpoint, prove, tile
from ledger.storage import checkpoints
from tests.ledgers import make_command, make_ledger, post, query, verify_whole


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = make_ledger(tmp_path)
    post(made, *(make_command(n) for n in range(260)))
    sign_checkpoint(made)
    return made


def test_every_entry_has_a_proof_and_no_other_entry_fits_it(ledger: Ledger) -> None:
    verify_whole(ledger)
    keys = ledger.keyring.published().log_verifier_keys()
    proof = parse_log_proof(prove(ledger, 7))
    with pytest.raises(VerificationError):
        verify_log_proof(proof, entry_bytes(ledger, 8), ledger.origin, keys)


def test_what_no_checkpoint_covers_is_not_proved_yet(ledger: Ledger) -> None:
    post(ledger, make_command(1_000))
    entry_bytes(ledger, 264)
    for index in (-1, 264, 265, 10**9):
        with pytest.raises(NotFoundError):
            prove(ledger, index)
    with pytest.raises(NotFoundError):
        entry_bytes(ledger, 265)
    sign_checkpoint(ledger)
    prove(ledger, 264)


def test_tiles_are_served_as_the_specification_names_them(ledger: Ledger) -> None:
    """c2sp.org/tlog-tiles."""
    leaves = [
        bytes(row[0]) for row in query(ledger, 'SELECT leaf_hash FROM entry ORDER BY "index"')
    ]  # type: ignore[call-overload]
    assert tile(ledger, "tile/0/000") == b"".join(leaves[:256])
    assert tile(ledger, "tile/0/001.p/8") == b"".join(leaves[256:])
    assert tile(ledger, "tile/0/000.p/3") == b"".join(leaves[:3])
    assert len(tile(ledger, "tile/1/000.p/1")) == 32
    assert decode_bundle(tile(ledger, "tile/entries/001.p/8")) == [
        entry_bytes(ledger, index) for index in range(256, 264)
    ]


@pytest.mark.parametrize(
    "path", ["tile/0/001.p/9", "tile/0/002", "tile/1/000", "tile/entries/001.p/9", "tile/2/000.p/1"]
)
def test_a_tile_beyond_the_published_log_is_not_found(ledger: Ledger, path: str) -> None:
    post(ledger, make_command(1_000))
    with pytest.raises(NotFoundError):
        tile(ledger, path)


@pytest.mark.parametrize("path", ["", "tile/0/1", "tile/0/000.p/256", "../keys", "tile/entry/000"])
def test_a_path_that_no_tile_has_is_malformed(ledger: Ledger, path: str) -> None:
    with pytest.raises(MalformedError):
        tile(ledger, path)


def test_before_the_first_checkpoint_there_is_nothing_to_prove(ledger: Ledger) -> None:
    (ledger.home / checkpoints.FILE_NAME).unlink()
    for ask in (lambda: newest_checkpoint(ledger), lambda: prove(ledger, 0)):
        with pytest.raises(NotFoundError, match="none was signed"):
            ask()
