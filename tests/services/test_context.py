"""An open ledger: ids come from the injected clock and randomness, and only a ledger is opened."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from ledger.core.instant import parse_instant
from ledger.errors import CustodyError, NotFoundError
from ledger.services.context import RandomPool, open_ledger, system_clock
from ledger.services.settings import DATABASE
from tests.databases import only_sqlite, settings_for
from tests.ledgers import START_MS, make_ledger, reopen


def test_a_folder_without_a_ledger_is_told_so_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="init") as caught:
        open_ledger(settings_for(tmp_path / "home"))
    assert caught.value.code == "no-ledger"
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_whose_key_file_others_can_read_does_not_open(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    key = next(path for path in (ledger.home / "keys").iterdir() if path.is_file())
    key.chmod(0o644)
    with pytest.raises(CustodyError):
        reopen(ledger)


def test_a_ledger_without_its_keys_does_not_open(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    (ledger.home / "keys").rename(tmp_path / "elsewhere")
    with pytest.raises(CustodyError):
        reopen(ledger)


def test_ids_are_of_the_form_that_the_architecture_names(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, example=False)
    assert re.fullmatch(r"org-[a-z2-7]{26}", ledger.new_id("org"))
    assert re.fullmatch(r"[0-9a-z]{26,32}", ledger.new_subject_id(START_MS))
    assert len({ledger.new_id("org") for _ in range(100)}) == 100
    assert len({ledger.new_subject_id(START_MS) for _ in range(100)}) == 100


def test_one_seed_and_clock_make_one_sequence_of_ids(tmp_path: Path) -> None:
    """Notes, style 6: time and ids are injected."""
    one, other, third = (
        make_ledger(tmp_path / str(n), example=False, seed=seed) for n, seed in enumerate((1, 1, 2))
    )
    assert one.new_subject_id(START_MS) == other.new_subject_id(START_MS)
    assert one.new_id("org") == other.new_id("org") != third.new_id("org")


def test_new_persons_lie_side_by_side_in_time(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, example=False)
    ids = [ledger.new_subject_id(START_MS + seconds * 1_000) for seconds in range(10)]
    assert ids == sorted(ids)


@only_sqlite
def test_the_database_lies_in_the_data_folder(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, example=False)
    assert (ledger.home / DATABASE).is_file()
    assert ledger.origin == "jinlan.localhost"


def test_the_system_clock_counts_milliseconds() -> None:
    assert START_MS - 10**11 < system_clock() < START_MS + 10**12


def test_today_is_the_day_in_china_by_the_ledgers_clock(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, example=False)
    for instant, day in (
        ("2026-01-14T15:59:59.999Z", date(2026, 1, 14)),
        ("2026-01-14T16:00:00.000Z", date(2026, 1, 15)),
    ):
        ledger.clock = lambda instant=instant: parse_instant(instant)  # type: ignore[misc]
        assert ledger.today() == day


def test_pooled_random_bytes_are_given_out_once_also_among_threads() -> None:
    pool = RandomPool().draw
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: pool(32), range(20_000)))
    assert len(set(drawn)) == len(drawn)
    assert {len(one) for one in drawn} == {32}
    assert len(pool(200_000)) == 200_000


def test_a_forked_child_shares_no_random_bytes_with_its_parent() -> None:
    code = (
        "import os; from ledger.services.context import SYSTEM_RANDOM as r; r(1); p = os.fork();"
        "p and os.waitpid(p, 0); print(r(32).hex(), flush=True)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = told.stdout.split()
    assert len(lines) == 2
    assert lines[0] != lines[1]
