"""Tiles: the tree cut into rows of 256 hashes, stored and served as they are (c2sp.org/tlog-tiles).

    tile/0/x001/x234/067          a full tile: 256 hashes, 8,192 bytes
    tile/1/000.p/44               a partial tile: 44 hashes
    tile/entries/x001/x234/067    an entry bundle: up to 256 entries

Tile n at level l holds the hashes of the perfect subtrees over the entries from (256n + i) 256^l up
to (256n + i + 1) 256^l, for i from 0. At tree size s level l has s >> 8l hashes; the last tile is
partial unless 256 divides that. A full tile never changes again, and a partial tile is never hashed
upward.

Roots and proofs (RFC 6962, 2.1) are read from the tiles, at any size up to the current one: a tile
of an older size is the beginning of today's tile. Each answer reads O(log n) tiles, each of them
once. The reader is believed: whoever receives a root or proof checks it with
``ledger.core.merkle``.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from ledger.core.digest import EMPTY_ROOT, HASH_BYTES, node_row
from ledger.core.merkle import join_peaks, perfect_root
from ledger.errors import DamagedError, MalformedError, NotFoundError

TILE_WIDTH: Final = 256
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
LEVEL_MAX: Final = 63
ENTRY_BYTES_MAX: Final = 65_535
"""Longest entry in a bundle: its length is written in two bytes."""

ROWS_KEPT: Final = 128
"""How many tiles above the leaves or at the edge are kept with their inner nodes: 16 KiB each."""

TileLevel: TypeAlias = int | Literal["entries"]

ReadTile: TypeAlias = Callable[[int, int, int], bytes]
"""Called as read(level, n, width); gives exactly the first ``width`` hashes of the tile, joined."""

_PATH: Final = re.compile(
    r"tile/(?:(entries)|([0-9]|[1-5][0-9]|6[0-3]))/((?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/([1-9][0-9]{0,2}))?"
)
_LEVEL_BITS: Final = 8
_NUMBER_MAX: Final = 10**18 - 1


def tile_path(level: TileLevel, n: int, width: int = TILE_WIDTH) -> str:
    """Write the path of a tile or entry bundle below a log's prefix.

    Raises:
        MalformedError: Level, number or width is outside what a path can say.
    """
    if level != "entries" and not 0 <= level <= LEVEL_MAX:
        raise MalformedError(f"tile path: expected a level from 0 to {LEVEL_MAX}")
    if not 0 <= n <= _NUMBER_MAX or not 1 <= width <= TILE_WIDTH:
        raise MalformedError("tile path: number or width out of range")
    number = f"{n % 1000:03}"
    while n := n // 1000:
        number = f"x{n % 1000:03}/{number}"
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{number}{partial}"


def parse_tile_path(text: str) -> tuple[TileLevel, int, int]:
    """Read a path as level (or ``entries``), number and width.

    Raises:
        MalformedError: The text is not exactly what ``tile_path`` writes.
    """
    match = _PATH.fullmatch(text)
    if match is None:
        raise MalformedError("tile path: expected a path such as tile/0/x001/067.p/8")
    entries, level_text, number, partial = match.groups()
    level: TileLevel = "entries" if entries else int(level_text)
    n = int(number.replace("x", "").replace("/", ""))
    width = int(partial) if partial else TILE_WIDTH
    if tile_path(level, n, width) != text:
        raise MalformedError("tile path: not in canonical form")
    return level, n, width


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write 1 to 256 entries as a bundle: each after its length in two bytes, big-endian.

    Raises:
        MalformedError: There are none or too many, or one is too long.
    """
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise MalformedError(f"entry bundle: expected 1 to {TILE_WIDTH} entries")
    if any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
        raise MalformedError(f"entry bundle: expected at most {ENTRY_BYTES_MAX} bytes an entry")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def decode_bundle(data: bytes) -> list[bytes]:
    """Read the entries of a bundle.

    Raises:
        MalformedError: The bytes are not exactly what ``encode_bundle`` writes.
    """
    entries = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != len(data) or not 1 <= len(entries) <= TILE_WIDTH:
        raise MalformedError("entry bundle: cut short, or not 1 to 256 entries")
    return entries


@dataclass(frozen=True, slots=True)
class TileChanges:
    """What appending leaves does to the tiles.

    Attributes:
        size: Size of the tree afterwards.
        tiles: Every tile that was created or widened, as (level, n, all of its hashes).
        edge: The right-most partial tile of each level that has one.
    """

    size: int
    tiles: list[tuple[int, int, bytes]]
    edge: dict[int, bytes]


def edge_widths(size: int) -> dict[int, int]:
    """Give the number of hashes of each level's partial tile at a tree size, where it has one."""
    widths = {}
    level = 0
    while size:
        if width := size % TILE_WIDTH:
            widths[level] = width
        size //= TILE_WIDTH
        level += 1
    return widths


def tiles_between(old_size: int, new_size: int) -> Iterator[tuple[int, int, int]]:
    """Give what a log of one size has to serve beyond one of an older size.

    Each tile comes as (level, number, width), level by level: the tiles that became full, then the
    partial one. Of level 0 there is an entry bundle for each.
    """
    level, widths = 0, edge_widths(new_size)
    while new_size:
        full = new_size // TILE_WIDTH
        for n in range(old_size // TILE_WIDTH, full):
            yield level, n, TILE_WIDTH
        if level in widths:
            yield level, full, widths[level]
        old_size, new_size, level = old_size // TILE_WIDTH, full, level + 1


def tiles_around(index: int, size: int) -> set[tuple[int, int]]:
    """Give (level, number) of the tiles that proofs about an entry in a tree of a size read.

    These are the tiles above the entry and those at the right edge. A consistency proof from an
    older size reads those around the last entry of that size.
    """
    places = set()
    level, below, edge = 0, index // TILE_WIDTH, size // TILE_WIDTH
    while size >> (_LEVEL_BITS * level):
        places |= {(level, below), (level, edge)}
        level, below, edge = level + 1, below // TILE_WIDTH, edge // TILE_WIDTH
    return places


def append_leaves(size: int, edge: Mapping[int, bytes], leaves: Sequence[bytes]) -> TileChanges:
    """Work out the tiles after a batch.

    Args:
        size: Number of entries so far.
        edge: The right-most partial tile of each level, as ``TileChanges.edge`` gave it.
        leaves: Leaf hashes to append, in order.

    Raises:
        DamagedError: The edge does not fit the size.
        MalformedError: A leaf is not 32 bytes.
    """
    if {level: len(part) for level, part in edge.items()} != {
        level: width * HASH_BYTES for level, width in edge_widths(size).items()
    }:
        raise DamagedError(f"tiles: the right edge does not fit tree size {size}")
    row = b"".join(leaves)
    if any(len(leaf) != HASH_BYTES for leaf in leaves):
        raise MalformedError(f"leaf: expected {HASH_BYTES} bytes")
    tiles: list[tuple[int, int, bytes]] = []
    new_edge = dict(edge)
    level, count = 0, size
    while row:
        row = new_edge.pop(level, b"") + row
        first, above = count // TILE_WIDTH, []
        for at in range(0, len(row), TILE_BYTES):
            tile = row[at : at + TILE_BYTES]
            tiles.append((level, first + at // TILE_BYTES, tile))
            if len(tile) == TILE_BYTES:
                above.append(perfect_root(tile))
            else:
                new_edge[level] = tile
        row, count, level = b"".join(above), first, level + 1
    return TileChanges(size + len(leaves), tiles, new_edge)


@lru_cache(maxsize=ROWS_KEPT)
def _rows(tile: bytes) -> tuple[bytes, ...]:
    """Give the rows of nodes from a tile's hashes up to the node above them, as far as they go.

    Kept by the tile's bytes: tiles above the leaves and at the right edge are few, and nearly every
    proof hashes the same ones again.
    """
    rows = [tile]
    while len(rows[-1]) >= 2 * HASH_BYTES:
        pairs = len(rows[-1]) // (2 * HASH_BYTES)
        rows.append(node_row(rows[-1][: pairs * 2 * HASH_BYTES]))
    return tuple(rows)


class _Tree:
    """The tree of one size, over a reader whose tiles are kept for the length of one call."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def range_hash(self, start: int, end: int) -> bytes:
        """Hash the entries from start to end; a power of two >= end - start must divide start."""
        peaks = []
        while start < end:
            height = (end - start).bit_length() - 1
            peaks.append(self._perfect(height, start))
            start += 1 << height
        return join_peaks(peaks)

    def _perfect(self, height: int, start: int) -> bytes:
        level, row = divmod(height, _LEVEL_BITS)
        first = start >> (_LEVEL_BITS * level)
        n, offset = divmod(first, TILE_WIDTH)
        tile = self._tile(level, n)
        if level or len(tile) < TILE_BYTES:
            at = (offset >> row) * HASH_BYTES
            return _rows(tile)[row][at : at + HASH_BYTES]
        at = offset * HASH_BYTES
        return perfect_root(tile[at : at + (HASH_BYTES << row)])

    def _tile(self, level: int, n: int) -> bytes:
        if (tile := self._tiles.get((level, n))) is None:
            width = min(TILE_WIDTH, (self._size >> (_LEVEL_BITS * level)) - n * TILE_WIDTH)
            tile = self._read(level, n, width)
            if len(tile) != width * HASH_BYTES:
                raise DamagedError(f"tile {level}/{n}: expected {width} hashes")
            self._tiles[level, n] = tile
        return tile


def root_hash(size: int, read: ReadTile) -> bytes:
    """Compute the root at a size.

    Raises:
        MalformedError: The size is negative.
        DamagedError: A tile is not of the width that was asked for.
    """
    if size < 0:
        raise MalformedError("tree size: expected 0 or more")
    return _Tree(size, read).range_hash(0, size) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, read: ReadTile) -> list[bytes]:
    """Make the inclusion proof of an entry in the tree of a size: sibling hashes from leaf to root.

    Raises:
        NotFoundError: The tree does not reach this index.
        DamagedError: A tile is not of the width that was asked for.
    """
    if not 0 <= index < size:
        raise NotFoundError("inclusion proof: the tree does not reach this index")
    tree = _Tree(size, read)
    path = []
    height, node, last = 0, index, size - 1
    while last:
        # The last node of a row has no right sibling: it stands for itself in the row above.
        if node & 1 or node < last:
            start = (node ^ 1) << height
            path.append(tree.range_hash(start, min(start + (1 << height), size)))
        height, node, last = height + 1, node >> 1, last >> 1
    return path


def consistency_path(old_size: int, new_size: int, read: ReadTile) -> list[bytes]:
    """Make the proof that the tree of one size continues an older one (RFC 6962, 2.1.2).

    Raises:
        MalformedError: Not 0 < old size <= new size; nothing can be proved about the empty tree.
        DamagedError: A tile is not of the width that was asked for.
    """
    if not 0 < old_size <= new_size:
        raise MalformedError("consistency proof: expected 0 < old size <= new size")
    tree = _Tree(new_size, read)
    siblings: list[tuple[int, int]] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if old_size <= middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    # Where every step went left the rest is the old tree itself, which the verifier has.
    if start:
        siblings.append((start, end))
    return [tree.range_hash(*span) for span in reversed(siblings)]
