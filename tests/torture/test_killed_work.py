"""L5, L6: kill -9 inside a checkpoint, while a ledger is made, and while one is migrated.

Whatever else is to be killed (a backup, a rebuilding) is one more program and one more test here.
"""

import random
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ledger.core.tile import root_hash
from ledger.services.auditing import audit
from ledger.services.checkpointing import last_checkpoint, sign_checkpoint, tile_reader
from ledger.services.context import Ledger
from ledger.services.opening import initialise, migrate
from ledger.services.settings import DATABASE, Settings
from ledger.storage import log, schema
from ledger.storage.engine import open_engine, reading, writing
from tests.journeys.ledgers import make_ledger, opened
from tests.torture import appending
from tests.torture.campaigns import Tell, chance_of, share
from tests.torture.preloaded import KILLED, Preloaded

SECONDS_TO_SIGN = 0.005
SECONDS_TO_MAKE = 0.06
SECONDS_TO_MIGRATE = 0.03


def check_signed(ledger: Ledger, answers: Path) -> int:
    """Check that every acknowledged checkpoint is one of this log still; give how many."""
    acknowledged = list(appending.written_down(answers))
    last = last_checkpoint(ledger)
    assert last is not None
    with reading(ledger.engine) as connection:
        for size, root in acknowledged:
            assert isinstance(size, int)
            assert root_hash(size, tile_reader(connection)).hex() == root
            assert size <= last.checkpoint.size <= log.read_head(connection).size
    return len(acknowledged)


@pytest.mark.parametrize("number", range(share(1, 10)))
def test_kill_9_inside_a_checkpoint_takes_none_back_and_the_next_is_signed(
    number: int, tmp_path: Path, preloaded: Preloaded, tell: Tell
) -> None:
    chance = chance_of("checkpoint", number)
    ledger, issuer = make_ledger(tmp_path / "home")
    kills, acknowledged = share(8, 20), 0
    for run in range(kills):
        if chance.random() < 0.5:
            ledger.close()
        answers = tmp_path / f"answers-{run}"
        child = preloaded.start("sign", ledger.home, issuer, answers, run)
        child.hear()
        child.say()
        for _ in range(chance.randint(1, 8)):
            assert child.hear()
        time.sleep(chance.uniform(0, SECONDS_TO_SIGN))
        assert child.kill() == KILLED
        acknowledged += check_signed(ledger, answers)
        sign_checkpoint(ledger)
    ledger.close()
    with opened(ledger.home) as fresh:
        report = audit(fresh)
    assert report.findings == []
    assert report.checkpoints > acknowledged
    tell(kills=kills, acknowledged_checkpoints=acknowledged)


def killed_once(
    preloaded: Preloaded, program: str, home: Path, chance: random.Random, seconds: float
) -> bool:
    """Start a program on ``home`` and kill it on its way; tell whether it was not done before."""
    child = preloaded.start(program, home)
    child.hear()
    child.say()
    time.sleep(chance.uniform(0, seconds))
    return child.kill() == KILLED


@pytest.mark.parametrize("number", range(share(8, 200)))
def test_a_ledger_killed_while_it_is_made_is_completed_by_a_repetition(
    number: int, tmp_path: Path, preloaded: Preloaded, tell: Tell
) -> None:
    """Also where the repetition is killed; what was published before is never made anew."""
    home, chance = tmp_path / "home", chance_of("make", number)
    kills = sum(
        killed_once(preloaded, "make", home, chance, SECONDS_TO_MAKE)
        for _ in range(chance.randint(1, 3))
    )
    published = home / "keys.json"
    before = published.read_bytes() if published.exists() else None
    made = initialise(Settings(home=home))
    report = audit(made)
    made.close()
    assert report.findings == []
    assert before in {None, published.read_bytes()}
    tell(kills=kills)


def revisions() -> list[str]:
    """Give what a database can be at before the newest migration: empty, or at an older one."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    known = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    return ["base", *known[:0:-1]]


def put_back_to(revision: str, home: Path) -> None:
    """Put in place of a ledger's database one that is empty, at an older migration."""
    (home / DATABASE).unlink()
    (home / "checkpoint").unlink()
    engine = open_engine(home / DATABASE)
    if revision != "base":
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    engine.dispose()


@pytest.mark.parametrize("number", range(share(6, 100)))
@pytest.mark.parametrize("revision", revisions())
def test_a_migration_that_was_killed_is_done_whole_by_the_next(
    revision: str, number: int, tmp_path: Path, preloaded: Preloaded, tell: Tell
) -> None:
    home, chance = tmp_path / "home", chance_of("migrate", revision, number)
    initialise(Settings(home=home)).close()
    put_back_to(revision, home)
    kills = killed_once(preloaded, "bring_up", home, chance, SECONDS_TO_MIGRATE)
    migrate(Settings(home=home))
    with opened(home) as ledger, reading(ledger.engine) as connection:
        assert schema.unlike_made(connection) == []
    made = initialise(Settings(home=home))
    assert audit(made).findings == []
    made.close()
    tell(kills=kills)
