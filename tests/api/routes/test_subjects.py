"""Transcript and export through the API."""

import pytest

from ledger.services.opening import key_list
from ledger.verify import verify
from tests.api.worlds import SAMPLE_ID_NUMBER, SAMPLE_NAME, World


def test_a_transcript_shows_the_records_and_masks_the_person(world: World) -> None:
    answer = world.get(f"/v1/subjects/{world.a_subject()}/transcript?on=2026-11-22")
    assert answer.json["on"] == "2026-11-22"
    assert answer.json["total_credits"] == "7.0"
    (record,) = answer.json["records"]
    assert record["body"]["facts"]["class"]["number"] == "ZJ20230008"
    assert "subject" not in record["body"]
    told = answer.get_data(as_text=True)
    assert SAMPLE_NAME not in told
    assert SAMPLE_ID_NUMBER not in told


def test_an_export_is_a_file_that_verifies_without_the_server(world: World) -> None:
    answer = world.get(f"/v1/subjects/{world.a_subject()}/export?on=2026-11-22")
    assert answer.content_type == "application/json"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="jinlan-transcript-2026-11-22.json"'
    )
    report = verify(answer.data, key_list(world.ledger), world.ledger.clock())
    assert report.verdict == "valid"


def test_without_a_day_it_is_today(world: World) -> None:
    with world.app.app_context():
        expected = world.ledger.today().isoformat()
    assert world.get(f"/v1/subjects/{world.a_subject()}/transcript").json["on"] == expected


@pytest.mark.parametrize(
    "on",
    ["", "20261122", "2026-W47-7", "2026-1-2", "2026-02-30", "1899-12-31", "2200-01-01", "today"],
)
def test_a_day_has_one_form(world: World, on: str) -> None:
    """ISO 8601 has more; one day must have one spelling."""
    for path in ("transcript", "export"):
        answer = world.get(f"/v1/subjects/{world.a_subject()}/{path}", query_string={"on": on})
        assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "on")


@pytest.mark.parametrize(
    ("subject", "status"),
    [("a" * 32, 404), ("a" * 31, 400), ("A" * 32, 400), ("g" * 32, 400), ("1", 400)],
)
def test_a_person_that_is_not_there(world: World, subject: str, status: int) -> None:
    for path in ("transcript", "export"):
        assert world.get(f"/v1/subjects/{subject}/{path}").status_code == status


def test_a_person_without_a_record_at_that_day_has_no_export(world: World) -> None:
    """Whatever the ledger answers, it is no fault of its own."""
    answer = world.get(f"/v1/subjects/{world.a_subject()}/export?on=1999-01-01")
    assert answer.status_code in {200, 422}
