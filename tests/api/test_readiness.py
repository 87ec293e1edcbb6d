"""Ready means: readable, and not behind the last checkpoint."""

import sqlite3

import pytest

from api.readiness import published_size
from ledger.errors import UnavailableError
from tests.api.worlds import World, roster


def _old_backup(world: World) -> None:
    """Put the database back to before the last roster, as a careless restore does."""
    database = world.ledger.home / "ledger.sqlite3"
    backup = world.ledger.home / "backup"
    source, target = sqlite3.connect(database), sqlite3.connect(backup)
    source.backup(target)
    source.close()
    target.close()
    assert world.post_roster(roster()).status_code == 201
    world.ledger.engine.dispose()
    for name in ("ledger.sqlite3-wal", "ledger.sqlite3-shm"):
        (world.ledger.home / name).unlink(missing_ok=True)
    backup.replace(database)


def test_the_size_is_that_of_the_checkpoint(world: World) -> None:
    checkpoint = world.client.get("/log/checkpoint").get_data(as_text=True)
    assert published_size(world.ledger) == int(checkpoint.splitlines()[1])


def test_a_database_behind_its_checkpoint_is_not_ready(fresh_world: World) -> None:
    """Security L3: an old backup was put back."""
    _old_backup(fresh_world)
    with pytest.raises(UnavailableError) as caught:
        published_size(fresh_world.ledger)
    assert caught.value.code == "not-ready"


def test_a_database_that_is_no_database_is_not_ready(fresh_world: World) -> None:
    fresh_world.ledger.engine.dispose()
    (fresh_world.ledger.home / "ledger.sqlite3").write_bytes(b"rubbish" * 4096)
    with pytest.raises(UnavailableError):
        published_size(fresh_world.ledger)


def test_a_checkpoint_that_this_ledger_did_not_sign_is_not_ready(fresh_world: World) -> None:
    (fresh_world.ledger.home / "checkpoint").write_bytes(b"jinlan.localhost\n1\nAAAA\n")
    with pytest.raises(UnavailableError):
        published_size(fresh_world.ledger)
