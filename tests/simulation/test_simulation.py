"""Seeded runs of commands, crashes and faults over the real services: one seed, one run.

``python -m tests.simulation SEED`` prints the steps of a seed that failed here.
"""

from pathlib import Path

import pytest

from tests.simulation.commands import simulate
from tests.torture.campaigns import SEED, Tell, share
from tests.torture.conftest import tell as tell  # noqa: PLC0414 - a fixture

STEPS = 30
PARTS = share(2, 100)
SEEDS_A_PART = share(4, 25)


def run(seed: int, folder: Path, count: int = STEPS) -> tuple[list[str], int, int]:
    """Run a seed in a folder of its own; give its steps, its entries and the faults that struck."""
    steps: list[str] = []
    folder.mkdir()
    try:
        world = simulate(seed, count, folder, steps.append)
    except Exception as error:
        error.add_note(f"python -m tests.simulation {seed} {count}, which ended with:")
        for step in steps[-6:]:
            error.add_note(step)
        raise
    return steps, world.model.size, world.struck


@pytest.mark.parametrize("part", range(PARTS))
def test_the_ledger_holds_what_it_acknowledged_whatever_happens(
    part: int, tmp_path: Path, tell: Tell
) -> None:
    first = SEED * 1_000_000 + part * SEEDS_A_PART
    entries = struck = 0
    for seed in range(first, first + SEEDS_A_PART):
        _, size, faults = run(seed, tmp_path / str(seed))
        entries, struck = entries + size, struck + faults
    tell(seeds=SEEDS_A_PART, steps=SEEDS_A_PART * STEPS, entries=entries, faults=struck)


def test_a_seed_is_one_run(tmp_path: Path) -> None:
    first = run(SEED, tmp_path / "first", STEPS // 2)
    assert first == run(SEED, tmp_path / "again", STEPS // 2)
    assert first != run(SEED + 1, tmp_path / "other", STEPS // 2)
