"""A PostgreSQL primary that is lost: what a synchronous standby holds, and what another does not.

Killed under load with a synchronous standby promoted in its place: nothing that was acknowledged is
lost, and who appends goes on by itself. With a standby that was behind, entries that were
acknowledged are gone; then nothing is written, and everybody who can know says so.

One round in a plain run; JINLAN_TORTURE=1 makes it five.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from ledger.errors import DamagedError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import Recorded, record
from ledger.services.context import Ledger
from tests.databases import keep_elsewhere, only_postgresql
from tests.journeys import appending
from tests.journeys.appenders import Appender, appending_process, check_round
from tests.journeys.command_line import jinlan
from tests.journeys.ledgers import make_ledger, opened, size_of
from tests.journeys.people import completion
from tests.postgresql import Server

pytestmark = only_postgresql
ROUNDS = 5 if os.environ.get("JINLAN_TORTURE") == "1" else 1
SECONDS_MAX = 60
DATABASE = "jinlan"
# Entries that the lagging standby holds: those of the example, and one record.
KEPT = 5


@contextmanager
def started(copy_of: Server | None = None) -> Iterator[Server]:
    """Give a running server: a primary, or a standby that follows another."""
    server = Server(copy_of=copy_of)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def wait_for(server: Server, query: str) -> None:
    """Wait until a query on a server answers true."""
    deadline = time.monotonic() + SECONDS_MAX
    with closing(psycopg.connect(server.conninfo("postgres"), autocommit=True)) as connection:
        while connection.execute(query.encode()).fetchone() != (True,):
            assert time.monotonic() < deadline, query
            time.sleep(0.02)


def url_of(*servers: Server) -> str:
    """Give a URL that leads to whichever of the servers can be written."""
    hosts = ",".join(str(server.folder) for server in servers)
    return (
        f"postgresql://postgres@/{DATABASE}?host={hosts}"
        "&target_session_attrs=read-write&connect_timeout=5"
    )


def wait_for_the_standby(primary: Server) -> None:
    """Let the primary acknowledge nothing any more that its standby has not flushed."""
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
    primary.execute("SELECT pg_reload_conf()")
    wait_for(primary, "SELECT bool_or(sync_state = 'sync') FROM pg_stat_replication")


def answers_of(appender: Appender) -> int:
    """Count what was acknowledged."""
    return len(list(appending.acknowledged(appender.file))) if appender.file.exists() else 0


def lose_primary(primary: Server, standby: Server, appender: Appender) -> None:
    """Kill a primary under load, promote its standby, and wait until the appender has gone on."""
    before = answers_of(appender)
    assert 0 < before < appending.BATCHES_MAX
    primary.kill()
    standby.promote()
    deadline = time.monotonic() + SECONDS_MAX
    while answers_of(appender) < before + appending.BATCHES_A_CHECKPOINT + 2:
        assert appender.process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline, "it did not go on"
        time.sleep(0.02)
    appender.kill()


@pytest.mark.slow
def test_a_primary_lost_under_load_loses_nothing_that_a_synchronous_standby_holds(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    chance = random.Random(ROUNDS)
    known: set[int] = set()
    with ExitStack() as servers:
        primary = servers.enter_context(started())
        primary.execute(f"CREATE DATABASE {DATABASE}")
        keep_elsewhere(home, url_of(primary))
        ledger, issuer = make_ledger(home)
        ledger.close()
        assert not list(home.glob("*.sqlite3")), "it is on the server"
        for run in range(ROUNDS):
            standby = servers.enter_context(started(copy_of=primary))
            wait_for_the_standby(primary)
            keep_elsewhere(home, url_of(primary, standby))
            with appending_process(home, issuer, run) as appender:
                appender.begin()
                for _ in range(chance.randint(15, 40)):
                    assert appender.wait_for_commits(1)
                time.sleep(chance.uniform(0, 0.02))
                lose_primary(primary, standby, appender)
            primary = standby
            known = check_round(home, issuer, {run: appender.file}, known)
    assert len(known) >= ROUNDS * 6 * (appending.PEOPLE + 1)


def write_more(ledger: Ledger, issuer: str, number: int) -> Recorded:
    """Record something more, as soon as the database can be used."""
    posted = [completion(number)]
    return appending.until_it_can(lambda: record(ledger, issuer, posted, key=str(number)))


@contextmanager
def lost(home: Path, *, signed: bool) -> Iterator[tuple[Ledger, str]]:
    """Give an open ledger whose last acknowledged entry is gone, and its issuer.

    The standby stops, an entry is acknowledged, the primary is lost, the standby is promoted.
    ``signed``: a checkpoint was signed over the lost entry.
    """
    with started() as primary:
        primary.execute(f"CREATE DATABASE {DATABASE}")
        keep_elsewhere(home, url_of(primary))
        ledger, issuer = make_ledger(home)
        ledger.close()
        with started(copy_of=primary) as standby:
            wait_for_the_standby(primary)
            keep_elsewhere(home, url_of(primary, standby))
            with opened(home) as running:
                write_more(running, issuer, 1)
                sign_checkpoint(running)
                standby.kill()
                primary.execute("ALTER SYSTEM RESET synchronous_standby_names")
                primary.execute("SELECT pg_reload_conf()")
                assert write_more(running, issuer, 2).outcomes[0].entry_index == KEPT
                if signed:
                    sign_checkpoint(running)
                primary.kill()
                standby.start()
                standby.promote()
                yield running, issuer


@pytest.mark.slow
def test_a_process_that_starts_on_a_standby_that_was_behind_refuses_by_the_checkpoint(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with lost(home, signed=True):
        checkpoint = jinlan(home, "checkpoint", "--json")
        assert (checkpoint.status, checkpoint.code) == (1, "behind-checkpoint")
        audited = jinlan(home, "audit", "--json")
        assert (audited.status, audited.json["sound"]) == (1, False)
        assert audited.json["entries"] == KEPT


@pytest.mark.slow
def test_the_process_that_acknowledged_what_a_standby_has_not_refuses_without_a_checkpoint(
    tmp_path: Path,
) -> None:
    """Nobody else can know: to an audit the shorter log is sound."""
    home = tmp_path / "home"
    with lost(home, signed=False) as (running, issuer):
        audited = jinlan(home, "audit", "--json")
        assert (audited.json["sound"], audited.json["entries"]) == (True, KEPT)
        for number in (3, 2, 3):
            with pytest.raises(DamagedError) as refused:
                write_more(running, issuer, number)
            assert refused.value.code == "behind-acknowledged"
        assert size_of(home) == KEPT
