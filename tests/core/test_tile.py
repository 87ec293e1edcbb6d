"""Tiles hold the tree of RFC 6962, and their paths and bundles have one spelling."""

import json
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.digest import EMPTY_ROOT
from ledger.core.merkle import verify_consistency, verify_inclusion
from ledger.core.tile import (
    TileLevel,
    append_leaves,
    consistency_path,
    decode_bundle,
    edge_widths,
    encode_bundle,
    inclusion_path,
    parse_tile_path,
    root_hash,
    tile_path,
    tiles_around,
    tiles_between,
)
from ledger.errors import DamagedError, MalformedError, NotFoundError
from tests.core.rfc6962 import TileStore, consistency, inclusion, leaf, tree_hash
from tests.shared_data import shared

LEAVES = tuple(leaf(i) for i in range(66_000))
SMALL = 70
SEAMS = [255, 256, 257, 258, 511, 512, 513, 514]
LARGE_SEAMS = [65_535, 65_536, 65_537, 65_538]


def grown(batches: Iterable[int]) -> tuple[TileStore, int, dict[int, bytes]]:
    store, size, edge = TileStore(), 0, dict[int, bytes]()
    for batch in batches:
        changes = append_leaves(size, edge, LEAVES[size : size + batch])
        store.write(changes.tiles)
        size, edge = changes.size, changes.edge
    return store, size, edge


@pytest.fixture(scope="module")
def store() -> TileStore:
    return grown([1000] * 66)[0]


def test_every_root_and_proof_up_to_seventy_equals_the_definition(store: TileStore) -> None:
    """RFC 6962, 2.1; L17. The tiles are those of a much larger tree: every size is historic."""
    for new in range(1, SMALL + 1):
        leaves = LEAVES[:new]
        assert root_hash(new, store.read) == tree_hash(leaves)
        for index in range(new):
            assert inclusion_path(index, new, store.read) == inclusion(index, leaves)
        for old in range(1, new + 1):
            assert consistency_path(old, new, store.read) == consistency(old, leaves)


@pytest.mark.parametrize("new", SEAMS)
def test_roots_and_proofs_equal_the_definition_where_tiles_meet(store: TileStore, new: int) -> None:
    leaves = LEAVES[:new]
    assert root_hash(new, store.read) == tree_hash(leaves)
    for index in {0, 1, 127, 128, 254, 255, 256, 257, 510, 511, 512, new - 2, new - 1}:
        if index < new:
            assert inclusion_path(index, new, store.read) == inclusion(index, leaves)
    for old in {1, 2, 3, 127, 128, 129, 254, 255, 256, 257, 510, 511, 512, 513, new - 1, new}:
        if old <= new:
            assert consistency_path(old, new, store.read) == consistency(old, leaves)


@pytest.mark.parametrize("new", LARGE_SEAMS)
def test_proofs_are_right_where_three_levels_meet(store: TileStore, new: int) -> None:
    root = root_hash(new, store.read)
    assert root == tree_hash(LEAVES[:new])
    chosen = random.Random(new)
    for index in {0, 255, 256, 65_279, 65_280, 65_534, new - 1, chosen.randrange(new)}:
        path = inclusion_path(index, new, store.read)
        verify_inclusion(index, new, LEAVES[index], path, root)
    for old in {1, 256, 257, 65_280, 65_535, new - 1, new, *chosen.sample(range(1, new), 20)}:
        path = consistency_path(old, new, store.read)
        verify_consistency(old, new, root_hash(old, store.read), root, path)


def test_each_answer_reads_few_tiles_and_each_once(store: TileStore) -> None:
    for size in (65_535, 65_999):
        for answer in (
            lambda size=size: root_hash(size, store.read),
            lambda size=size: inclusion_path(12_345, size, store.read),
            lambda size=size: consistency_path(54_321, size, store.read),
        ):
            store.reads = 0
            answer()
            assert 0 < store.reads <= 6


def test_the_empty_tree_has_the_empty_root() -> None:
    assert root_hash(0, TileStore().read) == EMPTY_ROOT
    with pytest.raises(MalformedError):
        root_hash(-1, TileStore().read)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (6, 5), (-1, 5)])
def test_no_proof_is_made_for_an_index_outside_the_tree(
    store: TileStore, index: int, size: int
) -> None:
    with pytest.raises(NotFoundError):
        inclusion_path(index, size, store.read)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_proof_is_made_from_the_empty_tree_or_backwards(
    store: TileStore, old: int, new: int
) -> None:
    with pytest.raises(MalformedError):
        consistency_path(old, new, store.read)


def test_a_tile_of_another_width_is_damage(store: TileStore) -> None:
    with pytest.raises(DamagedError):
        root_hash(300, lambda level, n, width: store.read(level, n, width)[:-1])
    with pytest.raises(DamagedError):
        inclusion_path(3, 300, lambda level, n, width: store.read(level, n, width) + bytes(32))


@given(st.lists(st.sampled_from([0, 1, 2, 3, 100, 255, 256, 257, 600]), max_size=8))
def test_tiles_do_not_depend_on_the_batches(batches: list[int]) -> None:
    store, size, edge = grown(batches)
    whole, _, whole_edge = grown([size])
    assert store.tiles == whole.tiles
    assert edge == whole_edge
    assert {level: len(part) // 32 for level, part in edge.items()} == edge_widths(size)
    assert root_hash(size, store.read) == tree_hash(LEAVES[:size])


def test_a_batch_reports_the_tiles_that_it_changed_and_no_others() -> None:
    _, size, edge = grown([510])
    changes = append_leaves(size, edge, LEAVES[510:513])
    assert [(level, n, len(hashes) // 32) for level, n, hashes in changes.tiles] == [
        (0, 1, 256),
        (0, 2, 1),
        (1, 0, 2),
    ]
    assert changes.tiles[0][2] == b"".join(LEAVES[256:512])
    assert changes.edge == {0: LEAVES[512], 1: changes.tiles[2][2]}
    assert append_leaves(513, changes.edge, []).tiles == []


def test_a_full_edge_leaves_no_partial_tile() -> None:
    """tlog-tiles: empty tiles are never served, partial ones are never hashed upward."""
    store, _, edge = grown([65_536])
    assert {level: len(part) // 32 for level, part in edge.items()} == {2: 1}
    assert edge[2] == tree_hash(LEAVES[:65_536])
    assert sorted(store.tiles)[-3:] == [(0, 255), (1, 0), (2, 0)]


@pytest.mark.parametrize(
    "edge",
    [{}, {0: b""}, {0: bytes(31)}, {0: bytes(64)}, {1: bytes(32)}, {0: bytes(32), 1: bytes(32)}],
    ids=str,
)
def test_an_edge_that_does_not_fit_the_size_is_damage(edge: dict[int, bytes]) -> None:
    with pytest.raises(DamagedError):
        append_leaves(1, edge, [LEAVES[0]])


@pytest.mark.parametrize("leaves", [[b""], [bytes(31), bytes(33)], [bytes(64)]])
def test_a_leaf_of_another_length_is_refused(leaves: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        append_leaves(0, {}, leaves)


PATHS: list[tuple[TileLevel, int, int, str]] = [
    (0, 0, 256, "tile/0/000"),
    (0, 0, 1, "tile/0/000.p/1"),
    (1, 67, 255, "tile/1/067.p/255"),
    (63, 1_234_067, 256, "tile/63/x001/x234/067"),
    ("entries", 1_234_067, 8, "tile/entries/x001/x234/067.p/8"),
    ("entries", 1_000, 256, "tile/entries/x001/000"),
]


@pytest.mark.parametrize(("level", "n", "width", "text"), PATHS)
def test_a_path_is_written_so_and_read_back(
    level: TileLevel, n: int, width: int, text: str
) -> None:
    assert tile_path(level, n, width) == text
    assert parse_tile_path(text) == (level, n, width)


@given(st.integers(0, 63) | st.just("entries"), st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_every_path_comes_back(level: TileLevel, n: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, n, width)) == (level, n, width)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/067",
        "tile/0/x000/x001/067",
        "tile/0/001/067",
        "tile/0/x001/x067",
        "tile/0/X001/067",
        "tile/0/x001//067",
        "tile/0/x01/067",
        "tile/00/067",
        "tile/64/067",
        "tile/-1/067",
        "tile/+1/067",
        "tile/٣/067",
        "tile/0/٠٦٧",
        "tile/data/067",
        "tile/Entries/067",
        "tile/0/067.p/0",
        "tile/0/067.p/256",
        "tile/0/067.p/257",
        "tile/0/067.p/05",
        "tile/0/067.p/",
        "tile/0/067.p/-1",
        "tile/0/067.p/5/",
        "tile/0/067.p",
        "tile/0/067/p/5",
        "tile/0/../0/067",
        "tile/0/067?",
        "tile/0/" + "x001/" * 6 + "000",
    ],
)
def test_another_spelling_of_a_path_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_tile_path(text)


@pytest.mark.parametrize(
    ("level", "n", "width"),
    [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 10**18, 1), (0, 0, 0), (0, 0, 257)],
)
def test_a_path_that_cannot_be_said_is_refused(level: int, n: int, width: int) -> None:
    with pytest.raises(MalformedError):
        tile_path(level, n, width)


def test_the_numbers_of_published_paths_are_written_as_published() -> None:
    """golang.org/x/mod: the same numbers, behind a tile height that tlog-tiles leaves out."""
    vectors = json.loads(shared("vectors/notes/tlog_paths_and_trees.json").read_bytes())
    for text, expected in vectors["tile_paths"]:
        ours = "tile/" + text.split("/", 2)[2]
        if expected is None or expected[1] == -1:
            with pytest.raises(MalformedError):
                parse_tile_path(ours)
        else:
            height, level, n, width = expected
            full = width == 1 << height
            assert parse_tile_path(ours) == (level, n, 256 if full else width)
    assert vectors["empty_tree_hash"] == EMPTY_ROOT.hex()


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_comes_back(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == entries


def test_a_bundle_prefixes_each_entry_with_its_length() -> None:
    """tlog-tiles: big-endian uint16."""
    assert encode_bundle([b"ab", b"", b"x" * 258]) == b"\0\2ab\0\0\1\2" + b"x" * 258
    longest = bytes(65_535)
    assert decode_bundle(encode_bundle([longest])) == [longest]


@pytest.mark.parametrize(
    "entries", [[], [b""] * 257, [bytes(65_536)]], ids=["none", "many", "long"]
)
def test_entries_that_no_bundle_holds_are_refused(entries: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        encode_bundle(entries)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"\0\2a", b"\0\1a\0", b"\0\1a\0\2b", b"\xff\xff", b"\0\0" * 257],
)
def test_a_bundle_cut_short_or_too_wide_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_bundle(data)


SIZES = (0, 1, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 66_000)


@pytest.mark.parametrize("new", SIZES)
def test_what_is_new_between_two_sizes_is_what_only_the_larger_one_has(new: int) -> None:
    """c2sp.org/tlog-tiles: at size s, level l has s >> 8l hashes."""
    for old in (size for size in SIZES if size <= new):
        expected = set()
        for level in range(3):
            now, before = new >> (8 * level), old >> (8 * level)
            expected |= {(level, n, 256) for n in range(before // 256, now // 256)}
            expected |= {(level, now // 256, now % 256)} if now % 256 else set()
        found = list(tiles_between(old, new))
        assert set(found) == expected
        assert len(found) == len(expected)


@pytest.mark.parametrize("size", [size for size in SIZES if size])
def test_the_tiles_around_an_entry_are_all_that_its_proofs_read(
    store: TileStore, size: int
) -> None:
    for index in {0, size // 3, size // 2, size - 1, max(0, size - 256)}:
        around, asked = tiles_around(index, size), set[tuple[int, int]]()

        def read(level: int, n: int, width: int, asked: set[tuple[int, int]] = asked) -> bytes:
            asked.add((level, n))
            return store.read(level, n, width)

        inclusion_path(index, size, read)
        consistency_path(index + 1, size, read)
        assert asked <= around
        assert len(around) <= 6
