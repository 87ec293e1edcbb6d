"""Nothing of a log is given out that was not checked down from the signed root."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ledger.core.checkpoint import Checkpoint
from ledger.core.digest import EMPTY_ROOT, leaf_hash
from ledger.core.entry import Entry
from ledger.core.tile import append_leaves, encode_bundle, root_hash, tile_path, tiles_between
from ledger.errors import LedgerError, NotFoundError, VerificationError
from ledger.verify.log_copy import CheckedLog, EntryChain, chain_at

ORIGIN = "log.example"


def make_entries(count: int, *, fork_at: int | None = None) -> list[bytes]:
    entries: list[bytes] = []
    prev = EMPTY_ROOT
    for index in range(count):
        body = bytes([index == fork_at] * 32)
        entries.append(Entry(index, 1000 + index // 3, "schedule", "ledger", body, prev).encode())
        prev = leaf_hash(entries[-1])
    return entries


class Files:
    """The files of a log, in memory."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        size = len(entries)
        tiles: dict[tuple[int, int], bytes] = {
            (level, n): data
            for level, n, data in append_leaves(0, {}, [leaf_hash(one) for one in entries]).tiles
        }
        self.checkpoint = Checkpoint(
            ORIGIN, size, root_hash(size, lambda level, n, width: tiles[level, n][: 32 * width])
        )
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        for level, n, width in tiles_between(0, size):
            self.files[tile_path(level, n, width)] = tiles[level, n]
            if level == 0:
                bundle = encode_bundle(entries[256 * n : 256 * n + width])
                self.files[tile_path("entries", n, width)] = bundle

    def fetch(self, path: str, bytes_max: int) -> bytes:
        self.asked.append(path)
        if path not in self.files:
            raise NotFoundError(path)
        assert len(self.files[path]) <= bytes_max
        return self.files[path]

    def log(self) -> CheckedLog:
        return CheckedLog(self.checkpoint, self.fetch)


ENTRIES = make_entries(66_000)
LARGE = Files(ENTRIES)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 700])
def test_the_entries_of_a_log_come_out_whole_and_in_part(size: int) -> None:
    log = Files(ENTRIES[:size]).log()
    assert list(log.entries(0, size)) == ENTRIES[:size]
    for start, stop in ((0, size // 2), (size // 3, size), (size, size), (size // 2, size // 2)):
        assert list(log.entries(start, stop)) == ENTRIES[start:stop]
    for start, stop in ((0, size + 1), (-1, 0), (1, 0)):
        with pytest.raises(NotFoundError):
            list(log.entries(start, stop))


def test_the_roots_of_older_sizes_are_those_of_the_older_logs() -> None:
    log = LARGE.log()
    for size in (0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 66_000):
        assert log.root_at(size) == Files(ENTRIES[:size]).checkpoint.root


def test_the_whole_log_is_read_with_each_tile_fetched_about_once() -> None:
    """The tiles above are kept while the tiles below them are read."""
    log, before = LARGE.log(), len(LARGE.asked)
    assert sum(1 for _ in log.entries(0, 66_000)) == 66_000
    asked = LARGE.asked[before:]
    assert len(asked) <= len(LARGE.files)
    assert len(set(asked)) == len(asked)


def outcome(files: Files, size: int) -> str:
    try:
        log = files.log()
        chain = chain_at(log, 0)
        for one in log.entries(0, size):
            chain.check(one)
        for level, n, _ in tiles_between(0, size):
            log.tile(level, n)
    except LedgerError as error:
        return error.code
    return "good"


@pytest.mark.parametrize("size", [3, 256, 515])
def test_a_file_that_is_changed_in_any_place_is_refused(size: int) -> None:
    whole = Files(ENTRIES[:size])
    assert outcome(whole, size) == "good"
    for name, data in whole.files.items():
        for at in {0, 1, 2, len(data) // 2, len(data) - 1}:
            for changed in (
                data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
                data[:at],
                data[:at] + data[at + 1 :],
                data + data[at : at + 1],
            ):
                files = Files(ENTRIES[:size])
                files.files[name] = changed[: len(data)]
                code = outcome(files, size)
                expected = {"bundle-wrong", "malformed"} if "entries" in name else {"tile-wrong"}
                # Cutting what is too long is the source's business; the same bytes are good.
                assert code in (expected if files.files[name] != data else {"good"}), (name, at)


@pytest.mark.parametrize("size", [3, 256, 515])
def test_a_file_that_is_missing_is_told(size: int) -> None:
    for name in Files(ENTRIES[:size]).files:
        files = Files(ENTRIES[:size])
        del files.files[name]
        assert outcome(files, size) == "not-found"


def test_a_fork_has_other_roots_at_every_size_from_the_changed_entry_on() -> None:
    fork = Files(make_entries(600, fork_at=300)).log()
    for size in (299, 300, 301, 302, 512, 600):
        same = fork.root_at(size) == Files(ENTRIES[:size]).checkpoint.root
        assert same is (size <= 300)


def test_a_full_tile_stands_in_for_a_partial_one_that_was_deleted() -> None:
    """c2sp.org/tlog-tiles, partial tiles."""
    new = Files(ENTRIES[:600])
    files = Files(ENTRIES[:300])
    for path in [one for one in files.files if ".p" in one and "/1/" not in one]:
        del files.files[path]
    files.files |= {path: data for path, data in new.files.items() if path.endswith("001")}
    assert list(files.log().entries(250, 300)) == ENTRIES[250:300]


def test_what_one_place_lacks_or_has_wrong_is_asked_of_the_next() -> None:
    good, bad = Files(ENTRIES[:515]), Files(ENTRIES[:515])
    bad.files["tile/0/000"] = bytes(8192)
    del bad.files["tile/entries/001"]
    bad.files["tile/0/002.p/3"] = bytes(96)
    log = CheckedLog(good.checkpoint, bad.fetch, good.fetch)
    assert list(log.entries(0, 515)) == ENTRIES[:515]
    assert set(good.asked) >= {"tile/0/000", "tile/entries/001", "tile/0/002.p/3"}
    assert "tile/entries/000" not in good.asked
    with pytest.raises(LedgerError):
        list(CheckedLog(good.checkpoint, bad.fetch).entries(0, 515))


@pytest.mark.parametrize("start", [0, 1, 256, 257, 600])
def test_the_chain_goes_on_where_it_stood(start: int) -> None:
    chain = chain_at(LARGE.log(), start)
    for one in ENTRIES[start : start + 300]:
        chain.check(one)
    assert chain.size == start + 300


@pytest.mark.parametrize(
    "wrong", [{"index": 5}, {"time_ms": 1000}, {"prev": bytes(32)}], ids=["index", "time", "prev"]
)
def test_an_entry_that_does_not_continue_the_log_is_refused(wrong: dict[str, Any]) -> None:
    chain = EntryChain()
    for one in ENTRIES[:4]:
        chain.check(one)
    good = Entry(4, 1001, "schedule", "ledger", bytes(32), chain.prev)
    with pytest.raises(VerificationError) as caught:
        chain.check(replace(good, **wrong).encode())
    assert caught.value.code == "chain-wrong"
    with pytest.raises(VerificationError):
        chain.check(good.encode() + b" ")
    chain.check(ENTRIES[4])
