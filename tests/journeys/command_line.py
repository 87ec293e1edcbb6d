"""The command line as an operator has it: a process of its own, files, and an exit status."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.databases import environment_of

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 120


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    status: int
    out: bytes
    err: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - decoded JSON
        """The one JSON document on standard output."""
        return orjson.loads(self.out)

    @property
    def code(self) -> str:
        """The stable code of a refusal."""
        return str(self.json["error"]["code"])


def environment(home: Path) -> dict[str, str]:
    """Give the environment of a command: the ledger, and where Python finds itself."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, **environment_of(home), "JINLAN_PORT": "0", "PYTHONPATH": str(ROOT)}


def run_python(home: Path, *arguments: str, stdin: bytes = b"") -> Answer:
    """Run a fresh Python with these arguments."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment(home),
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def jinlan(home: Path, *arguments: str, stdin: bytes = b"") -> Answer:
    """Run ``python -m ledger`` with these arguments on the data folder ``home``."""
    return run_python(home, "-m", "ledger", *arguments, stdin=stdin)


def sound(home: Path, *arguments: str, stdin: bytes = b"") -> Any:  # noqa: ANN401 - decoded JSON
    """Run a command that must succeed and give its JSON document."""
    answer = jinlan(home, *arguments, "--json", stdin=stdin)
    assert answer.status == 0, answer
    return answer.json
