"""Runs ``tests.services.dying`` in a process of its own, which has one thread and may fork."""

import os
import subprocess
import sys
from pathlib import Path

from tests.databases import environment_of

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 120


def die_at_each_step(what: str, source: Path, folder: Path) -> list[int]:
    """Publish or mirror and die at each step; give the size of the whole log after each death."""
    command = [sys.executable, "-m", "tests.services.dying", what, source, folder]
    environment = {**os.environ, **environment_of(source)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=SECONDS_MAX
    )
    return [int(line) for line in done.stdout.split()]
