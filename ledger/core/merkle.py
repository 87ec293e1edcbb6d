"""Checks of Merkle proofs, and the arithmetic of the tree (RFC 6962, 2; RFC 9162, 2.1).

The tree over n leaves splits at the largest power of two below n; a tree of one leaf is that
leaf's hash. Whoever makes proofs is in ``ledger.core.tile``; here nothing is believed.
"""

from collections.abc import Sequence

from ledger.core.digest import EMPTY_ROOT, HASH_BYTES, node_hash, node_row
from ledger.errors import VerificationError


def perfect_root(hashes: bytes) -> bytes:
    """Hash a row of 2^k nodes, one after the other, up to the one node above them."""
    while len(hashes) > HASH_BYTES:
        hashes = node_row(hashes)
    return hashes


def join_peaks(peaks: Sequence[bytes]) -> bytes:
    """Hash the roots of perfect subtrees, largest (left-most) first, into the root over them."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


class GrowingTree:
    """The root of a tree that is read leaf by leaf; holds no more than a hash for each level."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        rest = self.size
        while rest & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            rest >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Give the root over all leaves so far."""
        return join_peaks(self._peaks) if self._peaks else EMPTY_ROOT


def verify_inclusion(
    index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is in a tree (RFC 9162, 2.1.3.2).

    Args:
        index: Place of the leaf, from 0.
        size: Number of leaves of the tree.
        leaf: The leaf's hash.
        path: Sibling hashes from leaf to root.
        root: Root hash of the tree.

    Raises:
        VerificationError: The proof does not show it.
    """
    if not 0 <= index < size:
        raise VerificationError("inclusion proof: the tree does not reach this index")
    _check_lengths("inclusion proof", (leaf, *path, root))
    fn, sn, found = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            raise VerificationError("inclusion proof: too long")
        if fn & 1 or fn == sn:
            found = node_hash(sibling, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise VerificationError("inclusion proof: too short")
    if found != root:
        raise VerificationError("inclusion proof: leads to another root")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that a tree continues an older one (RFC 9162, 2.1.4.2).

    An old size of 0 is refused: every tree continues the empty one, so nothing would be shown.

    Raises:
        VerificationError: The proof does not show it.
    """
    if not 0 < old_size <= new_size:
        raise VerificationError("consistency proof: expected 0 < old size <= new size")
    _check_lengths("consistency proof", (old_root, new_root, *path))
    if old_size == new_size:
        if path or old_root != new_root:
            raise VerificationError("consistency proof: one size, so one root and no path")
        return
    found_old, found_new = _roots_shown(old_size, new_size, old_root, path)
    if found_old != old_root or found_new != new_root:
        raise VerificationError("consistency proof: leads to another root")


def _roots_shown(
    old_size: int, new_size: int, old_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    # An old tree that is perfect is itself the first node; its hash is not repeated in the path.
    nodes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if not path:
        raise VerificationError("consistency proof: too short")
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    found_old = found_new = nodes[0]
    for node in nodes[1:]:
        if sn == 0:
            raise VerificationError("consistency proof: too long")
        if fn & 1 or fn == sn:
            found_old, found_new = node_hash(node, found_old), node_hash(node, found_new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found_new = node_hash(found_new, node)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise VerificationError("consistency proof: too short")
    return found_old, found_new


def _check_lengths(what: str, hashes: Sequence[bytes]) -> None:
    # A hash of another length could move bytes between left and right of a node.
    if any(len(one) != HASH_BYTES for one in hashes):
        raise VerificationError(f"{what}: expected hashes of {HASH_BYTES} bytes")
