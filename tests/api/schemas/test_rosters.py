"""What is told of an import."""

from api.schemas.rosters import ImportSummaryAnswer, ReportAnswer, ReportRow
from ledger.services.rosters import ImportSummary


def test_the_summary_tells_all_that_the_service_says() -> None:
    summary = ImportSummary(rows=2, encoding="utf-8", report_id="rep-x").to_json()
    assert ImportSummaryAnswer().dump(summary) == summary


def test_a_row_never_tells_the_normalised_values() -> None:
    """They are the person in the clear; what the schema does not name does not leave."""
    row = {"row": 1, "normalized": {"name": "胡芳雨"}, "outcome": "accepted"}
    assert ReportRow().dump(row) == {"row": 1, "outcome": "accepted"}


def test_a_report_is_its_page_with_the_cursor_of_the_next() -> None:
    report = {"id": "rep-x", "issuer": "org-x", "rows": [{"row": 1}], "next": None}
    assert ReportAnswer().dump(report) == report
