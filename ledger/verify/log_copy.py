"""A log from outside: tiles and entry bundles that nobody vouches for, held against a checkpoint.

    checkpoint ── root ──▶ partial tiles ── hash by hash ──▶ full tiles ──▶ entry bundles

The partial tiles of all levels together make the root. Each full tile makes one hash of the tile
above it, and each entry one hash of a tile of level 0. So whatever is given out here was checked
down from the signed root, however it was fetched, with one tile of each level in memory.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from ledger.core.checkpoint import Checkpoint
from ledger.core.digest import EMPTY_ROOT, HASH_BYTES, leaf_hash
from ledger.core.entry import Entry, decode_entry
from ledger.core.merkle import perfect_root
from ledger.core.tile import (
    ENTRY_BYTES_MAX,
    TILE_BYTES,
    TILE_WIDTH,
    decode_bundle,
    edge_widths,
    root_hash,
    tile_path,
)
from ledger.errors import LedgerError, MalformedError, NotFoundError, VerificationError

_T = TypeVar("_T")

Fetch = Callable[[str, int], bytes]
"""Called as fetch(path, bytes_max), with a path as in ``tile/0/x001/067``.

Raises NotFoundError where there is nothing, and another LedgerError where it cannot be had.
"""

LENGTH_BYTES: Final = 2
_BITS: Final = 8


class CheckedLog:
    """The tiles and entries under one checkpoint, each checked before it is given out.

    Args:
        checkpoint: The checkpoint; its signature is the caller's business.
        fetches: Where to get files from. All are believed alike, which is not at all: what the
            first does not have, or has wrong, is asked of the next.

    Raises:
        VerificationError: The partial tiles do not make the root, with code ``tile-wrong``.
        LedgerError: What the last of ``fetches`` raised.
    """

    def __init__(self, checkpoint: Checkpoint, *fetches: Fetch) -> None:
        self.checkpoint = checkpoint
        self._fetches = fetches
        self._edge: dict[int, bytes] = {}
        self._newest: dict[int, tuple[int, bytes]] = {}
        self._newest_bundle: tuple[int, list[bytes]] = -1, []
        for number, fetch in enumerate(fetches, start=1):
            try:
                self._edge = self._fetch_edge(fetch)
            except LedgerError:
                if number == len(fetches):
                    raise
            else:
                break

    def tile(self, level: int, n: int) -> bytes:
        """Give a tile as it is at the checkpoint's size: 256 hashes, or fewer at the right edge.

        Raises:
            VerificationError: It is not the one under the checkpoint, with code ``tile-wrong``.
            NotFoundError: The tree has no such tile, or nobody has it.
        """
        width = self._width(level, n)
        if width < TILE_WIDTH:
            return self._edge[level]
        known = self._newest.get(level)
        if known is not None and known[0] == n:
            return known[1]
        above, place = divmod(n, TILE_WIDTH)
        expected = _hash_at(self.tile(level + 1, above), place)

        def check(data: bytes) -> bytes:
            if len(data) != TILE_BYTES or perfect_root(data) != expected:
                raise _wrong_tile(tile_path(level, n))
            return data

        found = self._first_good(lambda fetch: check(fetch(tile_path(level, n), TILE_BYTES)))
        self._newest[level] = n, found
        return found

    def bundle(self, n: int) -> list[bytes]:
        """Give the entries of a bundle, as bytes, as it is at the checkpoint's size.

        Raises:
            VerificationError: They are not the ones under the checkpoint, with code
                ``bundle-wrong``.
            NotFoundError: The log has no such bundle, or nobody has it.
        """
        if self._newest_bundle[0] == n:
            return self._newest_bundle[1]
        width = self._width(0, n)
        leaves = self.tile(0, n)
        path = tile_path("entries", n, width)

        def check(entries: list[bytes]) -> list[bytes]:
            if b"".join(map(leaf_hash, entries)) != leaves:
                raise VerificationError(
                    f"{path}: its entries are not those under the checkpoint", code="bundle-wrong"
                )
            return entries

        found = self._first_good(lambda fetch: check(_fetch_bundle(fetch, n, width)))
        self._newest_bundle = n, found
        return found

    def root_at(self, size: int) -> bytes:
        """Compute the root of an older size from the tiles under the checkpoint.

        Raises:
            VerificationError: A tile is wrong.
            NotFoundError: A tile is nowhere.
        """
        return root_hash(size, lambda level, n, width: self.tile(level, n)[: width * HASH_BYTES])

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """Give the bytes of the entries from ``start`` up to ``stop``.

        Raises:
            VerificationError: A tile or bundle is wrong.
            NotFoundError: The checkpoint does not reach that far, or a file is nowhere.
        """
        if not 0 <= start <= stop <= self.checkpoint.size:
            raise NotFoundError(
                f"entries {start} to {stop}: the checkpoint covers {self.checkpoint.size}"
            )
        for n in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            first = n * TILE_WIDTH
            yield from self.bundle(n)[max(0, start - first) : stop - first]

    def _width(self, level: int, n: int) -> int:
        hashes = self.checkpoint.size >> (_BITS * level)
        if not 0 <= n * TILE_WIDTH < hashes:
            raise NotFoundError(f"tile {level}/{n}: the checkpoint does not reach it")
        return min(TILE_WIDTH, hashes - n * TILE_WIDTH)

    def _fetch_edge(self, fetch: Fetch) -> dict[int, bytes]:
        size = self.checkpoint.size
        edge = {
            level: _fetch_tile(fetch, level, (size >> (_BITS * level)) // TILE_WIDTH, width)
            for level, width in edge_widths(size).items()
        }
        if root_hash(size, lambda level, _n, _width: edge[level]) != self.checkpoint.root:
            raise VerificationError(
                "partial tiles: they do not make the root of the checkpoint", code="tile-wrong"
            )
        return edge

    def _first_good(self, get: Callable[[Fetch], _T]) -> _T:
        for fetch in self._fetches[:-1]:
            try:
                return get(fetch)
            except LedgerError:
                continue
        return get(self._fetches[-1])


class EntryChain:
    """Checks entries one after the other: form, index, the link to the one before, time.

    Args:
        size: Number of entries before the first that will be checked.
        prev: Leaf hash of the last of those, or the empty root.
        time_ms: Time of the last of those.
    """

    def __init__(self, size: int = 0, prev: bytes = EMPTY_ROOT, time_ms: int = 0) -> None:
        self.size = size
        self.prev = prev
        self.time_ms = time_ms

    def check(self, data: bytes) -> Entry:
        """Check the next entry.

        Raises:
            VerificationError: It does not continue the log, with code ``chain-wrong``.
        """
        try:
            entry = decode_entry(data)
        except MalformedError as error:
            raise self._wrong(f"the bytes are not an entry ({error.message})") from error
        if entry.index != self.size:
            raise self._wrong(f"the bytes are those of entry {entry.index}")
        if entry.prev != self.prev:
            raise self._wrong("it does not name the leaf hash of the entry before it")
        if entry.time_ms < self.time_ms:
            raise self._wrong("it is older than the entry before it")
        self.size, self.prev, self.time_ms = self.size + 1, leaf_hash(data), entry.time_ms
        return entry

    def _wrong(self, what: str) -> VerificationError:
        return VerificationError(f"entry {self.size}: {what}", code="chain-wrong")


def chain_at(log: CheckedLog, size: int) -> EntryChain:
    """Give the chain behind the first ``size`` entries of a log, which were checked before.

    Raises:
        VerificationError: The last of them is not in the form of an entry, or wrong.
        NotFoundError: A file is nowhere.
    """
    if not size:
        return EntryChain()
    (last,) = log.entries(size - 1, size)
    chain = EntryChain(size - 1, decode_entry(last).prev)
    chain.check(last)
    return chain


def _fetch_tile(fetch: Fetch, level: int, n: int, width: int) -> bytes:
    try:
        data = fetch(tile_path(level, n, width), width * HASH_BYTES)
    except NotFoundError:
        # A log may delete a partial tile once it has the full one, which begins alike.
        data = fetch(tile_path(level, n), TILE_BYTES)[: width * HASH_BYTES]
    if len(data) != width * HASH_BYTES:
        raise _wrong_tile(tile_path(level, n, width))
    return data


def _fetch_bundle(fetch: Fetch, n: int, width: int) -> list[bytes]:
    longest = LENGTH_BYTES + ENTRY_BYTES_MAX
    try:
        entries = decode_bundle(fetch(tile_path("entries", n, width), width * longest))
    except NotFoundError:
        if width == TILE_WIDTH:
            raise
        whole = fetch(tile_path("entries", n), TILE_WIDTH * longest)
        return decode_bundle(whole)[:width]
    return entries


def _hash_at(tile: bytes, place: int) -> bytes:
    return tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]


def _wrong_tile(path: str) -> VerificationError:
    return VerificationError(
        f"{path}: its hashes are not those under the checkpoint", code="tile-wrong"
    )
