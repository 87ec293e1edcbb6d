"""``python -m benchmarks writing``: many writers of one ledger, on SQLite and on PostgreSQL.

* batches of 1,000 rows, whole path, by as many processes as there are cores, beside SQLAlchemy Core
  inserting the same entry bytes under the same settings (by one process: a second one only waits);
* 64 threads of one process that record one completion each, again and again, beside the same with
  one transaction for each;
* 8 processes that do so, beside one alone.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from sqlalchemy import insert

from benchmarks.figures import show
from benchmarks.roster import roster_csv
from ledger.domain.records import RecordCompletion
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from ledger.services.committer import Committer
from ledger.services.completions import record
from ledger.services.context import open_ledger
from ledger.services.example import install_example
from ledger.services.opening import initialise
from ledger.services.organisations import read_registry
from ledger.services.settings import Settings
from ledger.storage import schema
from ledger.storage.engine import open_engine, reading, writing
from ledger.storage.log import StoredEntry, read_entries
from ledger.storage.tables import ENTRY
from tests.postgresql import Server

BATCH: Final = 1_000
BATCHES: Final = 10
# As many pages as the whole path writes in its run, so that both sides move theirs from the
# write-ahead log into the database.
PLAIN_TIMES: Final = 10
CORES: Final = 2
THREADS: Final = 64
PROCESSES: Final = 8
SINGLES: Final = 4_000
SECONDS: Final = 4.0
ROUNDS: Final = 3

# What the plan asks for.
BATCH_RATIO_MIN: Final = 0.18
GROUP_RATIO_MIN: Final = 3.0
P99_MS_MAX: Final = 50.0
SHARED_RATIO_MIN: Final = 0.8
FAIRNESS_MIN: Final = 0.5
WAIT_MS_MAX: Final = 500.0

Places = Callable[[], Settings]
Commands = Sequence[RecordCompletion]


@contextmanager
def places(engine: str) -> Iterator[Places]:
    """Give what makes the settings of a fresh ledger on an engine."""
    with tempfile.TemporaryDirectory() as name:
        server = None
        if engine == "postgresql":
            server = Server({"shared_buffers": "256MB", "autovacuum": "on"})
            server.start()
        made = 0

        def fresh() -> Settings:
            nonlocal made
            made += 1
            home = Path(name, f"ledger-{made}")
            if server is None:
                return Settings(home)
            server.execute(f"CREATE DATABASE bench_{made}")
            return Settings(home, database_url=server.url(f"bench_{made}"))

        try:
            yield fresh
        finally:
            if server is not None:
                server.remove()


def prepared(settings: Settings, rows: int) -> tuple[str, list[RecordCompletion]]:
    """Make the ledger; give its school and so many completions, each of another person."""
    ledger = initialise(settings)
    issuer = install_example(ledger).id
    table = read_roster(roster_csv(rows), "roster.csv")
    parsed = parse_rows(table, read_registry(ledger).occupations)
    commands = [row.command for row in parsed if row.command is not None]
    ledger.close()
    return issuer, commands


@dataclass(frozen=True, slots=True)
class Posted:
    """What one process did: how many, in how many seconds, and its longest wait in seconds."""

    count: int
    elapsed: float
    worst: float


def _post(
    settings: Settings, issuer: str, commands: Commands, limits: tuple[int, float], ready: Barrier
) -> Posted:
    """Record in batches of ``limits[0]`` rows for about ``limits[1]`` seconds."""
    size, seconds = limits
    ledger = open_ledger(settings)
    record(ledger, issuer, [])  # what a process does once
    ready.wait()
    started, worst, count = time.perf_counter(), 0.0, 0
    for first in range(0, len(commands), size):
        began = time.perf_counter()
        recorded = record(ledger, issuer, commands[first : first + size])
        worst = max(worst, time.perf_counter() - began)
        if any(outcome.outcome != "accepted" for outcome in recorded.outcomes):
            raise SystemExit("benchmark: a row was refused")
        count += len(recorded.outcomes)
        if time.perf_counter() - started > seconds:
            break
    elapsed = time.perf_counter() - started
    ledger.close()
    return Posted(count, elapsed, worst)


def at_once(
    settings: Settings, issuer: str, parts: Sequence[Commands], size: int, seconds: float
) -> list[Posted]:
    """Record each part in a process of its own, all beginning at once."""
    context = get_context("fork")
    ready, results = context.Barrier(len(parts)), context.Queue()

    def work(part: Commands) -> None:
        results.put(_post(settings, issuer, part, (size, seconds), ready))

    children = [context.Process(target=work, args=(part,)) for part in parts]
    for child in children:
        child.start()
    seen = [results.get(timeout=300) for _ in children]
    for child in children:
        child.join()
    return seen


def batch_rate(settings: Settings, kept: list[StoredEntry]) -> float:
    """Record batches of 1,000 by a process on each core; rows/s. Keeps some of the entries."""
    issuer, commands = prepared(settings, CORES * BATCHES * BATCH)
    parts = [commands[part::CORES] for part in range(CORES)]
    seen = at_once(settings, issuer, parts, BATCH, 300)
    ledger = open_ledger(settings)
    with reading(ledger.engine) as connection:
        kept[:] = list(read_entries(connection, 4, 4 + BATCHES * BATCH))
    ledger.close()
    return sum(each.count for each in seen) / max(each.elapsed for each in seen)


def plain_rate(settings: Settings, entries: Sequence[StoredEntry]) -> float:
    """Insert the same entry bytes with SQLAlchemy Core alone, same settings; rows/s."""
    settings.home.mkdir(parents=True)
    engine = open_engine(settings.database)
    with writing(engine) as connection:
        schema.migrate(connection)
    elapsed = 0.0
    for again in range(PLAIN_TIMES):
        rows = [
            {"index": e.index + again * len(entries), "leaf_hash": e.leaf_hash, "bytes": e.bytes}
            for e in entries
        ]
        started = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            with writing(engine) as connection:
                connection.execute(insert(ENTRY), rows[first : first + BATCH])
        elapsed += time.perf_counter() - started
    engine.dispose()
    return PLAIN_TIMES * len(entries) / elapsed


def thread_rate(settings: Settings, round_commands_max: int) -> tuple[float, float]:
    """Record one completion each by 64 threads; give acknowledgements/s and the p99 in ms."""
    issuer, commands = prepared(settings, SINGLES)
    ledger = open_ledger(settings)
    ledger.committer = Committer(round_commands_max=round_commands_max)
    waits: list[float] = []

    def work(part: Commands) -> None:
        for command in part:
            began = time.perf_counter()
            record(ledger, issuer, [command])
            waits.append(time.perf_counter() - began)

    threads = [
        threading.Thread(target=work, args=(commands[part::THREADS],)) for part in range(THREADS)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    ledger.close()
    return len(waits) / elapsed, quantiles(waits, n=100)[98] * 1000


def process_rate(settings: Settings, processes: int) -> tuple[float, float, float]:
    """Record one completion each by processes; give rate, slowest/fastest, longest wait in ms."""
    issuer, commands = prepared(settings, 50_000)
    parts = [commands[part::processes] for part in range(processes)]
    seen = at_once(settings, issuer, parts, 1, SECONDS)
    counts = [each.count for each in seen]
    rate = sum(each.count / each.elapsed for each in seen)
    return rate, min(counts) / max(counts), max(each.worst for each in seen) * 1000


def _below(name: str, value: float, least: float) -> list[str]:
    return [f"{name}: {value:.3f}, expected {least} or more"] if value < least else []


def _above(name: str, value: float, most: float) -> list[str]:
    return [f"{name}: {value:.1f}, expected {most} at most"] if value > most else []


def measure_batches(engine: str, fresh: Places) -> list[str]:
    """Measure batches beside the plain insert; give what was not reached."""
    kept: list[StoredEntry] = []
    pairs = []
    for _ in range(ROUNDS):
        ours = batch_rate(fresh(), kept)
        pairs.append((ours, plain_rate(fresh(), kept)))
    ours, plain = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    name = f"batches of 1,000, {CORES} processes, {engine}"
    show(name, ours, "rows/s", plain, ratio)
    return _below(name, ratio, BATCH_RATIO_MIN)


def measure_threads(engine: str, fresh: Places) -> list[str]:
    """Measure threads beside one transaction for each record; give what was not reached."""
    pairs = [(thread_rate(fresh(), 1_000), thread_rate(fresh(), 1)) for _ in range(ROUNDS)]
    rate, alone = (median(side[0] for side in sides) for sides in zip(*pairs, strict=True))
    gain = median(group[0] / single[0] for group, single in pairs)
    p99 = median(group[1] for group, _ in pairs)
    name = f"{THREADS} threads, one completion each, {engine}"
    show(name, rate, "acks/s", alone, gain)
    show(f"{name}, p99", p99, "ms")
    return _below(name, gain, GROUP_RATIO_MIN) + _above(f"{name}, p99 ms", p99, P99_MS_MAX)


def measure_processes(engine: str, fresh: Places) -> list[str]:
    """Measure many processes beside one alone; give what was not reached."""
    pairs = [(process_rate(fresh(), PROCESSES), process_rate(fresh(), 1)) for _ in range(ROUNDS)]
    rate, alone = (median(side[0] for side in sides) for sides in zip(*pairs, strict=True))
    kept_up = median(many[0] / one[0] for many, one in pairs)
    fairness = median(many[1] for many, _ in pairs)
    worst = median(many[2] for many, _ in pairs)
    name = f"{PROCESSES} processes, one completion each, {engine}"
    show(name, rate, "acks/s", alone, kept_up)
    show(f"{name}, slowest / fastest", fairness, "")
    show(f"{name}, longest wait", worst, "ms")
    return (
        _below(name, kept_up, SHARED_RATIO_MIN)
        + _below(f"{name}, slowest / fastest", fairness, FAIRNESS_MIN)
        + _above(f"{name}, longest wait ms", worst, WAIT_MS_MAX)
    )


def main() -> list[str]:
    """Measure both engines; give what was not reached."""
    missed = []
    for engine in ("sqlite", "postgresql"):
        with places(engine) as fresh:
            for measure in (measure_batches, measure_threads, measure_processes):
                missed += measure(engine, fresh)
    return missed
