"""What shows that a log is not the one that it was: a checkpoint, an entry, an export, a mirror."""

import orjson

from ledger.core.checkpoint import open_checkpoint
from ledger.core.digest import leaf_hash
from ledger.core.merkle import verify_consistency, verify_inclusion
from ledger.core.proof import parse_log_proof
from ledger.core.tile import consistency_path, root_hash
from ledger.errors import VerificationError
from ledger.services.checkpointing import tile_reader
from ledger.services.context import Ledger
from ledger.services.proving import entry_bytes, newest_checkpoint, prove
from ledger.storage.engine import reading
from tests.core.rfc6962 import tree_hash


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


def shown_by_mirror(ledger: Ledger, entries: list[bytes]) -> bool:
    """Tell whether the log at their number has another root than the entries that were copied."""
    with reading(ledger.engine) as connection:
        return root_hash(len(entries), tile_reader(connection)) != tree_hash(
            tuple(map(leaf_hash, entries))
        )
