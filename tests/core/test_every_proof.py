"""Every inclusion and consistency proof of every size, and every way to spoil one.

JINLAN_TORTURE=1 takes all sizes up to 256, all indices, all pairs of sizes and all spoilt proofs of
each. Without it sizes up to 64 have all of their proofs compared to the definition and those above
have a part of them, and proofs are spoilt for sizes up to 34.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ledger.core.merkle import verify_consistency, verify_inclusion
from ledger.core.tile import append_leaves, consistency_path, inclusion_path, root_hash
from ledger.errors import VerificationError
from tests.core.rfc6962 import TileStore, consistency, inclusion, leaf, tree_hash

TORTURE = os.environ.get("JINLAN_TORTURE") == "1"
SIZE_MAX = 256
ALL_UP_TO = SIZE_MAX if TORTURE else 64
STRIDE = 1 if TORTURE else 13
SPOILT_UP_TO = SIZE_MAX if TORTURE else 34
LEAVES = tuple(leaf(i) for i in range(SIZE_MAX + 1))
ROOTS = [tree_hash(LEAVES[:size]) for size in range(SIZE_MAX + 2)]
STRANGE = leaf(999)

Path = list[bytes]


def stored() -> TileStore:
    store = TileStore()
    store.write(append_leaves(0, {}, LEAVES).tiles)
    return store


def places(size: int, count: int) -> Iterator[int]:
    """All of 0 to count - 1 for small sizes, and some of them, both ends included, for others."""
    step = 1 if size <= ALL_UP_TO else STRIDE
    yield from sorted({*range(size % step, count, step), 0, count - 1})


def test_every_size_has_the_root_and_every_entry_the_path_of_the_definition() -> None:
    """RFC 6962, 2.1 and 2.1.1; RFC 9162, 2.1.3.2."""
    store = stored()
    for size in range(1, SIZE_MAX + 1):
        leaves = LEAVES[:size]
        assert root_hash(size, store.read) == ROOTS[size]
        for index in places(size, size):
            path = inclusion_path(index, size, store.read)
            assert path == inclusion(index, leaves)
            verify_inclusion(index, size, leaves[index], path, ROOTS[size])


def test_every_two_sizes_have_the_proof_of_the_definition() -> None:
    """RFC 6962, 2.1.2; RFC 9162, 2.1.4.2."""
    store = stored()
    for new in range(1, SIZE_MAX + 1):
        for old in (one + 1 for one in places(new, new)):
            path = consistency_path(old, new, store.read)
            assert path == consistency(old, LEAVES[:new])
            verify_consistency(old, new, ROOTS[old], ROOTS[new], path)


def spoilt(path: Path) -> Iterator[Path]:
    """Every path that is not ``path``, by one fault."""
    for at, one in enumerate(path):
        before, after = path[:at], path[at + 1 :]
        yield [*before, *after]  # dropped
        yield [*before, one, one, *after]  # doubled
        for bit in (0, 131, 255):
            flipped = bytearray(one)
            flipped[bit // 8] ^= 1 << bit % 8
            yield [*before, bytes(flipped), *after]
        for length in (one[:-1], one + b"\0", b""):
            yield [*before, length, *after]
        yield [*before, STRANGE, *path[at:]]  # added
    yield [*path, STRANGE]
    yield [*path, *[STRANGE] * 70]  # longer than any tree is high
    for at, (one, other) in enumerate(pairwise(path)):
        yield [*path[:at], other, one, *path[at + 2 :]]


def is_accepted(verify: Callable[..., None], arguments: Sequence[Any]) -> bool:
    try:
        verify(*arguments)
    except VerificationError:
        return False
    return True


def spoilt_arguments(
    right: tuple[Any, ...], wrong: Mapping[int, Iterable[Any]]
) -> Iterator[tuple[Any, ...]]:
    """Give the arguments with one of them wrong: ``wrong`` has the wrong values by place."""
    for place, values in wrong.items():
        for value in values:
            if value != right[place]:
                yield (*right[:place], value, *right[place + 1 :])


def ill_formed(one: bytes) -> list[bytes]:
    return [STRANGE, one[:-1], one + b"\0", b""]


def test_every_spoilt_inclusion_proof_is_refused() -> None:
    """Another size has another root: a proof is only ever checked with the two together."""
    for size in range(1, SPOILT_UP_TO + 1):
        for index in range(size):
            one, path, root = LEAVES[index], inclusion(index, LEAVES[:size]), ROOTS[size]
            right = (index, size, one, path, root)
            assert is_accepted(verify_inclusion, right)
            wrong: dict[int, Iterable[Any]] = {
                0: {-1, index - 1, index + 1, index ^ 1, size, index + size},
                1: {-1, 0, index, 2 * size, 2**62},
                2: [*ill_formed(one), LEAVES[index + 1]],
                3: spoilt(path),
                4: [*ill_formed(root), ROOTS[size - 1], ROOTS[size + 1]],
            }
            for arguments in spoilt_arguments(right, wrong):
                assert not is_accepted(verify_inclusion, arguments), arguments
            for other in {index + 1, size - 1, size + 1} - {size}:
                assert not is_accepted(verify_inclusion, (index, other, one, path, ROOTS[other]))


def test_every_spoilt_consistency_proof_is_refused() -> None:
    for new in range(2, SPOILT_UP_TO + 1):
        for old in range(1, new):
            path = consistency(old, LEAVES[:new])
            right = (old, new, ROOTS[old], ROOTS[new], path)
            assert is_accepted(verify_consistency, right)
            wrong: dict[int, Iterable[Any]] = {
                0: {-1, 0, new, new + 1, 2 * old},
                1: {-1, 0, old, 2 * new, 2**62},
                2: [*ill_formed(ROOTS[old]), ROOTS[old - 1], ROOTS[old + 1]],
                3: [*ill_formed(ROOTS[new]), ROOTS[new - 1], ROOTS[new + 1]],
                4: spoilt(path),
            }
            for arguments in spoilt_arguments(right, wrong):
                assert not is_accepted(verify_consistency, arguments), arguments
            for other in (old, new - 1, new + 1):
                swapped = (old, other, ROOTS[old], ROOTS[other], path)
                assert not is_accepted(verify_consistency, swapped), swapped
            backwards = (old, new, ROOTS[new], ROOTS[old], path)
            assert not is_accepted(verify_consistency, backwards)
