"""The log in SQL: append entries and their tiles, read them back.

The head row is swapped only if it still is what the caller read; that, and the primary key of
``entry``, make a fork impossible even if two writers should ever hold the lock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ledger.core.digest import EMPTY_ROOT, HASH_BYTES
from ledger.core.entry import Draft, EntryWriter, decode_entry
from ledger.core.tile import TILE_WIDTH, append_leaves, edge_widths
from ledger.errors import DamagedError, NotFoundError, UnavailableError
from ledger.storage.bulk import insert_rows
from ledger.storage.tables import ENTRY, HEAD, TILE

HEAD_ID: Final = 1
# For one statement alone: set on the connection, PostgreSQL would open a cursor for an INSERT too.
STREAMED: Final = MappingProxyType({"yield_per": 1_000})
TILES_AT_ONCE: Final = 6

# Every write asks these; made once, they cost a third of what they cost made anew.
_READ_HEAD: Final = select(HEAD.c.size, HEAD.c.leaf_hash, HEAD.c.time_ms).where(
    HEAD.c.id == HEAD_ID
)
_SWAP_HEAD: Final = update(HEAD).where(
    HEAD.c.id == HEAD_ID,
    HEAD.c.size == bindparam("old_size"),
    HEAD.c.leaf_hash == bindparam("old_leaf_hash"),
)
_READ_TILE: Final = select(TILE.c.hashes).where(
    TILE.c.level == bindparam("level"), TILE.c.n == bindparam("n")
)
_READ_ENTRY: Final = select(ENTRY.c.index, ENTRY.c.leaf_hash, ENTRY.c.bytes).where(
    ENTRY.c.index == bindparam("at")
)
_WIDEN_TILE: Final = (
    update(TILE)
    .where(TILE.c.level == bindparam("at_level"), TILE.c.n == bindparam("at_n"))
    .values(hashes=bindparam("widened"))
)
# Read at once, half a dozen tiles cost less than two of them one by one.
_READ_TILES: Final = select(TILE.c.level, TILE.c.n, TILE.c.hashes).where(
    or_(
        *[
            and_(TILE.c.level == bindparam(f"level{i}"), TILE.c.n == bindparam(f"n{i}"))
            for i in range(TILES_AT_ONCE)
        ]
    )
)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends: how many entries, the last one's leaf hash and its time.

    Before the first entry the hash is the empty root.
    """

    size: int
    leaf_hash: bytes
    time_ms: int


@dataclass(slots=True)
class StoredEntry:
    """An entry as stored: its bytes, and the leaf hash that they had when they were appended."""

    index: int
    leaf_hash: bytes
    bytes: bytes


def create_head(connection: Connection) -> None:
    """Write the head of an empty log. Once, when the ledger is made."""
    connection.execute(
        insert(HEAD), [{"id": HEAD_ID, "size": 0, "leaf_hash": EMPTY_ROOT, "time_ms": 0}]
    )


def has_head(connection: Connection) -> bool:
    """Tell whether the log was made already."""
    return connection.execute(select(HEAD.c.id)).first() is not None


def read_head(connection: Connection) -> Head:
    """Read where the log ends.

    Raises:
        DamagedError: The head row is gone.
    """
    row = connection.execute(_READ_HEAD).one_or_none()
    if row is None:
        raise DamagedError("log head: the row is missing")
    return Head(*row)


def holds(connection: Connection, head: Head, earlier: Head) -> bool:
    """Tell whether the log that ends at ``head`` continues one that ended at ``earlier``."""
    if head.size < earlier.size:
        return False
    if not earlier.size:
        return True
    try:
        return read_entry(connection, earlier.size - 1).leaf_hash == earlier.leaf_hash
    except NotFoundError:
        return False


def append(connection: Connection, head: Head, drafts: Sequence[Draft], now_ms: int) -> Head:
    """Append ``drafts`` behind ``head``: entries, tiles and head, in the caller's transaction.

    Gives the new head.

    All entries of one call carry one time: now, or a millisecond after the last entry if the clock
    stands behind it.

    Raises:
        DamagedError: Rows stand where the entries or their tiles belong.
        UnavailableError: Another writer moved the head; nothing of this call holds and the caller
            must start over.
    """
    time_ms = max(now_ms, head.time_ms + 1)
    rows = EntryWriter(time_ms).chain(head.size, drafts, head.leaf_hash)
    leaves = [leaf for _, leaf, _ in rows]
    moved = Head(head.size + len(rows), leaves[-1] if leaves else head.leaf_hash, time_ms)
    try:
        insert_rows(connection, ENTRY, rows)
        _append_tiles(connection, head.size, leaves)
    except IntegrityError as error:
        raise DamagedError(
            f"log: behind the head, at {head.size}, there are rows already; run "
            "'python -m ledger audit'"
        ) from error
    if not _swap_head(connection, head, moved):
        raise UnavailableError(
            "log: its head moved while a batch was being written, so none of it is recorded; "
            "send it again"
        )
    return moved


def _swap_head(connection: Connection, head: Head, moved: Head) -> bool:
    """Move the head if it still is what was read; tell whether it was."""
    values = {
        "old_size": head.size,
        "old_leaf_hash": head.leaf_hash,
        "size": moved.size,
        "leaf_hash": moved.leaf_hash,
        "time_ms": moved.time_ms,
    }
    return connection.execute(_SWAP_HEAD, values).rowcount == 1


def _append_tiles(connection: Connection, size: int, leaves: Sequence[bytes]) -> None:
    edge = {
        level: read_tile(connection, level, (size >> (8 * level)) // TILE_WIDTH, width)
        for level, width in edge_widths(size).items()
    }
    changes = append_leaves(size, edge, leaves)
    fresh = []
    for level, n, hashes in changes.tiles:
        if level in edge and n == (size >> (8 * level)) // TILE_WIDTH:
            connection.execute(_WIDEN_TILE, {"at_level": level, "at_n": n, "widened": hashes})
        else:
            fresh.append((level, n, hashes))
    insert_rows(connection, TILE, fresh)


def read_tile(connection: Connection, level: int, n: int, width: int) -> bytes:
    """Read the first ``width`` hashes of a tile.

    Raises:
        NotFoundError: The log has no such tile, or not that many hashes in it.
    """
    hashes = read_whole_tile(connection, level, n)
    if len(hashes) < width * HASH_BYTES:
        raise NotFoundError(f"tile {level}/{n}: no {width} hashes are stored")
    return hashes[: width * HASH_BYTES]


def read_whole_tile(connection: Connection, level: int, n: int) -> bytes:
    """Read all hashes of a tile, however many are stored; none where there is no such tile."""
    hashes = connection.execute(_READ_TILE, {"level": level, "n": n}).scalar_one_or_none()
    return b"" if hashes is None else bytes(hashes)


def read_entry(connection: Connection, index: int) -> StoredEntry:
    """Read one entry.

    Raises:
        NotFoundError: The log has no entry at ``index``.
    """
    row = connection.execute(_READ_ENTRY, {"at": index}).one_or_none()
    if row is None:
        raise NotFoundError(f"entry {index}: the log has none at that index")
    return StoredEntry(*row)


def read_entries(
    connection: Connection, start: int = 0, stop: int | None = None
) -> Iterator[StoredEntry]:
    """Stream the stored entries from index ``start`` up to ``stop``, or to the end."""
    query = select(ENTRY.c.index, ENTRY.c.leaf_hash, ENTRY.c.bytes).order_by(ENTRY.c.index)
    if start:  # an audit from 0 must also see rows below 0, which no honest writer makes
        query = query.where(ENTRY.c.index >= start)
    if stop is not None:
        query = query.where(ENTRY.c.index < stop)
    for row in connection.execute(query, execution_options=STREAMED):
        yield StoredEntry(*row)


def read_tiles(
    connection: Connection, places: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """Read all hashes of some tiles by (level, n); tiles that are not there are left out."""
    found: dict[tuple[int, int], bytes] = {}
    wanted = sorted(places)
    for start in range(0, len(wanted), TILES_AT_ONCE):
        some = wanted[start : start + TILES_AT_ONCE]
        some += some[-1:] * (TILES_AT_ONCE - len(some))
        values = {f"level{i}": level for i, (level, _) in enumerate(some)}
        values |= {f"n{i}": n for i, (_, n) in enumerate(some)}
        rows = connection.execute(_READ_TILES, values)
        found |= {(level, n): bytes(hashes) for level, n, hashes in rows}
    return found


def append_copies(connection: Connection, head: Head, entries: Sequence[StoredEntry]) -> Head:
    """Append entries that were in the log before, byte for byte; give the new head.

    The caller has chained them to ``head`` and checks the root that they lead to.

    Raises:
        UnavailableError: Another writer moved the head; nothing of this call holds.
    """
    insert_rows(connection, ENTRY, [(e.index, e.leaf_hash, e.bytes) for e in entries])
    _append_tiles(connection, head.size, [e.leaf_hash for e in entries])
    last = entries[-1]
    moved = Head(last.index + 1, last.leaf_hash, decode_entry(last.bytes).time_ms)
    if not _swap_head(connection, head, moved):
        raise UnavailableError(
            "log: its head moved while entries were brought back, so none was; stop what writes "
            "and run it again"
        )
    return moved
