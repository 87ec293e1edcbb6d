"""``python -m benchmarks transcripts``: one person's transcript in a large ledger and a small one.

Uses the large ledger of ``benchmarks audit``, and makes it where it is not kept.
"""

import os
import random
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.audit import ENTRIES, build
from benchmarks.figures import show
from benchmarks.roster import id_number
from ledger.services.context import Ledger, open_ledger
from ledger.services.settings import DATABASE, Settings
from ledger.services.transcripts import find_subject, read_transcript

SMALL: Final = 10_000
PERSONS: Final = 500
ROUNDS: Final = 5
GROWTH_MAX: Final = 1.5


def milliseconds(ledger: Ledger, persons: int) -> float:
    """Read the transcripts of people drawn from the first ``persons``; give the median time."""
    chance, taken = random.Random(1), []  # noqa: S311 - whose transcript is read is no secret
    for _ in range(PERSONS):
        subject = find_subject(ledger, id_number(chance.randrange(persons)))
        if subject is None:
            raise SystemExit("benchmark: somebody is not in the ledger")
        started = time.perf_counter()
        read_transcript(ledger, subject, ledger.today())
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


def main() -> list[str]:
    """Measure both in turn; give what was not reached."""
    entries = int(os.environ.get("JINLAN_BENCH_ENTRIES", ENTRIES))
    with tempfile.TemporaryDirectory() as name:
        large = Path(os.environ.get("JINLAN_BENCH_HOME", f"{name}/ledger"))
        small = Path(name, "small")
        if not (large / DATABASE).exists():
            build(large, entries)
        build(small, SMALL)
        ledgers = [open_ledger(Settings(home)) for home in (large, small)]
        sizes = (entries * 9 // 10, SMALL * 9 // 10)
        pairs = [
            [milliseconds(ledger, size) for ledger, size in zip(ledgers, sizes, strict=True)]
            for _ in range(ROUNDS)
        ]
        for ledger in ledgers:
            ledger.close()
    at_large, at_small = (median(side) for side in zip(*pairs, strict=True))
    growth = median(one / other for one, other in pairs)
    name = f"transcript of one person at {entries:,} entries, p50"
    show(name, at_large, "ms", at_small, growth)
    return [] if growth <= GROWTH_MAX else [f"{name}: {growth:.2f} times, expected {GROWTH_MAX}"]
