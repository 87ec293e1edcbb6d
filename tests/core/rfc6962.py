"""The tree of RFC 6962, section 2.1, as its text defines it: slow, recursive, shares no code."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

Leaves = tuple[bytes, ...]


def leaf(number: int) -> bytes:
    """Leaf hash of a made-up entry."""
    return sha256(b"\x00entry %d" % number).digest()


def split(size: int) -> int:
    """Largest power of two below the size."""
    k = 1
    while 2 * k < size:
        k *= 2
    return k


@cache
def tree_hash(leaves: Leaves) -> bytes:
    """MTH(D[n])."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def inclusion(m: int, leaves: Leaves) -> list[bytes]:
    """PATH(m, D[n]), section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*inclusion(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*inclusion(m - k, leaves[k:]), tree_hash(leaves[:k])]


def consistency(m: int, leaves: Leaves) -> list[bytes]:
    """PROOF(m, D[n]), section 2.1.2."""
    return _subproof(m, leaves, known=True)


def _subproof(m: int, leaves: Leaves, *, known: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if known else [tree_hash(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], known=known), tree_hash(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], known=False), tree_hash(leaves[:k])]


class TileStore:
    """Tiles in memory: full ones for good, and the last partial one of each level."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.reads = 0

    def write(self, tiles: Sequence[tuple[int, int, bytes]]) -> None:
        """Store what an append changed; a tile may only grow."""
        for level, n, hashes in tiles:
            assert hashes.startswith(self.tiles.get((level, n), b""))
            self.tiles[level, n] = hashes

    def read(self, level: int, n: int, width: int) -> bytes:
        """Give the first hashes of a tile."""
        self.reads += 1
        return self.tiles[level, n][: 32 * width]
