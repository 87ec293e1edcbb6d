"""A transcript at a date, computed each time, and shown masked."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ledger.errors import DamagedError, NotFoundError
from ledger.services.context import Ledger
from ledger.services.transcripts import find_subject, list_subjects, read_transcript
from tests.ledgers import (
    ELECTRICIAN,
    TODAY,
    edit,
    make_command,
    make_ledger,
    make_person,
    post,
    school_of,
    subject_of,
    verify_whole,
)


def _summer(n: int = 0) -> object:
    taught = replace(
        make_command().training_class, number="E", start=date(2025, 6, 2), end=date(2025, 6, 30)
    )
    return make_command(n, training_class=taught, occupation=ELECTRICIAN, certificate=None)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = make_ledger(tmp_path)
    post(made, make_command(), _summer(), make_command(1))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize(
    ("on", "total", "records"),
    [
        (date(2025, 4, 10), "0", 0),
        (date(2025, 4, 11), "5.5", 1),
        (date(2025, 6, 29), "5.5", 1),
        (date(2025, 6, 30), "11.0", 2),
        (TODAY, "11.0", 2),
    ],
)
def test_a_transcript_shows_what_had_happened_by_its_date(
    ledger: Ledger, on: date, total: str, records: int
) -> None:
    shown = read_transcript(ledger, subject_of(ledger), on)
    assert (shown["total_credits"], len(shown["records"])) == (total, records)
    assert shown["on"] == on.isoformat()


def test_the_holder_is_masked_and_no_link_to_other_bodies_is_shown(ledger: Ledger) -> None:
    subject, person = subject_of(ledger), make_person()
    shown = read_transcript(ledger, subject, TODAY)
    assert shown["holder"]["id_number"] == f"330{'*' * 11}{person.id_number[-4:]}"
    for trace in (person.name, person.id_number, str(person.phone)):
        assert trace not in str(shown)
    assert all("subject" not in line["body"] for line in shown["records"])
    assert {line["issuer_name"] for line in shown["records"]} == {"金蓝示范职业培训学校"}
    assert {line["issuer"] for line in shown["records"]} == {school_of(ledger)}


def test_people_are_listed_masked_with_the_number_of_their_records(ledger: Ledger) -> None:
    listed = list_subjects(ledger)
    assert {each["id"]: each["records"] for each in listed} == {
        subject_of(ledger, 0): 2, subject_of(ledger, 1): 1,
    }  # fmt: skip
    for n in (0, 1):
        assert make_person(n).name not in str(listed)
        assert make_person(n).id_number not in str(listed)


def test_a_person_is_found_by_the_whole_id_number_only(ledger: Ledger) -> None:
    number = make_person().id_number
    for other in ("", number[:-1], number + "0", number.lower() + " "):
        assert find_subject(ledger, other) is None
    with pytest.raises(NotFoundError):
        read_transcript(ledger, "nobody", TODAY)


def test_a_body_swapped_with_another_persons_is_not_shown(ledger: Ledger) -> None:
    mine, theirs = subject_of(ledger, 0), subject_of(ledger, 1)
    assert edit(
        ledger,
        "UPDATE body SET content = (SELECT content FROM body WHERE subject = ?) WHERE subject = ?",
        theirs,
        mine,
    )
    with pytest.raises(DamagedError):
        read_transcript(ledger, mine, TODAY)


def test_the_ledger_is_sound_after_reading(ledger: Ledger) -> None:
    read_transcript(ledger, subject_of(ledger), TODAY)
    verify_whole(ledger)
