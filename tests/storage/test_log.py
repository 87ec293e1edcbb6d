"""The log in SQL: places, times, tiles and the swap of the head."""

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from ledger.core.digest import EMPTY_ROOT, leaf_hash
from ledger.core.entry import decode_entry
from ledger.core.tile import TILE_WIDTH, append_leaves, edge_widths, root_hash
from ledger.errors import DamagedError, NotFoundError, UnavailableError
from ledger.storage import log
from ledger.storage.engine import reading, writing
from tests.core.rfc6962 import tree_hash
from tests.databases import sql, without_trigger
from tests.storage.log_fixture import NOW_MS, append, drafts, make_engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path)


def _head(engine: Engine) -> log.Head:
    with reading(engine) as connection:
        return log.read_head(connection)


def _entries(engine: Engine, start: int = 0, stop: int | None = None) -> list[log.StoredEntry]:
    with reading(engine) as connection:
        return list(log.read_entries(connection, start, stop))


def _root(engine: Engine, size: int) -> bytes:
    with reading(engine) as connection:
        return root_hash(size, lambda level, n, width: log.read_tile(connection, level, n, width))


def test_an_empty_log_has_a_head_and_no_entry(engine: Engine) -> None:
    assert _head(engine) == log.Head(0, EMPTY_ROOT, 0)
    assert _entries(engine) == []


def test_each_entry_names_its_place_and_the_leaf_hash_before_it(engine: Engine) -> None:
    stored = [*append(engine, 3), *append(engine, 1), *append(engine, 2)]
    assert stored == _entries(engine)
    prev = EMPTY_ROOT
    for place, one in enumerate(stored):
        entry = decode_entry(one.bytes)
        assert (one.index, entry.index, entry.prev) == (place, place, prev)
        assert one.leaf_hash == leaf_hash(one.bytes)
        prev = one.leaf_hash
    assert _head(engine) == log.Head(6, prev, NOW_MS + 2)


def test_a_head_that_moved_refuses_the_batch_and_keeps_nothing_of_it(engine: Engine) -> None:
    """Two writers that both hold the lock must not fork the log."""
    append(engine, 2)
    stale = log.Head(2, bytes(32), NOW_MS)
    with pytest.raises(UnavailableError, match="head moved"), writing(engine) as connection:
        log.append(connection, stale, drafts(1), NOW_MS)
    assert _head(engine).size == len(_entries(engine)) == 2


def test_a_head_behind_the_log_cannot_take_a_place_again(engine: Engine) -> None:
    before = _head(engine)
    append(engine, 1)
    with pytest.raises(DamagedError, match="rows already"), writing(engine) as connection:
        log.append(connection, before, drafts(1, seed=7), NOW_MS)
    assert len(_entries(engine)) == 1


def test_a_missing_head_is_damage(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sql(without_trigger("head_no_delete", "head")))
        connection.execute(sql("DELETE FROM head"))
        assert not log.has_head(connection)
    with pytest.raises(DamagedError, match="head"):
        _head(engine)


def test_entry_times_never_run_backwards(engine: Engine) -> None:
    """Notes, security L11: entry time is max(now, last + 1 ms)."""
    times = []
    for now_ms in (NOW_MS, NOW_MS - 86_400_000, NOW_MS, 0, NOW_MS + 9):
        times += [decode_entry(one.bytes).time_ms for one in append(engine, 1, now_ms)]
    assert times == [NOW_MS, NOW_MS + 1, NOW_MS + 2, NOW_MS + 3, NOW_MS + 9]


def test_tiles_give_the_reference_root_at_every_size_up_to_600(engine: Engine) -> None:
    """RFC 6962 2.1, against the recursive reference, however the entries were batched."""
    random, leaves, size = Random(6962), [], 0
    while size < 600:
        leaves += [one.leaf_hash for one in append(engine, random.randint(1, 90))]
        size = len(leaves)
    for each in [*range(1, 20), *range(250, 262), *range(510, 515), size]:
        assert _root(engine, each) == tree_hash(tuple(leaves[:each]))


def test_a_tile_is_read_at_each_width_it_ever_had(engine: Engine) -> None:
    stored = append(engine, 300)
    hashes = b"".join(one.leaf_hash for one in stored)
    with reading(engine) as connection:
        for width in (1, 2, 255, 256):
            assert log.read_tile(connection, 0, 0, width) == hashes[: width * 32]
        assert log.read_tile(connection, 0, 1, 44) == hashes[256 * 32 :]
        assert len(log.read_tile(connection, 1, 0, 1)) == 32
        for level, n, width in ((0, 1, 45), (0, 2, 1), (1, 0, 2), (2, 0, 1)):
            with pytest.raises(NotFoundError):
                log.read_tile(connection, level, n, width)
        around = [(level, n) for level in range(3) for n in range(4)]
        assert log.read_tiles(connection, around).keys() == {(0, 0), (0, 1), (1, 0)}


def test_a_third_level_of_tiles_appears_at_65536_entries() -> None:
    """Tiles alone are written here, for 65,536 entries would take too long."""
    leaves = [i.to_bytes(32, "big") for i in range(TILE_WIDTH**2 + 1)]
    changes = append_leaves(0, {}, leaves)
    assert {level for level, _, _ in changes.tiles} == {0, 1, 2}
    assert edge_widths(len(leaves)) == {0: 1, 2: 1}


def test_an_entry_is_read_by_index_and_none_beyond_the_end(engine: Engine) -> None:
    stored = append(engine, 3)
    with reading(engine) as connection:
        assert log.read_entry(connection, 2) == stored[2]
        for index in (-1, 3):
            with pytest.raises(NotFoundError):
                log.read_entry(connection, index)
    assert _entries(engine, 1, 3) == list(stored[1:])


def test_reading_from_the_start_shows_rows_below_zero_too(engine: Engine) -> None:
    append(engine, 1)
    with writing(engine) as connection:
        connection.execute(sql("INSERT INTO entry VALUES (-1, x'00', x'00')"))
    assert [one.index for one in _entries(engine)] == [-1, 0]


def test_tiles_are_read_at_once_as_they_are_read_one_by_one(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    append(engine, 2_100)
    places = {(level, n) for level in range(3) for n in range(9)} | {(-1, 0), (0, 10**6)}
    with reading(engine) as connection:
        one_by_one = {place: log.read_whole_tile(connection, *place) for place in places}
        at_once = log.read_tiles(connection, places)
        assert log.read_tiles(connection, []) == {}
    assert at_once == {place: hashes for place, hashes in one_by_one.items() if hashes}
    assert len(at_once) == 10


def test_entries_that_were_there_before_are_appended_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = make_engine(tmp_path / "one"), make_engine(tmp_path / "other")
    stored = [*append(one, 300), *append(one, 5, NOW_MS + 9)]
    with writing(other) as connection:
        head = log.read_head(connection)
        for start in (0, 100):
            stop = 100 if start == 0 else 305
            head = log.append_copies(connection, head, stored[start:stop])
        assert head == log.read_head(connection)
    with reading(one) as first, reading(other) as second:
        assert log.read_head(first) == log.read_head(second)
        assert list(log.read_entries(first)) == list(log.read_entries(second))
        places = [(0, 0), (0, 1), (1, 0)]
        tiles = log.read_tiles(first, places)
        assert len(tiles) == len(places)
        assert tiles == log.read_tiles(second, places)
    with writing(other) as connection:
        behind = log.Head(305, bytes(32), 0)
        with pytest.raises(UnavailableError, match="moved"):
            log.append_copies(connection, behind, append(one, 1))
