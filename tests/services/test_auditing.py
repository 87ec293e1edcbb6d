"""The audit names the first entry at which what is stored is not what was appended.

Edits of every kind in a large database are a journey of their own; here stands one for each check.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.services.auditing import AuditReport, Finding, audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.settings import DATABASE
from ledger.storage import checkpoints
from tests.databases import copy_home, only_sqlite
from tests.ledgers import edit, make_command, make_ledger, post, reopen, verify_whole

EDITS = {
    "bytes": (
        "UPDATE entry SET bytes = CAST(bytes || ' ' AS BLOB) WHERE [index] = 6",
        "leaf-hash",
        6,
    ),
    "leaf hash": ("UPDATE entry SET leaf_hash = zeroblob(32) WHERE [index] = 6", "leaf-hash", 6),
    "removed": ("DELETE FROM entry WHERE [index] = 6", "entry", 6),
    "moved": ('UPDATE entry SET "index" = 99 WHERE "index" = 6', "entry", 6),
    "cut": ('DELETE FROM entry WHERE "index" >= 6', "head", 6),
    "below zero": ("INSERT INTO entry VALUES (-1, zeroblob(32), x'00')", "entry", 0),
    "tile": ("UPDATE tile SET hashes = zeroblob(length(hashes))", "tile", 0),
    "tile emptied": ("UPDATE tile SET hashes = x''", "tile", 0),
    "tile gone": ("DELETE FROM tile", "tile", 0),
    "tile added": ("INSERT INTO tile VALUES (3, 0, zeroblob(32))", "tile", 9),
    "head size": ("UPDATE head SET size = 99", "head", 9),
    "head hash": ("UPDATE head SET leaf_hash = zeroblob(32)", "head", 9),
    "head time": ("UPDATE head SET time_ms = time_ms + 1", "head", 9),
    "head gone": ("DELETE FROM head", "head", None),
    "checkpoint": ("UPDATE checkpoint SET note = CAST(note || ' ' AS BLOB) WHERE size = 9",
                   "checkpoint", None),
    "checkpoint size": ("UPDATE checkpoint SET size = 8 WHERE size = 9", "checkpoint", None),
    "two versions": ("INSERT INTO alembic_version VALUES ('9999')", "schema", None),
    "answer": ("INSERT INTO answer VALUES ('o', 'k', x'00', x'00', x'00')", "answer", None),
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = make_ledger(tmp_path)
    post(made, *(make_command(n) for n in range(5)))
    verify_whole(made)
    return made


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_is_found_and_its_place_named(ledger: Ledger, kind: str) -> None:
    statement, what, index = EDITS[kind]
    assert edit(ledger, statement) >= 1
    report = audit(reopen(ledger))
    assert not report.sound
    assert what in {finding.what for finding in report.findings}
    assert report.first_bad_index == index


def test_a_whole_history_that_was_hashed_anew_contradicts_the_checkpoint(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Notes, security section 1, fact 1: the chain alone says OK."""
    home = tmp_path / "other" / "home"
    ledger.close()
    copy_home(ledger.home, home)
    other = make_ledger(home.parent, seed=5)
    post(ledger, *(make_command(n) for n in range(10, 15)))
    note = sign_checkpoint(ledger).note
    post(other, *(make_command(n) for n in range(20, 25)))
    assert audit(other).sound
    checkpoints.write_outside(other.home, note)
    report = audit(other)
    assert {finding.what for finding in report.findings} == {"checkpoint"}
    assert report.first_bad_index == 9


def test_a_missing_checkpoint_file_is_a_finding(ledger: Ledger) -> None:
    (ledger.home / checkpoints.FILE_NAME).unlink()
    report = audit(ledger)
    assert [finding.what for finding in report.findings] == ["checkpoint"]


def test_progress_is_told_entry_by_entry(ledger: Ledger) -> None:
    seen: list[int] = []
    report = audit(ledger, seen.append)
    assert sum(seen) == report.entries == report.bodies == 9
    assert report.checkpoints == 4


def test_a_report_keeps_a_bounded_number_of_findings_and_names_the_lowest_index() -> None:
    report = AuditReport()
    assert report.sound
    assert report.first_bad_index is None
    for index in range(2_000, 0, -1):
        report.add(index, "entry", "")
    assert len(report.findings) == 1_000
    report = AuditReport(
        findings=[Finding(None, "a", ""), Finding(7, "b", ""), Finding(3, "c", "")]
    )
    assert report.first_bad_index == 3


@only_sqlite
def test_a_trigger_listed_under_another_name_of_its_table_is_found(ledger: Ledger) -> None:
    """Nothing else of it differs: SQLite reads its definition."""
    ledger.engine.dispose()
    with closing(sqlite3.connect(ledger.home / DATABASE, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        renamed = "UPDATE sqlite_master SET tbl_name = 'Entry' WHERE name = 'entry_no_delete'"
        assert database.execute(renamed).rowcount == 1
    assert "schema" in {finding.what for finding in audit(reopen(ledger)).findings}
