"""Proofs and single appends of the log alone: ``python -m benchmarks proofs``.

Inclusion and consistency proofs at 10,000 and at 1,000,000 entries, each in a transaction of its
own, and beside pymerkle 7 with SQLite, which is what a Python project would take for a Merkle log
instead: appends one by one up to 100,000 entries, and the first proof after opening (opening itself
is not counted on either side).

pymerkle (GPLv3+) is in ``benchmarks/requirements.txt``, which ``make bench`` installs into a folder
of its own. It is loaded here and nowhere else; without it its figures are left out with a word.
"""

import importlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from benchmarks.figures import show
from ledger.core import tile
from ledger.core.digest import sha256
from ledger.core.merkle import verify_consistency, verify_inclusion
from ledger.core.tile import consistency_path, inclusion_path, root_hash
from ledger.services.proving import proof_tiles
from ledger.storage import log, schema
from ledger.storage.engine import open_engine, reading, writing

SMALL: Final = 10_000
LARGE: Final = 1_000_000
BESIDE: Final = 100_000
BATCH: Final = 1_000
PROOFS: Final = 500
SINGLES: Final = 1_000
ROUNDS: Final = 5
COLD_ROUNDS: Final = 15
NOW_MS: Final = 1_768_442_400_000

# What the plan asks for.
MS_MAX: Final = 2.0
GROWTH_MAX: Final = 1.5
APPEND_RATIO_MIN: Final = 1.0
COLD_RATIO_MIN: Final = 50.0

Work = Callable[[], object]


def milliseconds(work: Work) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def make_log(path: Path) -> Engine:
    """Make the tables of an empty log."""
    engine = open_engine(path)
    with writing(engine) as connection:
        schema.migrate(connection)
        log.create_head(connection)
    return engine


def append(engine: Engine, count: int) -> None:
    """Append synthetic entries in one transaction."""
    with writing(engine) as connection:
        head = log.read_head(connection)
        drafts = [
            ("completion", "org-" + "a" * 26, sha256(b"%d" % (head.size + n))) for n in range(count)
        ]
        log.append(connection, head, drafts, NOW_MS)


def filled(path: Path, size: int) -> Engine:
    """Make a log of a size."""
    engine = make_log(path)
    for _ in range(size // BATCH):
        append(engine, BATCH)
    return engine


def prove_inclusion(engine: Engine, index: int, size: int) -> list[bytes]:
    """Make an inclusion proof as the service does: a transaction, and tiles from the database."""
    with reading(engine) as connection:
        return inclusion_path(index, size, proof_tiles(connection, index, size))


def prove_consistency(engine: Engine, old: int, new: int) -> list[bytes]:
    """Make a consistency proof."""
    with reading(engine) as connection:
        return consistency_path(old, new, proof_tiles(connection, old - 1, new))


def check_proofs(engine: Engine, size: int) -> None:
    """Verify one proof of each kind, so that what is timed is right."""
    with reading(engine) as connection:
        read = proof_tiles(connection, size // 3 - 1, size)
        root, old_root = root_hash(size, read), root_hash(size // 3, read)
        leaf = log.read_entry(connection, size // 3).leaf_hash
    verify_inclusion(size // 3, size, leaf, prove_inclusion(engine, size // 3, size), root)
    path = prove_consistency(engine, size // 3, size)
    verify_consistency(size // 3, size, old_root, root, path)


def measure_proofs(folder: Path) -> list[str]:
    """Compare proofs at two sizes, in turn; give what is not reached."""
    engines = {size: filled(folder / f"{size}.sqlite3", size) for size in (SMALL, LARGE)}
    chance, missed = random.Random(1), []  # noqa: S311 - which entries, no secret
    for size, engine in engines.items():
        check_proofs(engine, size)
    for name, prove in (("inclusion", prove_inclusion), ("consistency", prove_consistency)):
        times: dict[int, list[float]] = {SMALL: [], LARGE: []}
        for _ in range(PROOFS):
            for size, engine in engines.items():
                place = chance.randrange(1, size)
                times[size].append(milliseconds(partial(prove, engine, place, size)))
        small, large = (statistics.median(times[size]) for size in (SMALL, LARGE))
        show(f"{name} proof at {LARGE:,} entries, p50", large, "ms", small, large / small)
        if large > MS_MAX or large > GROWTH_MAX * small:
            missed.append(f"{name}: {large:.2f} ms, {large / small:.2f} times that at {SMALL:,}")
    for engine in engines.values():
        engine.dispose()
    return missed


def measure_beside(folder: Path, peer: Any) -> list[str]:  # noqa: ANN401 - the peer has no types
    """Compare with pymerkle at its own size, in turn; give what is not reached."""
    ours, theirs = folder / "ours.sqlite3", str(folder / "theirs.sqlite3")
    engine = filled(ours, BESIDE - ROUNDS * SINGLES)
    with reading(engine) as connection:
        entries = [one.bytes for one in log.read_entries(connection)]
    tree = peer.SqliteTree(theirs)
    tree.append_entries(entries)

    def append_ours() -> None:
        for _ in range(SINGLES):
            append(engine, 1)

    def append_theirs() -> None:
        for entry in entries[:SINGLES]:
            tree.append_entry(entry)

    pairs = [(milliseconds(append_ours), milliseconds(append_theirs)) for _ in range(ROUNDS)]
    mine, other = zip(*pairs, strict=True)
    engine.dispose()
    tree.close()
    return [*_compare_rates(mine, other), *_compare_cold_proofs(ours, theirs, peer)]


def _compare_cold_proofs(ours: Path, theirs: str, peer: Any) -> list[str]:  # noqa: ANN401
    chance = random.Random(2)  # noqa: S311 - which entries, no secret

    def prove_ours() -> float:
        tile._rows.cache_clear()  # noqa: SLF001 - cold is cold
        fresh = open_engine(ours)
        with reading(fresh):
            pass
        took = milliseconds(partial(prove_inclusion, fresh, chance.randrange(BESIDE), BESIDE))
        fresh.dispose()
        return took

    def prove_theirs() -> float:
        with peer.SqliteTree(theirs) as fresh:
            return milliseconds(partial(fresh.prove_inclusion, chance.randrange(1, BESIDE + 1)))

    pairs = [(prove_ours(), prove_theirs()) for _ in range(COLD_ROUNDS)]
    mine, other = zip(*pairs, strict=True)
    ours_ms, theirs_ms = statistics.median(mine), statistics.median(other)
    ratio = theirs_ms / ours_ms
    show(
        f"first inclusion proof after opening, {BESIDE:,} entries", ours_ms, "ms", theirs_ms, ratio
    )
    if ratio < COLD_RATIO_MIN:
        return [f"cold proof: {ratio:.0f} times as fast, expected {COLD_RATIO_MIN:.0f}"]
    return []


def _compare_rates(mine: Sequence[float], other: Sequence[float]) -> list[str]:
    rates = [SINGLES * 1000 / statistics.median(times) for times in (mine, other)]
    ratio = statistics.median(theirs / ours for ours, theirs in zip(mine, other, strict=True))
    show(f"appends one by one, up to {BESIDE:,} entries", rates[0], "entries/s", rates[1], ratio)
    if ratio < APPEND_RATIO_MIN:
        return [f"appends: {ratio:.2f} times as fast as pymerkle, expected {APPEND_RATIO_MIN}"]
    return []


def main() -> list[str]:
    """Measure; give what was not reached."""
    with tempfile.TemporaryDirectory() as name:
        missed = measure_proofs(Path(name))
    try:
        peer = importlib.import_module("pymerkle")
    except ImportError:
        print("pymerkle is not installed: its figures are left out", flush=True)
    else:
        with tempfile.TemporaryDirectory() as name:
            missed += measure_beside(Path(name), peer)
    return missed
