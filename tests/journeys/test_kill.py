"""L5: kill -9 of a process that appends loses nothing, doubles nothing, and leaves a sound log.

On PostgreSQL; the same on SQLite, by the thousand, is in ``tests/torture``. In every second round
two processes append at once. Half of the kills come at any moment, half within a millisecond or so
after a COMMIT began.
"""

import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import only_postgresql
from tests.journeys import appending
from tests.journeys.appenders import Appender, appending_process, check_round, retried
from tests.journeys.ledgers import make_ledger, opened
from tests.torture.campaigns import chance_of, share

ROUNDS = share(8, 60)
SECONDS_A_ROUND = 0.3
SECONDS_A_COMMIT = 0.0015


def kill_at_a_moment(appender: Appender, chance: random.Random) -> None:
    """Kill at any moment, or soon after a commit began."""
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, SECONDS_A_ROUND))
    else:
        for _ in range(chance.randint(1, 25)):
            assert appender.wait_for_commits(1)
        time.sleep(chance.uniform(0, SECONDS_A_COMMIT))
    assert appender.process.poll() is None, "it ended by itself"
    appender.kill()


@only_postgresql
@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    chance = chance_of("kill", "postgresql")
    ledger, issuer = make_ledger(home)
    ledger.close()
    known: set[int] = set()
    files: dict[int, Path] = {}
    for number in range(ROUNDS):
        runs = [2 * number, 2 * number + 1] if number % 2 else [2 * number]
        with ExitStack() as stack:
            appenders = [stack.enter_context(appending_process(home, issuer, run)) for run in runs]
            for appender in appenders:
                appender.begin()
            for appender in chance.sample(appenders, len(appenders)):
                kill_at_a_moment(appender, chance)
        this_round = {appender.run: appender.file for appender in appenders}
        known = check_round(home, issuer, this_round, known)
        files |= this_round
    with opened(home) as ledger:
        for run, file in files.items():
            for answer in retried(ledger, issuer, run, file):
                assert answer.replayed, "all were retried before"
    assert len(known) >= ROUNDS * (appending.PEOPLE + 1)
