"""System calls made to fail: a process that appends and signs, under strace.

The process waits until strace has attached, then takes its steps and says what each gave. What the
kernel would do on a bad or full disk, or a kill between two calls, strace does at the n-th call of
a name.
"""

import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from types import MappingProxyType
from typing import IO, Any, Final

import orjson

from tests.torture.preloaded import Child, Preloaded

TRACED: Final = (
    "trace=write,pwrite64,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2,ftruncate,"
    "unlink,unlinkat"
)
ATTACHED: Final = "attached"
KINDS: Final = MappingProxyType(
    {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "KILL": "signal=KILL"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at the ``number``-th call of a name, counted from 1."""

    call: str
    number: int
    kind: str

    def option(self) -> str:
        """Give it as strace's option."""
        return f"inject={self.call}:{KINDS[self.kind]}:when={self.number}"


@dataclass(frozen=True, slots=True)
class Traced:
    """What a traced process said, how it ended, and the calls that it made on the data folder."""

    said: list[dict[str, Any]]
    status: int
    calls: list[tuple[str, int]]


def strace_missing(preloaded: Preloaded, folder: Path) -> str | None:
    """Say why nothing can be traced here; None where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    child = preloaded.start("wait")
    child.hear()
    with (folder / "strace-said").open("w+") as said:
        tracer = attach(child, folder, (), said)
        child.say()
        child.wait()
        tracer.wait()
        said.seek(0)
        text = said.read()
    return None if ATTACHED in text else f"strace cannot trace: {text.strip()}"


def attach(child: Child, folder: Path, faults: Sequence[Fault], said: IO[str]) -> Popen[bytes]:
    """Start strace on a child that waits; give it when it has attached, or has given up."""
    strace = shutil.which("strace") or "strace"
    options = [part for fault in faults for part in ("-e", fault.option())]
    tracer = Popen(
        [strace, "-y", "-o", folder / "calls", "-p", str(child.pid), "-e", TRACED, *options],
        stderr=said,
    )
    while tracer.poll() is None and ATTACHED not in Path(said.name).read_text():
        time.sleep(0.001)
    return tracer


def trace(preloaded: Preloaded, home: Path, issuer: str, faults: Sequence[Fault] = ()) -> Traced:
    """Let a process take its steps on a ledger while calls fail as told."""
    child = preloaded.start("take_steps", home, issuer)
    child.hear()
    with (home.parent / "strace-said").open("w") as said:
        tracer = attach(child, home.parent, faults, said)
    child.say()
    said_by_child = child.hear_all()
    status = child.wait()
    tracer.wait()
    lines = said_by_child.split(b"\n")[:-1]
    calls = calls_of((home.parent / "calls").read_text(errors="replace"), home)
    return Traced([orjson.loads(line) for line in lines], status, calls)


def calls_of(text: str, home: Path) -> list[tuple[str, int]]:
    """Read strace's list: (name, number among those of its name) of each call on the data folder.

    What the process says about itself goes to a pipe, and is counted but not given.
    """
    counted: Counter[str] = Counter()
    found = []
    for line in text.splitlines():
        name, called, _ = line.partition("(")
        if called and name.isidentifier():
            counted[name] += 1
            if str(home) in line:
                found.append((name, counted[name]))
    return found
