"""A lost database comes back from an old backup and from what the ledger published of its log."""

from pathlib import Path
from random import Random

from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import open_ledger
from ledger.services.key_entries import rotate_key
from ledger.services.log_sources import open_source
from ledger.services.mirroring import Mirror
from ledger.services.publishing import publish
from ledger.services.recovery import recover
from ledger.storage.log_files import LogFolder
from tests.databases import copy_home, put_back_database, settings_for
from tests.ledgers import TestClock, add_other_school, make_ledger, verify_whole


def test_the_keys_come_back_and_what_else_is_lost_is_named(tmp_path: Path) -> None:
    """Of public bodies only those of keys are published; without them no mirror could begin."""
    clock = TestClock()
    ledger = make_ledger(tmp_path / "home", clock=clock)
    ledger.close()
    backup = copy_home(ledger.home, tmp_path / "old")
    clock.pass_ms(1_000)
    rotate_key(ledger, "log")
    add_other_school(ledger)
    size, published = sign_checkpoint(ledger).checkpoint.size, tmp_path / "public"
    publish(ledger, published)
    ledger.close()
    put_back_database(ledger.home, backup)
    behind = open_ledger(settings_for(ledger.home), clock=clock, random=Random(77).randbytes)
    done = recover(behind, "disk lost, backup of last night put back", published)
    assert (done.restored, done.without_body) == (3, 1)
    assert done.to_repeat == [(size - 1, "organisation")]
    publish(behind, published)
    mirror = LogFolder(tmp_path / "mirror")
    followed = Mirror(open_source(str(published)), mirror, clock=clock).follow()
    assert followed.checkpoint.size == done.entry + 1
    add_other_school(behind)
    verify_whole(behind)
    behind.close()
