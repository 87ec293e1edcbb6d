"""The machine is lost, an old backup is put back, and everybody learns what happened.

And kill -9 at every step of rebuild, backup, restore and recover, or at each JINLAN_KILL_STRIDE-th:
a repetition completes, and nothing half-done is ever taken for whole.
"""

import os
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from api.app import create_app
from ledger.errors import DamagedError, LedgerError, NotFoundError, RefusedError
from ledger.services.auditing import audit
from ledger.services.backup_folder import backups_in
from ledger.services.backup_reading import BackupReader
from ledger.services.backups import KeysApart, archive_keys, take_backup
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import record
from ledger.services.context import SYSTEM_RANDOM, Ledger
from ledger.services.erasure import erase
from ledger.services.exports import export_bundle
from ledger.services.opening import operator_token
from ledger.services.rebuilding import check, rebuild
from ledger.services.recovery import recover
from ledger.services.restoring import restore
from ledger.services.transcripts import find_subject
from ledger.storage import projections
from ledger.storage.engine import reading
from tests.api.worlds import World
from tests.databases import copy_home, put_back_database, settings_for
from tests.journeys.command_line import jinlan, sound
from tests.journeys.dying import every_step
from tests.journeys.ledgers import make_ledger, opened
from tests.journeys.people import completion, id_number
from tests.journeys.rosters import csv_bytes, row
from tests.ledgers import edit, query
from tests.log_copies import copy_log

STRIDE = int(os.environ.get("JINLAN_KILL_STRIDE", "29"))


class Lost:
    """A ledger, a backup of it, a copy of its log from later, and what was lost in between."""

    def __init__(self, folder: Path) -> None:
        self.home, self.copy = folder / "home", folder / "copy"
        ledger, self.school = make_ledger(self.home)
        record(ledger, self.school, [completion(number) for number in range(12)])
        self.backup = take_backup(ledger, folder / "backups").folder
        record(ledger, self.school, [completion(number) for number in range(20, 28)])
        subject = find_subject(ledger, id_number(3))
        assert subject is not None
        erase(ledger, subject)
        copy_log(ledger, self.copy)
        self.note = sign_checkpoint(ledger).note
        self.size = sign_checkpoint(ledger).checkpoint.size
        ledger.close()

    def survivors(self, home: Path) -> Path:
        """Make a data folder with what outlived the disaster: keys and the last checkpoint."""
        home.mkdir(mode=0o700)
        shutil.copytree(self.home / "keys", home / "keys")
        (home / "checkpoint").write_bytes(self.note)
        return home


@pytest.fixture(scope="module")
def lost(folder_of_a_file: Path) -> Lost:
    return Lost(folder_of_a_file)


@pytest.fixture
def restored(lost: Lost, tmp_path: Path) -> Path:
    """The old backup, restored where the last checkpoint survived."""
    home = lost.survivors(tmp_path / "restored")
    done = restore(settings_for(home), lost.backup, SYSTEM_RANDOM)
    assert done.refusal is not None
    return home


def refused_code(home: Path, school: str) -> str | None:
    """Try to write; give the code of the refusal, None where it was written."""
    with opened(home) as ledger:
        try:
            record(ledger, school, [completion(90)])
        except LedgerError as error:
            return error.code
    return None


def check_sound(home: Path) -> None:
    """Check that the ledger can be written, and everything in it."""
    with opened(home) as ledger:
        sign_checkpoint(ledger)
        assert audit(ledger).findings == []
        assert check(ledger).differing == 0


def recoveries(ledger: Ledger) -> int:
    """Count the entries of kind recovery."""
    with reading(ledger.engine) as connection:
        return len(projections.public_entries(connection, kinds=("recovery",)))


def test_from_the_lost_disk_to_a_ledger_that_goes_on(lost: Lost, tmp_path: Path) -> None:
    """By commands, each a process of its own, on a new machine with the keys from their archive."""
    home, words, kept = tmp_path / "home", tmp_path / "passphrase", tmp_path / "checkpoint"
    keys = KeysApart(tmp_path / "archive", "four words nobody joins")
    with opened(lost.home) as ledger:
        archive_keys(ledger, keys)
        worker = find_subject(ledger, id_number(25))
        assert worker is not None
        (tmp_path / "worker.json").write_bytes(export_bundle(ledger, worker, ledger.today()))
    words.write_text(f"{keys.passphrase}\n")
    words.chmod(0o600)
    kept.write_bytes(lost.note)
    from_archive = ("--keys", str(keys.path), "--passphrase-file", str(words))
    done = sound(home, "restore", str(lost.backup), *from_archive, "--checkpoint", str(kept))
    assert (done["sound"], done["writable"]) == (True, False)
    assert done["refusal"]["code"] == "behind-checkpoint"
    assert jinlan(home, "checkpoint", "--json").code == "behind-checkpoint"
    assert refused_code(home, lost.school) == "behind-checkpoint"
    told = sound(home, "recover", "--reason", "disk lost, last backup put back", "--yes")
    assert (told["cause"], told["last_checkpoint"]) == ("behind-checkpoint", lost.size)
    assert Path(told["kept"]).read_bytes() == lost.note
    assert refused_code(home, lost.school) is None
    check_sound(home)
    # A paper from the lost span is genuine, but its entry is not in the log: the recovery says why.
    trust = str(lost.home / "keys.json")
    assert jinlan(home, "verify", str(tmp_path / "worker.json"), "--trust", trust).status == 0
    assert '"kind":"recovery"' in sound(home, "prove", str(told["entry"]))["entry"]
    with opened(home) as ledger, pytest.raises(NotFoundError):
        export_bundle(ledger, worker, ledger.today())


def test_kill_9_at_each_step_of_a_rebuild_leaves_old_rows_or_new_ones(
    lost: Lost, tmp_path: Path
) -> None:
    home = copy_home(lost.home, tmp_path / "home")
    with opened(home) as ledger:
        right = query(ledger, "SELECT * FROM record ORDER BY [index]")
        edit(ledger, "DELETE FROM record WHERE [index] % 2 = 1")
        wrong = query(ledger, "SELECT * FROM record ORDER BY [index]")

    def work() -> None:
        with opened(home) as ledger:
            rebuild(ledger)

    for _ in every_step(work, STRIDE):
        with opened(home) as ledger:
            left = query(ledger, "SELECT * FROM record ORDER BY [index]")
        assert left in (wrong, right)
    assert left == right
    check_sound(home)


def test_kill_9_at_each_step_of_a_backup_leaves_good_backups_only(
    lost: Lost, tmp_path: Path
) -> None:
    target = tmp_path / "backups"
    shutil.copytree(lost.backup, target / lost.backup.name)

    def work() -> None:
        with opened(lost.home) as ledger:
            take_backup(ledger, target, keep=1)

    with opened(lost.home) as ledger:
        keys = ledger.keyring.published().every_log_verifier_key()
    for _ in every_step(work, STRIDE):
        good = [folder for folder, _ in backups_in(target)]
        named = [path for path in target.iterdir() if path.name.startswith("jinlan-backup-")]
        assert sorted(named) == good
        assert good, "the old one goes only when the new one is good"
        for folder in good:
            BackupReader(folder, keys).read_all(lambda _count: None)
    assert len(list(target.iterdir())) == 1, "and what the killed ones left was swept away"


def test_kill_9_at_each_step_of_a_restore_leaves_nothing_or_all_and_nothing_writable(
    lost: Lost, tmp_path: Path
) -> None:
    numbers = count()
    home = tmp_path / "none"

    def work() -> None:
        with suppress(RefusedError):
            restore(settings_for(home), lost.backup, SYSTEM_RANDOM)

    def fresh() -> None:
        nonlocal home
        home = lost.survivors(tmp_path / f"home-{next(numbers)}")
        settings_for(home)  # so that it is this process that knows of its database

    fresh()
    for _ in every_step(work, STRIDE):
        work()
        assert refused_code(home, lost.school) == "behind-checkpoint"
        with opened(home) as ledger:
            findings = [finding.message for finding in audit(ledger).findings]
        assert len(findings) == 1, "but for the checkpoint file, which is ahead"
        assert findings[0].startswith("the checkpoint file")
        fresh()


@pytest.mark.parametrize("with_copy", [False, True])
def test_kill_9_at_each_step_of_a_recovery_is_completed_by_a_repetition(
    lost: Lost, restored: Path, tmp_path: Path, *, with_copy: bool
) -> None:
    numbers = count()
    home = restored
    copy = lost.copy if with_copy else None

    def work() -> None:
        with opened(home) as ledger:
            recover(ledger, "disk lost", copy)

    def fresh() -> Path:
        return copy_home(restored, tmp_path / f"home-{next(numbers)}")

    home = fresh()
    for _ in every_step(work, STRIDE):
        with suppress(RefusedError):
            work()
        with opened(home) as ledger:
            assert recoveries(ledger) == 1
            erased = find_subject(ledger, id_number(3))
            assert (erased is None) == with_copy
        assert refused_code(home, lost.school) is None
        check_sound(home)
        home = fresh()


def test_an_old_backup_that_is_served_answers_readers_and_refuses_writers(
    lost: Lost, restored: Path
) -> None:
    with opened(restored) as ledger:
        world = World(ledger, create_app(ledger), lost.school, operator_token(restored))
        refused = world.post_roster(csv_bytes([row("赵安安", id_number(70))]))
        assert (refused.status_code, refused.get_json()["code"]) == (500, "behind-checkpoint")
        shown = world.get(f"/v1/subjects/{world.a_subject()}/transcript")
        assert shown.status_code == 200
        assert world.client.get("/readyz").status_code == 503
        recover(ledger, "disk lost")
        accepted = world.post_roster(csv_bytes([row("赵安安", id_number(70))]))
        assert accepted.status_code == 201
        assert world.client.get("/readyz").status_code == 200


def test_a_database_that_was_put_back_by_hand_is_not_written(
    lost: Lost, restored: Path, tmp_path: Path
) -> None:
    """Not through the restore: the file of an old ledger is copied over the new one."""
    home = copy_home(lost.home, tmp_path / "home")
    put_back_database(home, restored)
    assert refused_code(home, lost.school) == "behind-checkpoint"
    with opened(home) as ledger, pytest.raises(DamagedError):
        sign_checkpoint(ledger)
