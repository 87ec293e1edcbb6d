"""Merkle proofs against the definition of RFC 6962, at every size up to 70."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.digest import EMPTY_ROOT, node_hash
from ledger.core.merkle import (
    GrowingTree,
    join_peaks,
    perfect_root,
    verify_consistency,
    verify_inclusion,
)
from ledger.errors import VerificationError
from tests.core.rfc6962 import consistency, inclusion, leaf, tree_hash
from tests.shared_data import shared

SIZE_MAX = 70
LEAVES = tuple(leaf(i) for i in range(SIZE_MAX))


def root(size: int) -> bytes:
    return tree_hash(LEAVES[:size])


def is_included(index: int, size: int, one: bytes, path: list[bytes], top: bytes) -> bool:
    try:
        verify_inclusion(index, size, one, path, top)
    except VerificationError:
        return False
    return True


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    try:
        verify_consistency(old, new, old_root, new_root, path)
    except VerificationError:
        return False
    return True


def test_every_inclusion_proof_of_every_size_is_right() -> None:
    """RFC 9162, 2.1.3.2."""
    for size in range(1, SIZE_MAX + 1):
        for index in range(size):
            path = inclusion(index, LEAVES[:size])
            verify_inclusion(index, size, LEAVES[index], path, root(size))


def test_every_consistency_proof_of_every_two_sizes_is_right() -> None:
    """RFC 9162, 2.1.4.2."""
    for new in range(1, SIZE_MAX + 1):
        for old in range(1, new + 1):
            path = consistency(old, LEAVES[:new])
            verify_consistency(old, new, root(old), root(new), path)


def test_an_inclusion_proof_holds_for_its_index_and_size_alone() -> None:
    """Two sizes whose paths go the same way may share a proof's shape; then the roots differ."""
    for size in range(1, 20):
        for index in range(size):
            path = inclusion(index, LEAVES[:size])
            for other in range(-1, size + 2):
                expected = other == index
                assert is_included(other, size, LEAVES[index], path, root(size)) is expected


def test_a_changed_inclusion_proof_is_found() -> None:
    for size in range(1, 34):
        for index in range(size):
            path = inclusion(index, LEAVES[:size])
            args = (index, size, LEAVES[index])
            for i in range(len(path)):
                flipped = [*path[:i], bytes([path[i][0] ^ 1]) + path[i][1:], *path[i + 1 :]]
                assert not is_included(*args, flipped, root(size))
                assert not is_included(*args, path[:i] + path[i + 1 :], root(size))
            assert not is_included(*args, [*path, LEAVES[0]], root(size))
            assert not is_included(*args, path, leaf(999))
            assert not is_included(index, size, leaf(999), path, root(size))


def test_a_changed_consistency_proof_is_found() -> None:
    for new in range(2, 34):
        for old in range(1, new):
            path = consistency(old, LEAVES[:new])
            args = (old, new, root(old), root(new))
            for i in range(len(path)):
                flipped = [*path[:i], bytes([path[i][0] ^ 1]) + path[i][1:], *path[i + 1 :]]
                assert not is_consistent(*args, flipped)
                assert not is_consistent(*args, path[:i] + path[i + 1 :])
            assert not is_consistent(*args, [*path, LEAVES[0]])
            assert not is_consistent(*args, [])
            assert not is_consistent(old, new, leaf(999), root(new), path)
            assert not is_consistent(old, new, root(old), leaf(999), path)


def test_a_rewritten_past_is_found_however_the_path_is_made() -> None:
    """A fork: same size, one leaf changed, and an honest path of the forked tree."""
    for new in range(2, 20):
        for old in range(1, new):
            for changed in range(old):
                fork = (*LEAVES[:changed], leaf(999), *LEAVES[changed + 1 : new])
                path = consistency(old, fork)
                assert not is_consistent(old, new, root(old), tree_hash(fork), path)


def test_a_consistency_proof_of_a_smaller_tree_is_too_short_for_a_larger_one() -> None:
    """The roots agree with the path; only the sizes tell that hashes are missing."""
    assert is_consistent(1, 2, root(1), root(2), [LEAVES[1]])
    assert not is_consistent(1, 4, root(1), root(2), [LEAVES[1]])
    assert not is_consistent(3, 8, root(3), root(4), consistency(3, LEAVES[:4]))


def test_a_consistency_proof_cannot_go_on_above_the_root() -> None:
    """Both roots are hashed once more with the same node: they agree with the longer path."""
    extra = leaf(999)
    path = consistency(3, LEAVES[:4])
    assert is_consistent(3, 4, root(3), root(4), path)
    higher = [node_hash(extra, root(size)) for size in (3, 4)]
    assert not is_consistent(3, 4, higher[0], higher[1], [*path, extra])


def test_nothing_is_shown_about_the_empty_tree() -> None:
    """tamper-evidence.md 2: a verifier must refuse old size 0."""
    for path in ([], [root(3)], [EMPTY_ROOT, root(3)]):
        assert not is_consistent(0, 3, EMPTY_ROOT, root(3), path)
    assert not is_consistent(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])


def test_sizes_in_the_wrong_order_are_refused() -> None:
    assert not is_consistent(3, 2, root(3), root(2), consistency(2, LEAVES[:3]))
    assert not is_consistent(-1, 2, root(1), root(2), [])


def test_one_size_has_one_root_and_no_path() -> None:
    assert is_consistent(5, 5, root(5), root(5), [])
    assert not is_consistent(5, 5, root(5), leaf(1), [])
    assert not is_consistent(5, 5, root(5), root(5), [root(5)])


@pytest.mark.parametrize("index", [-1, 0, 1])
def test_the_empty_tree_includes_nothing(index: int) -> None:
    assert not is_included(index, 0, LEAVES[0], [], EMPTY_ROOT)
    assert not is_included(index, -1, LEAVES[0], [], LEAVES[0])


def test_bytes_cannot_move_between_two_hashes() -> None:
    """Without a length check the boundary of left and right could be shifted."""
    left, right = LEAVES[:2]
    assert is_included(0, 2, left, [right], root(2))
    assert not is_included(0, 2, left + right[:1], [right[1:]], root(2))
    assert not is_included(1, 2, right[1:], [left + right[:1]], root(2))
    assert not is_consistent(1, 2, left + right[:1], root(2), [right[1:]])


def test_a_huge_path_for_a_small_tree_is_refused() -> None:
    assert not is_included(0, 2, LEAVES[0], [LEAVES[1]] * 1000, root(2))
    assert not is_included(2**62, 2**63 - 1, LEAVES[0], [], root(2))


@given(st.integers(1, 2**63 - 1), st.data())
def test_a_proof_has_one_length(size: int, data: st.DataObject) -> None:
    """Any path at all leads to some root; only the right number of hashes is accepted for it."""
    index = data.draw(st.integers(0, size - 1))
    lengths = []
    for length in range(65):
        try:
            verify_inclusion(index, size, LEAVES[0], [LEAVES[1]] * length, bytes(32))
        except VerificationError as error:
            if "another root" in error.message:
                lengths.append(length)
    assert len(lengths) == 1
    assert lengths[0] <= (size - 1).bit_length()


def test_peaks_and_perfect_rows_give_the_defined_root() -> None:
    for height in range(7):
        assert perfect_root(b"".join(LEAVES[: 1 << height])) == root(1 << height)
    assert join_peaks([root(4), tree_hash(LEAVES[4:6]), LEAVES[6]]) == root(7)


def test_a_tree_read_leaf_by_leaf_has_the_defined_root_at_every_size() -> None:
    tree = GrowingTree()
    for size, each in enumerate(LEAVES):
        assert (tree.size, tree.root()) == (size, root(size))
        tree.append(each)


def test_the_reference_roots_come_out() -> None:
    """transparency-dev: roots for sizes 0 to 8, and every proof between them."""
    tree = json.loads(shared("vectors/merkle/rfc6962_reference_tree.json").read_bytes())
    roots = [bytes.fromhex(text) for text in tree["root_hashes_by_size_hex"]]
    leaves = tuple(bytes.fromhex(text) for text in tree["node_hashes_by_level_hex"][0])
    assert [tree_hash(leaves[:size]) for size in range(len(roots))] == roots
    for new in range(1, len(roots)):
        for old in range(1, new + 1):
            verify_consistency(old, new, roots[old], roots[new], consistency(old, leaves[:new]))
        for index in range(new):
            path = inclusion(index, leaves[:new])
            verify_inclusion(index, new, leaves[index], path, roots[new])
