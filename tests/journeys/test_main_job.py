"""The main job as an operator does it: roster in, report out, an export that anyone verifies."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from ledger.core.instant import parse_instant
from tests.databases import copy_home
from tests.journeys.command_line import jinlan, run_python, sound
from tests.journeys.ledgers import size_of
from tests.shared_data import shared

FILES = (
    "completions.csv",
    "completions_bom.csv",
    "completions_gb18030.csv",
    "completions_dirty.csv",
    "completions_dirty.xlsx",
)
CREDITS = {"completions_dirty.csv": "53", "completions_dirty.xlsx": "66"}
DIRTY = "data/rosters/completions_dirty.csv"
# A verifier that is not the ledger: a file, the key list, and the room ledger.verify.
STRANGER = """
import sys
from pathlib import Path
from ledger.core.key_list import decode_key_list
from ledger.verify import verify
trust = decode_key_list(Path("keys.json").read_bytes())
report = verify(Path("export.json").read_bytes(), trust, int(sys.argv[1]))
print(report.verdict, len(report.to_json()["records"]))
"""


@pytest.fixture(scope="module")
def fresh(folder_of_a_file: Path) -> Path:
    """A ledger with the example school and nothing recorded."""
    home = folder_of_a_file / "home"
    sound(home, "init", "--example")
    return home


@pytest.fixture
def home(fresh: Path, tmp_path: Path) -> Path:
    """A copy of the fresh ledger, to record in."""
    return copy_home(fresh, tmp_path / "home")


@pytest.fixture(scope="module")
def school(fresh: Path) -> str:
    """Id of the example school."""
    (only,) = sound(fresh, "organisation", "list")["organisations"]
    return str(only["id"])


def imported(home: Path, file: Path, school: str, *more: str) -> dict[str, Any]:
    """Import a roster; give its report."""
    out = home.parent / "report.json"
    summary = sound(home, "import", str(file), "--issuer", school, "--report", str(out), *more)
    report: dict[str, Any] = orjson.loads(out.read_bytes())
    assert report["summary"] == summary
    return report


def expectation(row: dict[str, Any]) -> dict[str, Any]:
    """Give the part of a report's row that expected.json speaks of."""
    return {name: row[name] for name in ("row", "outcome", "codes", "normalized")}


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_the_shared_rosters_is_reported_as_expected(
    name: str, home: Path, school: str
) -> None:
    expected = orjson.loads(shared("data/rosters/expected.json").read_bytes())[name]
    before = size_of(home)
    report = imported(home, shared(f"data/rosters/{name}"), school)
    rows = report["rows"]
    assert [expectation(row) for row in rows] == expected
    accepted = [row["entry_index"] for row in rows if row["outcome"] == "accepted"]
    assert accepted == list(range(before, size_of(home)))
    for row in rows:
        if row["outcome"] == "duplicate":
            assert row["entry_index"] in accepted
        elif row["outcome"] == "rejected":
            assert row["entry_index"] is None
    assert report["summary"]["credits"] == CREDITS.get(name, "407.5")


def test_the_same_file_again_repeats_the_first_entries_and_adds_none(
    home: Path, school: str
) -> None:
    first = imported(home, shared(DIRTY), school)["rows"]
    size = size_of(home)
    again = imported(home, shared(DIRTY), school)["rows"]
    assert size_of(home) == size
    for one, other in zip(first, again, strict=True):
        assert other["entry_index"] == one["entry_index"]
        assert other["outcome"] == ("duplicate" if one["entry_index"] else "rejected")
    assert sound(home, "audit")["sound"] is True


def test_a_retry_under_a_key_gets_the_first_answer(home: Path, school: str) -> None:
    first = imported(home, shared(DIRTY), school, "--key", "roster-1")
    size = size_of(home)
    retried = imported(home, shared(DIRTY), school, "--key", "roster-1")
    assert retried["rows"] == first["rows"]
    assert retried["summary"] == {**first["summary"], "replayed": True}
    other = jinlan(
        home, "import", str(shared("data/rosters/completions_dirty.xlsx")), "--issuer", school,
        "--key", "roster-1", "--json",
    )  # fmt: skip
    assert (other.status, other.code) == (1, "idempotency-key-reused")
    # An import under a key has an answer of its own besides those of its batches, but no entry.
    assert size_of(home) == size == 4 + 25


def test_all_or_nothing_records_nothing_of_a_file_with_a_bad_row(home: Path, school: str) -> None:
    size = size_of(home)
    refused = jinlan(
        home, "import", str(shared(DIRTY)), "--issuer", school, "--all-or-nothing", "--json"
    )
    assert (refused.status, refused.code) == (1, "all-or-nothing")
    assert size_of(home) == size
    assert sound(home, "subjects")["subjects"] == []
    clean = shared("data/rosters/completions.csv")
    assert imported(home, clean, school, "--all-or-nothing")["summary"]["outcomes"] == {
        "accepted": 200,
        "duplicate": 0,
        "rejected": 0,
    }


def id_numbers(file: Path) -> set[str]:
    rows = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
    return {row["身份证号"] for row in rows}


def test_a_roster_becomes_an_export_that_a_stranger_verifies(
    home: Path, school: str, tmp_path: Path
) -> None:
    """The stranger has the file and keys.json, and loads no database, web or command code."""
    roster = shared("data/rosters/completions.csv")
    imported(home, roster, school)
    listed = sound(home, "subjects")["subjects"]
    assert len(listed) == len(id_numbers(roster))
    subject = max(listed, key=lambda one: one["records"])
    export = tmp_path / "export.json"
    sound(home, "export", "--subject", subject["id"], "--out", str(export))
    shutil.copy(home / "keys.json", tmp_path)
    shutil.move(home, tmp_path / "away")
    trust = ("--trust", str(tmp_path / "keys.json"))
    verdict = sound(tmp_path / "none", "verify", str(export), *trust)
    assert verdict["verdict"] == "valid"
    assert len(verdict["records"]) == subject["records"]
    now = str(parse_instant(verdict["checked_at"]))
    code = f"import os\nos.chdir({str(tmp_path)!r})\n{STRANGER}"
    stranger = run_python(tmp_path / "none", "-X", "importtime", "-c", code, now)
    assert stranger.out.decode().split() == ["valid", str(subject["records"])], stranger.err[-800:]
    loaded = {line.rpartition(b"|")[2].strip().decode() for line in stranger.err.splitlines()}
    assert "ledger.verify.verifier" in loaded
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"sqlalchemy", "sqlite3", "flask", "click", "rich", "alembic", "keys"}
    assert not {name for name in loaded if name.startswith(("ledger.storage", "ledger.services"))}
    altered = tmp_path / "altered.json"
    content = export.read_bytes()
    place = content.index(b'\\"granted\\":\\"') + len(b'\\"granted\\":\\"')
    altered.write_bytes(content[:place] + b"9" + content[place:])
    refused = jinlan(tmp_path / "none", "verify", str(altered), *trust, "--json")
    assert (refused.status, refused.json["verdict"]) == (1, "altered")


def test_the_first_command_can_be_given_twice(tmp_path: Path) -> None:
    home = tmp_path / "home"
    sizes, organisations = [], []
    for _ in range(2):
        answer = jinlan(home, "run", "--once")
        assert answer.status == 0, answer
        assert b"valid" in answer.out
        sizes.append(size_of(home))
        organisations.append(sound(home, "organisation", "list"))
    assert sizes[0] == sizes[1] > 4
    assert organisations[0] == organisations[1]
    assert sound(home, "audit")["sound"] is True
