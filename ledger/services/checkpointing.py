"""Checkpoints: hold the database against the last one, and sign the next.

A checkpoint is signed only after the new entries were read back from the database, hashed again and
found in the tiles by a second way, and after it was proved consistent with the last one. The file
outside the database is replaced before the row is stored.
"""

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import EMPTY_ROOT, HASH_BYTES, leaf_hash
from ledger.core.entry import decode_entry
from ledger.core.merkle import perfect_root, verify_consistency
from ledger.core.note import parse_note, sign_note, verified_keys
from ledger.core.tile import TILE_WIDTH, ReadTile, consistency_path, root_hash
from ledger.errors import (
    DamagedError,
    LedgerError,
    MalformedError,
    NotFoundError,
    VerificationError,
)
from ledger.services.context import Ledger
from ledger.storage import checkpoints, log
from ledger.storage.engine import reading, writing

PUBLISHED_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the note that carries it."""

    checkpoint: Checkpoint
    note: bytes


def tile_reader(connection: Connection) -> ReadTile:
    """Give the tiles of one transaction's state to the proof code.

    It is for sizes that the log has or had: a tile that is not there raises DamagedError.
    """

    def read(level: int, n: int, width: int) -> bytes:
        try:
            return log.read_tile(connection, level, n, width)
        except NotFoundError as error:
            raise DamagedError(error.message) from error

    return read


def last_checkpoint(ledger: Ledger) -> SignedCheckpoint | None:
    """Read and verify the checkpoint kept outside the database; None before the first.

    Raises:
        DamagedError: The file is there, but it is not a checkpoint that this ledger signed.
    """
    note = checkpoints.read_outside(ledger.home)
    if note is None:
        return None
    keys = ledger.keyring.published().every_log_verifier_key()
    try:
        return SignedCheckpoint(open_checkpoint(note, ledger.origin, keys), note)
    except LedgerError as error:
        raise DamagedError(
            f"checkpoint file: not signed by this ledger ({error.message})"
        ) from error


def hold_against_last_checkpoint(ledger: Ledger, connection: Connection) -> None:
    """Refuse to go on with a database that is behind its last checkpoint or has another history.

    Raises:
        DamagedError: It is. An old backup was put back, or the database was changed.
    """
    if ledger.checked:
        return
    last = last_checkpoint(ledger)
    if last is None and checkpoints.largest_size(connection) is not None:
        raise DamagedError(
            f"checkpoint file: {ledger.home / checkpoints.FILE_NAME} is gone, though checkpoints "
            "were signed; without it nobody can tell whether an old backup was put back. Nothing "
            "is written until it is restored",
            code="checkpoint-missing",
        )
    if last is not None:
        head = log.read_head(connection)
        size = last.checkpoint.size
        if head.size < size:
            raise DamagedError(
                f"database: it holds {head.size} entries, but the last checkpoint was signed over "
                f"{size}; "
                "an old backup was put back or entries were removed. Nothing is written until the "
                "newer database is back",
                code="behind-checkpoint",
            )
        if size and root_hash(size, tile_reader(connection)) != last.checkpoint.root:
            raise DamagedError(
                f"database: its first {size} entries are not those of the last checkpoint; its "
                f"history was changed. "
                "Nothing is written until the right database is back",
                code="other-history",
            )
    ledger.checked = True


def contradicting_checkpoints(ledger: Ledger, connection: Connection) -> dict[int, bytes]:
    """Give the stored checkpoints, notes by size, that this ledger signed over other entries."""
    stored = checkpoints.read_all(connection)
    return {size: note for size, note in stored if not agrees(ledger, connection, size, note)}


def agrees(ledger: Ledger, connection: Connection, size: int, note: bytes) -> bool:
    """Tell whether a stored checkpoint is not one that this ledger signed over other entries."""
    try:
        keys = ledger.keyring.published().every_log_verifier_key()
        signed = open_checkpoint(note, ledger.origin, keys)
    except LedgerError:
        return True  # what it did not sign is an audit's to find
    if signed.size != size:
        return True
    held = log.read_head(connection).size
    return size <= held and root_hash(size, tile_reader(connection)) == signed.root


def sign_checkpoint(ledger: Ledger) -> SignedCheckpoint:
    """Sign a checkpoint over all entries, or give the last one if the log has not grown.

    Costs reading back what came since the last checkpoint, and O(log n) tiles.

    Raises:
        DamagedError: What is stored is not what was appended, or not a continuation of the last
            checkpoint.
    """
    ledger.renew_keys()
    unchanged = _unchanged(ledger)
    if unchanged is not None:
        return unchanged
    # Under the write lock from reading back to storing, so that two processes never sign at once.
    with writing(ledger.engine) as connection:
        hold_against_last_checkpoint(ledger, connection)
        last = last_checkpoint(ledger)
        head = log.read_head(connection)
        root = (
            last.checkpoint.root
            if last is not None and last.checkpoint.size == head.size
            else _new_root(connection, last, head)
        )
        fresh = Checkpoint(ledger.origin, head.size, root)
        note = sign_note(fresh.format(), ledger.keyring.log_signers(ledger.clock()))
        if last is None or note != last.note:
            checkpoints.write_outside(ledger.home, note)
        checkpoints.store(connection, fresh.size, note)
    return SignedCheckpoint(fresh, note)


def is_published(ledger: Ledger, seconds_max: float) -> bool:
    """Tell whether a signed checkpoint covers all that is recorded now; wait for it for a while.

    The scheduler signs about every second, wherever it runs.
    """
    deadline = time.monotonic() + seconds_max
    with reading(ledger.engine) as connection:
        size = log.read_head(connection).size
    while True:
        with reading(ledger.engine) as connection:
            if (checkpoints.largest_size(connection) or 0) >= size:
                return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(PUBLISHED_POLL_SECONDS)


def keep_newest_checkpoint(ledger: Ledger) -> None:
    """Put the newest checkpoint in the file outside the database, where another process signed it.

    So each machine knows of itself how far the log had come, whoever signs.

    Raises:
        DamagedError: The database contradicts the checkpoint that this machine has.
    """
    ledger.renew_keys()
    with reading(ledger.engine) as connection:
        if not _newer_than_file(ledger, connection):
            return
    # Under the lock, so that nothing older ever replaces what another process has just signed.
    with writing(ledger.engine) as connection:
        size = _newer_than_file(ledger, connection)
        if size is None:
            return
        hold_against_last_checkpoint(ledger, connection)
        note = checkpoints.read(connection, size)
        keys = ledger.keyring.published().every_log_verifier_key()
        newest = open_checkpoint(note, ledger.origin, keys)
        if newest.root != root_hash(newest.size, tile_reader(connection)):
            raise DamagedError(
                f"database: its newest checkpoint, of size {size}, is not one of its entries"
            )
        checkpoints.write_outside(ledger.home, note)


def _newer_than_file(ledger: Ledger, connection: Connection) -> int | None:
    """Give the size of the newest checkpoint in the database, if it is newer than the file's."""
    size, last = checkpoints.largest_size(connection), last_checkpoint(ledger)
    if size is None or (last is not None and size <= last.checkpoint.size):
        return None
    return size


def _unchanged(ledger: Ledger) -> SignedCheckpoint | None:
    """Give the last checkpoint if the log has not grown and its signers are those of now.

    A scheduler asks every second, so that this takes no lock and signs nothing.
    """
    last = last_checkpoint(ledger)
    if last is None or not ledger.checked:
        return None
    with reading(ledger.engine) as connection:
        stored = checkpoints.is_stored(connection, last.checkpoint.size)
        if not stored or log.read_head(connection).size != last.checkpoint.size:
            return None
    signers = {s.verifier_key for s in ledger.keyring.log_signers(ledger.clock())}
    known = ledger.keyring.published().log_verifier_keys()
    return last if signers == set(verified_keys(parse_note(last.note), known)) else None


def _new_root(connection: Connection, last: SignedCheckpoint | None, head: log.Head) -> bytes:
    """Give the root of all entries, read back and proved to continue the last checkpoint."""
    start = 0 if last is None else last.checkpoint.size
    try:
        root = _read_back(connection, start, head)
        if last is not None and start:
            path = consistency_path(start, head.size, tile_reader(connection))
            verify_consistency(start, head.size, last.checkpoint.root, root, path)
    except (MalformedError, NotFoundError, VerificationError) as error:
        raise DamagedError(f"log: {error.message}; no checkpoint is signed") from error
    return root


def read_back_all(connection: Connection) -> bytes:
    """Read every entry back, hashed and chained anew and held against the tiles; give the root.

    Raises:
        DamagedError: What is stored is not what was appended.
    """
    return _new_root(connection, None, log.read_head(connection))


def _read_back(connection: Connection, start: int, head: log.Head) -> bytes:
    """Hold the stored entries from ``start`` on, hashed again, against the tiles; give the root.

    The leaf tiles are compared hash by hash, and the nodes above are recomputed from them, so that
    a bit that flipped between hashing and storing stops the signature.
    """
    prev = log.read_entry(connection, start - 1).leaf_hash if start else EMPTY_ROOT
    tile, tile_n = b"", -1
    index = start
    for stored in log.read_entries(connection, start, head.size):
        entry = decode_entry(stored.bytes)
        hashed = leaf_hash(stored.bytes)
        n, place = divmod(index, TILE_WIDTH)
        if n != tile_n:
            width = min(TILE_WIDTH, head.size - n * TILE_WIDTH)
            tile, tile_n = log.read_tile(connection, 0, n, width), n
        if (
            stored.index != index
            or entry.index != index
            or entry.prev != prev
            or hashed != stored.leaf_hash
            or hashed != tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]
        ):
            raise DamagedError(
                f"entry {index}: what is stored is not what was appended; no checkpoint is signed"
            )
        prev = hashed
        index += 1
    if index != head.size or prev != head.leaf_hash:
        raise DamagedError(
            f"log head: it says {head.size} entries, {index} were read back; no checkpoint is "
            f"signed"
        )
    _read_back_nodes(connection, start, head.size)
    return root_hash(head.size, tile_reader(connection)) if head.size else EMPTY_ROOT


def _read_back_nodes(connection: Connection, start: int, size: int) -> None:
    """Recompute from the level below each hash that the entries from ``start`` on made."""
    level, first, count = 1, start // TILE_WIDTH, size // TILE_WIDTH
    while count:
        for position in range(first, count):
            n, place = divmod(position, TILE_WIDTH)
            below = log.read_tile(connection, level - 1, position, TILE_WIDTH)
            stored = log.read_tile(connection, level, n, place + 1)[place * HASH_BYTES :]
            if stored != perfect_root(below):
                raise DamagedError(
                    f"tile {level}/{n}: hash {place} is not that of the tile below; no checkpoint "
                    f"is signed"
                )
        level, first, count = level + 1, first // TILE_WIDTH, count // TILE_WIDTH
