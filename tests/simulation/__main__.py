"""Replay one seed and print its steps: ``python -m tests.simulation SEED [STEPS]``."""

import sys
import tempfile
from pathlib import Path

from tests.simulation.commands import simulate
from tests.simulation.test_simulation import STEPS


def main(seed: str, steps: str = str(STEPS)) -> None:
    """Run a seed, step by step; an exception tells what was wrong with the last."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(int(seed), int(steps), Path(folder), print)


if __name__ == "__main__":
    main(*sys.argv[1:])
