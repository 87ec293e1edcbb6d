"""L3, L8, L13: an old backup put back, a disk that is full, a database that another holds.

Each ends as one would wish: what cannot be done is told as such, nothing is lost, and when the
trouble is over the ledger goes on without being started anew.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import event

from api.problems import RETRY_AFTER_S
from ledger.errors import DamagedError, UnavailableError
from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import record
from ledger.services.settings import DATABASE
from tests.api.worlds import World, opened_world, roster, row
from tests.journeys.command_line import jinlan
from tests.journeys.ledgers import make_ledger, opened, size_of
from tests.journeys.people import completion
from tests.torture.campaigns import WHOLE

SECOND = roster(row(number="ZJ20230009", certificate="S000033840776235000002"))
HELD_S = 30
BUSY_MS = 200
HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_an_old_backup_put_back_is_refused_until_the_right_one_is_there(tmp_path: Path) -> None:
    ledger, issuer = make_ledger(tmp_path / "home")
    record(ledger, issuer, [completion(1)])
    ledger.close()
    database = ledger.home / DATABASE
    backup = shutil.copy(database, tmp_path / "backup")
    with opened(ledger.home) as later:
        record(later, issuer, [completion(2)])
        sign_checkpoint(later)
    newest = shutil.copy(database, tmp_path / "newest")
    shutil.copy(backup, database)
    with opened(ledger.home) as old:
        for write in (lambda: record(old, issuer, [completion(3)]), lambda: sign_checkpoint(old)):
            with pytest.raises(DamagedError) as refused:
                write()
            assert refused.value.code == "behind-checkpoint"
        assert not audit(old).sound
    answer = jinlan(ledger.home, "checkpoint", "--json")
    assert (answer.status, answer.code) == (1, "behind-checkpoint")
    assert database.read_bytes() == Path(backup).read_bytes(), "nothing was written"
    shutil.copy(newest, database)
    with opened(ledger.home) as right:
        outcome = record(right, issuer, [completion(3)]).outcomes[0]
        assert (outcome.outcome, outcome.entry_index) == ("accepted", size_of(right.home) - 1)
        sign_checkpoint(right)
        assert audit(right).findings == []


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of two megabytes in memory."""
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("mount is not installed")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run([umount, "--lazy", folder], check=True)


def fill(filler: Path) -> None:
    """Fill the disk to the last byte."""
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))


def check_unavailable(world: World) -> None:
    """Post a roster that must be put off: said as 503, with when to come again."""
    answer = world.post_roster(SECOND, key="second")
    assert answer.status_code == 503
    assert answer.json["code"] in {"unavailable", "outcome-unknown"}
    assert answer.headers["Retry-After"] == str(RETRY_AFTER_S)


def test_a_full_disk_puts_writes_off_and_nothing_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, opened_world(disk) as world:
        assert world.post_roster(roster(), key="first").status_code == 201
        size = size_of(world.ledger.home)
        fill(disk / "filler")
        for _ in range(3):
            check_unavailable(world)
        with pytest.raises(UnavailableError):
            record(world.ledger, world.school, [completion(n) for n in range(200)])
        assert world.get(f"/v1/subjects/{world.a_subject()}/transcript").status_code == 200
        assert world.client.get("/log/checkpoint").status_code == 200
        (disk / "filler").unlink()
        answer = world.post_roster(SECOND, key="second")
        assert answer.status_code == 201
        assert size_of(world.ledger.home) == size + 1
        again = world.post_roster(roster(), key="first")
        assert (again.status_code, again.json["outcomes"]["accepted"]) == (201, 1)
        assert audit(world.ledger).findings == []


@contextmanager
def held_by_another(database: Path) -> Iterator[None]:
    """Let another process hold the write lock of the database."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.stdin.close()


def test_a_database_that_another_holds_puts_writes_off_and_nothing_is_lost(tmp_path: Path) -> None:
    """In the whole campaign for 30 seconds, with the waiting that the ledger is set to."""
    with opened_world(tmp_path) as world:
        assert world.post_roster(roster(), key="first").status_code == 201
        size = size_of(world.ledger.home)
        if not WHOLE:
            world.ledger.engine.dispose()
            event.listen(
                world.ledger.engine, "connect",
                lambda raw, _record: raw.execute(f"PRAGMA busy_timeout = {BUSY_MS}"),
            )  # fmt: skip
        until = time.monotonic() + (HELD_S if WHOLE else 0)
        with held_by_another(world.ledger.home / DATABASE):
            check_unavailable(world)
            while time.monotonic() < until:
                check_unavailable(world)
            assert world.get(f"/v1/subjects/{world.a_subject()}/transcript").status_code == 200
            assert world.client.get("/log/checkpoint").status_code == 200
            assert size_of(world.ledger.home) == size
        answer = world.post_roster(SECOND, key="second")
        assert answer.status_code == 201
        assert size_of(world.ledger.home) == size + 1
        assert audit(world.ledger).findings == []
