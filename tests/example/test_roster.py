"""The example roster: nobody who exists, mostly right, and wrong in the ways of real rosters."""

import re
from pathlib import Path

from ledger.example import ROSTER, SCHOOL_USCC
from ledger.services.rosters import ImportedRow, import_roster
from tests.ledgers import make_ledger, school_of, verify_whole


def test_every_row_of_the_example_has_the_outcome_it_was_written_for(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    rows: list[ImportedRow] = []
    summary = import_roster(
        ledger, school_of(ledger), ROSTER.read_bytes(), ROSTER.name, on_row=rows.append
    )
    assert summary.outcomes == {"accepted": 35, "rejected": 3, "duplicate": 1}
    assert {row.source.row: row.codes for row in rows if row.outcome != "accepted"} == {
        34: ("id-checksum",),
        35: ("id-excel-exponent",),
        38: ("date-impossible",),
        39: ("duplicate-row",),
    }
    verify_whole(ledger)


def test_the_people_and_the_school_of_the_example_do_not_exist() -> None:
    text = ROSTER.read_text(encoding="utf-8-sig")
    numbers = re.findall(r"(?<![0-9A-Z])[0-9]{17}[0-9X](?![0-9])", text)
    assert len(numbers) > 30
    assert {number[:6] for number in numbers} == {"330199"}
    assert {phone[:3] for phone in re.findall(r",(1[0-9]{10}),", text)} == {"190"}
    assert SCHOOL_USCC[2:6] == "3301"
