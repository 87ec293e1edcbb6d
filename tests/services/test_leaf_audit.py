"""Entries are held against what a writer would have written, and a span stands for itself."""

from pathlib import Path

import pytest

from ledger.core.digest import HASH_BYTES, leaf_hash
from ledger.core.merkle import perfect_root
from ledger.services.audit_report import AuditReport
from ledger.services.context import Ledger
from ledger.services.leaf_audit import LeafAudit, compare_tile
from ledger.storage import log, scanning
from ledger.storage.engine import reading, writing
from tests.ledgers import edit, make_ledger, reopen

COUNT = 600


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Only entries: what hangs on them is nothing here."""
    made = make_ledger(tmp_path, example=False)
    with writing(made.engine) as connection:
        for start in range(0, COUNT, 50):
            drafts = [("key", "ledger", leaf_hash(b"%d" % i)) for i in range(50)]
            log.append(connection, log.read_head(connection), drafts, start)
    return made


def audited(ledger: Ledger, start: int, stop: int) -> tuple[LeafAudit, AuditReport, list[int]]:
    """Audit the leaves of a span; give the indices seen too."""
    report = AuditReport()
    with reading(ledger.engine) as connection:
        leaves = LeafAudit(connection, report.add, start)
        seen = [entry[0] for _, entries in leaves.check(stop) for entry in entries]
    return leaves, report, seen


def test_a_span_gives_the_hashes_above_it_and_where_it_ends(ledger: Ledger) -> None:
    leaves, report, seen = audited(ledger, 256, 600)
    assert report.sound
    assert seen == list(range(256, 600))
    with reading(ledger.engine) as connection:
        assert leaves.row == perfect_root(log.read_whole_tile(connection, 0, 1))
        assert leaves.edge == log.read_whole_tile(connection, 0, 2)[: 88 * HASH_BYTES]
        assert leaves.prev == log.read_entry(connection, 599).leaf_hash
    assert (leaves.place, leaves.entries) == (600, 344)


def test_a_span_is_held_against_the_entry_before_it(ledger: Ledger) -> None:
    edit(ledger, "UPDATE entry SET bytes = CAST(replace(bytes, 'SCL-1', 'SCL-2') AS BLOB) "
                 'WHERE "index" = 255')  # fmt: skip
    # What is no entry has no time, but it has a hash, and that is not the one that is named.
    assert audited(reopen(ledger), 256, 512)[1].findings == []
    edit(ledger, 'UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE "index" = 254) '
                 'WHERE "index" = 255')  # fmt: skip
    assert [(f.index, f.what) for f in audited(reopen(ledger), 256, 512)[1].findings] == [
        (256, "chain")
    ]


@pytest.mark.parametrize("index", [0, 1, 255, 256, 300, 599])
def test_an_entry_that_is_gone_is_named_and_those_behind_it_keep_their_places(
    ledger: Ledger, index: int
) -> None:
    edit(ledger, f'DELETE FROM entry WHERE "index" = {index}')  # noqa: S608 - a number of ours
    leaves, report, seen = audited(reopen(ledger), 0, 600)
    if index < 599:
        assert report.first_bad_index == index
        assert {f.what for f in report.findings} <= {"entry", "chain", "tile"}
    assert len(seen) == 599
    assert leaves.place == (600 if index < 599 else 599)
    assert audited(reopen(ledger), 512, 600)[1].sound


def test_a_row_far_away_is_named_and_the_reading_ends(ledger: Ledger) -> None:
    edit(ledger, 'DELETE FROM entry WHERE "index" >= 600')
    edit(ledger, 'UPDATE entry SET "index" = 9000000000 WHERE "index" = 599')
    leaves, report, _ = audited(reopen(ledger), 0, 2**60)
    assert [(f.index, f.what) for f in report.findings] == [(599, "entry")]
    assert leaves.place == 599


@pytest.mark.parametrize("column", ["bytes", "leaf_hash"])
def test_a_value_that_is_no_bytes_is_named(ledger: Ledger, column: str) -> None:
    edit(ledger, f"UPDATE entry SET {column} = 'text' WHERE \"index\" = 300")  # noqa: S608 - ours
    assert audited(reopen(ledger), 256, 600)[1].first_bad_index == 300


def test_a_tile_above_is_named_by_an_entry_that_is_known_to_be_bad(ledger: Ledger) -> None:
    report = AuditReport()
    with reading(ledger.engine) as connection:
        stored = log.read_whole_tile(connection, 1, 0)
        compare_tile(connection, report.add, (1, 0), stored)
        assert report.sound
        other = stored[:HASH_BYTES] + bytes(HASH_BYTES)
        compare_tile(connection, report.add, (1, 0), other)
        compare_tile(connection, report.add, (1, 0), other, lambda start, _stop: start + 7)
    assert [finding.index for finding in report.findings] == [256, 263]


def test_rows_in_no_order_are_told_and_fill_no_memory(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pages give them that somebody exchanged: far ones and near ones in turn."""
    with reading(ledger.engine) as connection:
        (rows, *_) = scanning.entry_rows(connection, 0, 200)
    mixed = [each for row in rows for each in ((60_000, *row[1:]), row, (2**50, *row[1:]))]
    monkeypatch.setattr(scanning, "entry_rows", lambda *_: iter([[*mixed, rows[-1]]]))
    leaves, report, _ = audited(ledger, 0, 200)
    assert report.findings[0].index == 0
    assert leaves.place == 60_001
    assert len(leaves.row) + len(leaves.edge) < 2 * 60_000 * HASH_BYTES // 256 + 256 * HASH_BYTES
