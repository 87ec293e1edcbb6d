"""What commands say in words: enough to compare, and nothing that was not proved."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.cli.words import report_lines, row_lines, transcript_lines
from ledger.core.instant import format_instant
from ledger.domain.withdrawals import RevokeRecord
from ledger.services.context import Ledger
from ledger.services.exports import export_bundle
from ledger.services.rosters import ImportedRow, import_roster
from ledger.services.transcripts import list_subjects, read_transcript
from ledger.services.withdrawal import revoke_record
from ledger.verify import Report, verify
from tests.ledgers import (
    TODAY,
    make_command,
    make_ledger,
    make_person,
    make_roster,
    post,
    school_of,
)

LANGUAGES = ("zh-Hans", "zh-Hant", "en")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = make_ledger(tmp_path)
    post(made, make_command(0), make_command(0, number="JL2025002", certificate=None))
    return made


def _report(ledger: Ledger, change: Callable[[bytes], bytes] = bytes) -> Report:
    subject = list_subjects(ledger)[0]["id"]
    data = change(export_bundle(ledger, subject, TODAY))
    return verify(data, ledger.keyring.published(), ledger.clock())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_says_what_an_employer_compares(ledger: Ledger, lang: str) -> None:
    text = "\n".join(report_lines(_report(ledger), lang))
    person = make_person(0)
    label = {"zh-Hant": "五級/初級工"}.get(lang, "五级/初级工")
    for part in (
        person.name, person.id_number[-4:], "养老护理员 (4-10-01-05)", label,
        "金蓝示范职业培训学校", "5.5", "2025-03-03 - 2025-04-11", "S000033990199255000000",
        "2025-05-12", format_instant(ledger.clock()),
    ):  # fmt: skip
        assert part in text
    assert person.id_number not in text
    if lang == "en":
        assert "withdrawals are known up to" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_told_of_a_document_whose_signature_failed(ledger: Ledger, lang: str) -> None:
    report = _report(ledger, lambda data: data.replace("养老".encode(), "养小".encode()))
    assert report.verdict == "altered"
    text = "\n".join(report_lines(report, lang))
    for part in (make_person(0).name, "护理员", "示范", "5.5", "2025"):
        assert part not in text


def test_a_withdrawn_record_is_named_and_no_longer_told(ledger: Ledger) -> None:
    index = 4
    revoke_record(ledger, "ledger", RevokeRecord(index, "entered-in-error", None))
    lines = report_lines(_report(ledger), "en")
    assert f"  #{index}  Withdrawn" in lines


def test_a_transcript_names_levels_as_certificates_do(ledger: Ledger) -> None:
    subject = list_subjects(ledger)[0]["id"]
    lines = transcript_lines(read_transcript(ledger, subject, TODAY))
    assert "五级/初级工" in lines[1]
    assert "level" not in "".join(lines)
    assert lines[-1].startswith("total credits: ")
    assert make_person(0).name not in "".join(lines)


def test_rows_say_why_and_what_to_do_in_both_languages_and_what_they_repeat(
    ledger: Ledger,
) -> None:
    rows: list[ImportedRow] = []
    renamed = make_roster(0).replace(make_person(0).name.encode(), "甲乙".encode())
    data = renamed + make_roster(1, 1).split(b"\n", 1)[1]
    import_roster(ledger, school_of(ledger), data, on_row=rows.append)
    assert [row.outcome for row in rows] == ["rejected", "accepted", "duplicate"]
    refused = row_lines(rows[0])
    assert refused[0] == "row 1: rejected, id-name-conflict. 姓名 甲*"
    assert "核对姓名" in refused[1]
    assert "Check name and number" in refused[2]
    assert row_lines(rows[1]) == []
    (repeated,) = row_lines(rows[2])
    assert repeated.startswith("row 3: repeated")
    assert "entry 6" in repeated
