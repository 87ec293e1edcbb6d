"""Kept reports are read page by page, masked, and go when a person whom they tell of goes."""

from pathlib import Path

import pytest

from ledger.errors import NotFoundError
from ledger.services.erasure import erase
from ledger.services.import_reports import ReportDraft, keep_report, stored_report
from ledger.services.rosters import import_roster
from ledger.services.transcripts import find_subject
from tests.ledgers import make_ledger, make_person, make_roster, school_of


def test_any_page_of_a_report_is_the_same_cut_of_its_rows(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    draft = ReportDraft()
    rows = [{"row": number} for number in range(7)]
    draft.add(rows[:3])
    draft.add([])
    draft.add(rows[3:])
    keep_report(ledger, "rep-a", draft, {"issuer": "org-x", "summary": {}})
    for offset in range(9):
        for limit in (1, 2, 3, 9):
            page = stored_report(ledger, "rep-a", offset, limit)
            assert (page["total"], page["rows"]) == (7, rows[offset : offset + limit])
    assert stored_report(ledger, "rep-a")["rows"] == rows
    with pytest.raises(NotFoundError):
        stored_report(ledger, "rep-b")


def test_a_report_in_which_only_a_refused_row_tells_of_a_person_goes_with_them(
    tmp_path: Path,
) -> None:
    """A name in a column for levels is no name to the mask."""
    ledger = make_ledger(tmp_path)
    import_roster(ledger, school_of(ledger), make_roster(9))
    person = make_person(9)
    shifted = make_roster(9).decode().replace("五级/初级工", person.name)
    refused = import_roster(ledger, school_of(ledger), shifted.encode())
    assert refused.outcomes["rejected"] == 1
    other = import_roster(ledger, school_of(ledger), make_roster(8))
    subject = find_subject(ledger, person.id_number)
    assert subject is not None
    erase(ledger, subject)
    with pytest.raises(NotFoundError):
        stored_report(ledger, refused.report_id)
    assert stored_report(ledger, other.report_id)["rows"]
