"""Three schedulers at once: what grows is signed, by one of them, until the last of them is killed.

They are processes of ``python -m ledger.jobs``, looked at from outside: who signs is whoever wrote
to files in that time, as the kernel counts it.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ledger.services.auditing import audit
from ledger.services.checkpointing import last_checkpoint
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.settings import DATABASE
from ledger.storage import log
from ledger.storage.engine import reading
from tests.journeys.command_line import ROOT, environment
from tests.journeys.ledgers import make_ledger
from tests.journeys.people import completion
from tests.torture.campaigns import share

SECONDS_MAX = 30
QUIET_S = 2
Scheduler = subprocess.Popen[bytes]


@contextmanager
def scheduler(home: Path) -> Iterator[Scheduler]:
    """Start a scheduler; it is dead on leaving."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ledger.jobs"], env=environment(home), cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def within(seconds: float, told: Callable[[], bool]) -> bool:
    """Wait until something is so; tell whether it came to be in time."""
    until = time.monotonic() + seconds
    while not told():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def grow(ledger: Ledger, issuer: str) -> int:
    """Post one more record; give the size of the log."""
    with reading(ledger.engine) as connection:
        size = log.read_head(connection).size
    record(ledger, issuer, [completion(size)])
    return size + 1


def signed(ledger: Ledger) -> int:
    last = last_checkpoint(ledger)
    return 0 if last is None else last.checkpoint.size


def has_begun(process: Scheduler) -> bool:
    """Tell whether a scheduler has opened the database."""
    opened = Path(f"/proc/{process.pid}/fd").iterdir()
    return any(str(each.readlink()).endswith(DATABASE) for each in opened if each.is_symlink())


def writes(process: Scheduler) -> int:
    """Give how often a process wrote to anything, as the kernel counts it."""
    told = dict(line.split(": ") for line in Path(f"/proc/{process.pid}/io").read_text().split("\n")
                if line)  # fmt: skip
    return int(told["syscw"])


def signers(ledger: Ledger, issuer: str, processes: list[Scheduler]) -> set[int]:
    """Let the log grow, and give the processes that wrote until it was signed."""
    before = [writes(process) for process in processes]
    size = grow(ledger, issuer)
    assert within(SECONDS_MAX, lambda: signed(ledger) == size)
    return {p.pid for p, count in zip(processes, before, strict=True) if writes(p) > count}


@pytest.mark.slow
def test_what_grows_is_signed_while_one_of_three_schedulers_lives(tmp_path: Path) -> None:
    ledger, issuer = make_ledger(tmp_path / "home")
    with ExitStack() as stack:
        processes = [stack.enter_context(scheduler(ledger.home)) for _ in range(3)]
        while processes:
            for _ in range(share(1, 3)):
                size = grow(ledger, issuer)
                assert within(SECONDS_MAX, lambda size=size: signed(ledger) == size), processes
            processes.pop(0).kill()
        before = signed(ledger)
        grow(ledger, issuer)
        assert not within(QUIET_S, lambda: signed(ledger) != before), "nobody is left"
    assert audit(ledger).findings == []
    ledger.close()


@pytest.mark.slow
def test_one_of_three_schedulers_signs_and_another_takes_over_when_it_is_killed(
    tmp_path: Path,
) -> None:
    ledger, issuer = make_ledger(tmp_path / "home")
    with ExitStack() as stack:
        processes = [stack.enter_context(scheduler(ledger.home)) for _ in range(3)]
        assert within(SECONDS_MAX, lambda: all(map(has_begun, processes)))
        signers(ledger, issuer, processes)
        while processes:
            seen = [signers(ledger, issuer, processes) for _ in range(4)]
            assert len(seen[0]) == 1, seen
            assert all(each == seen[0] for each in seen), seen
            active = next(p for p in processes if p.pid in seen[0])
            processes.remove(active)
            active.kill()
            active.wait()
    assert audit(ledger).findings == []
    ledger.close()
