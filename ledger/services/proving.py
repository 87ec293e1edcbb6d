"""What outsiders get of the log: the proof of one entry, the tiles and the entry bundles."""

from sqlalchemy import Connection

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import HASH_BYTES
from ledger.core.proof import LogProof
from ledger.core.tile import (
    TILE_WIDTH,
    ReadTile,
    encode_bundle,
    inclusion_path,
    parse_tile_path,
    tiles_around,
)
from ledger.errors import NotFoundError
from ledger.services.checkpointing import tile_reader
from ledger.services.context import Ledger
from ledger.storage import checkpoints, log
from ledger.storage.engine import reading


def newest_checkpoint(ledger: Ledger) -> bytes:
    """Give the newest signed checkpoint, as a note.

    Raises:
        NotFoundError: None was signed yet.
    """
    note = checkpoints.read_outside(ledger.home)
    if note is None:
        raise NotFoundError("checkpoint: none was signed yet; run 'python -m ledger checkpoint'")
    return note


def published_size(ledger: Ledger) -> int:
    """Give the number of entries that the newest signed checkpoint covers.

    Raises:
        NotFoundError: None was signed yet.
    """
    return _opened(ledger, newest_checkpoint(ledger)).size


def _opened(ledger: Ledger, note: bytes) -> Checkpoint:
    return open_checkpoint(note, ledger.origin, ledger.keyring.published().log_verifier_keys())


def prove(ledger: Ledger, index: int) -> str:
    """Give a tlog-proof file: entry ``index`` is included in the newest checkpoint.

    Raises:
        NotFoundError: The newest checkpoint does not cover that index.
    """
    note = newest_checkpoint(ledger)
    checkpoint = _opened(ledger, note)
    if not 0 <= index < checkpoint.size:
        raise NotFoundError(
            f"entry {index}: the newest checkpoint covers {checkpoint.size} entries, from 0 on"
        )
    with reading(ledger.engine) as connection:
        read = proof_tiles(connection, index, checkpoint.size)
        path = inclusion_path(index, checkpoint.size, read)
    return LogProof(index, tuple(path), note).format()


def proof_tiles(connection: Connection, index: int, size: int) -> ReadTile:
    """Give the tiles for proofs about an entry in a tree of a size, fetched at once."""
    known = log.read_tiles(connection, tiles_around(index, size))
    read_other = tile_reader(connection)

    def read(level: int, n: int, width: int) -> bytes:
        hashes = known.get((level, n), b"")[: width * HASH_BYTES]
        return hashes if len(hashes) == width * HASH_BYTES else read_other(level, n, width)

    return read


def entry_bytes(ledger: Ledger, index: int) -> bytes:
    """Give the canonical bytes of an entry.

    Raises:
        NotFoundError: The log has none at ``index``.
    """
    with reading(ledger.engine) as connection:
        return log.read_entry(connection, index).bytes


def tile(ledger: Ledger, path: str) -> bytes:
    """Give a tile or entry bundle of the published log by its path (``tile/0/x001/067``).

    Only what a signed checkpoint covers is given: a partial tile exists for published sizes alone.

    Raises:
        MalformedError: The path is not one that the tiles specification can write.
        NotFoundError: The published log has no such tile.
    """
    level, n, width = parse_tile_path(path)
    size = published_size(ledger)
    hashes_at_level = size if level == "entries" else size >> (8 * level)
    if n * TILE_WIDTH + width > hashes_at_level:
        raise NotFoundError(f"{path}: not in the published log of {size} entries")
    with reading(ledger.engine) as connection:
        if level != "entries":
            return log.read_tile(connection, level, n, width)
        start = n * TILE_WIDTH
        return encode_bundle([e.bytes for e in log.read_entries(connection, start, start + width)])
