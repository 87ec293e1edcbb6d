"""One of many processes leads, and another takes over when it ends, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ledger.storage.engine import leadership
from tests.databases import database_for, database_name, drop_connections, only_postgresql
from tests.storage.log_fixture import make_engine

LEADER = """
import sys, time
from pathlib import Path
from ledger.storage.engine import leadership, open_engine
database = sys.argv[1]
lead = leadership(open_engine(database if "://" in database else Path(database)), "test")
print(lead.held(), flush=True)
time.sleep(60)
"""
SECONDS_MAX = 20


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path)


def test_one_leads_until_it_gives_up(engine: Engine) -> None:
    one, other = leadership(engine, "test"), leadership(engine, "test")
    for _ in range(3):
        assert one.held()
        assert not other.held()
    one.give_up()
    assert other.held()
    assert not one.held()


def test_each_work_has_its_own_leader(engine: Engine) -> None:
    assert leadership(engine, "one").held()
    assert leadership(engine, "other").held()


def test_another_takes_over_when_the_leader_is_killed(engine: Engine, tmp_path: Path) -> None:
    database = str(database_for(tmp_path / "ledger.sqlite3"))
    other = leadership(engine, "test")
    with subprocess.Popen(
        [sys.executable, "-c", LEADER, database], stdout=subprocess.PIPE
    ) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == b"True\n"
        assert not other.held()
        os.kill(leader.pid, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS_MAX
    while not other.held():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@only_postgresql
def test_a_leader_whose_server_has_gone_knows_that_it_leads_no_more(
    engine: Engine, tmp_path: Path
) -> None:
    one = leadership(engine, "test")
    assert one.held()
    drop_connections(database_name(tmp_path / "ledger.sqlite3"))
    assert not one.held()
    assert one.held()
