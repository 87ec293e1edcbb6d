"""A roster in, a report out that accounts for every row; a repeat goes on or gets what was."""

from pathlib import Path

import pytest

from ledger.domain import decisions
from ledger.domain.withdrawals import RevokeRecord
from ledger.errors import ConflictError, MalformedError, NotFoundError, RefusedError
from ledger.intake.messages import RULE_MESSAGES, message
from ledger.services import rosters
from ledger.services.context import Ledger
from ledger.services.import_reports import stored_report
from ledger.services.organisations import change_organisation
from ledger.services.rosters import ImportedRow, import_roster
from ledger.services.transcripts import list_subjects
from ledger.services.withdrawal import revoke_record
from tests.ledgers import (
    add_other_school,
    make_command,
    make_ledger,
    make_number,
    make_person,
    make_roster,
    post,
    query,
    reopen,
    school_of,
    verify_whole,
)


def _bad_row(n: int) -> bytes:
    """A roster of one row whose ID number ends in a wrong character."""
    number = make_person(n).id_number
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    return make_roster(n).replace(number.encode(), wrong.encode())


def _joined(*parts: bytes) -> bytes:
    return parts[0] + b"".join(part.split(b"\n", 1)[1] for part in parts[1:])


def test_every_row_of_the_file_is_accounted_for_in_order(ledger: Ledger) -> None:
    seen: list[ImportedRow] = []
    data = _joined(make_roster(0, 1), _bad_row(2), make_roster(1, 3))
    summary = import_roster(ledger, school_of(ledger), data, on_row=seen.append)
    assert [row.outcome for row in seen] == [
        "accepted", "accepted", "rejected", "duplicate", "accepted",
    ]  # fmt: skip
    assert [row.source.row for row in seen] == [1, 2, 3, 4, 5]
    assert "id-checksum" in seen[2].codes
    assert seen[3].result is not None
    assert seen[1].result is not None
    assert seen[3].result.entry_index == seen[1].result.entry_index
    assert summary.to_json() == {
        "rows": 5,
        "outcomes": {"accepted": 3, "rejected": 1, "duplicate": 1},
        "credits": "16.5",
        "dropped_rows": 0,
        "format": "csv",
        "encoding": "utf-8",
        "report_id": summary.report_id,
        "replayed": False,
    }
    verify_whole(ledger)


def test_the_sender_sees_values_and_the_kept_report_is_masked(ledger: Ledger) -> None:
    rows: list[ImportedRow] = []
    data = _joined(make_roster(0), _bad_row(1))
    summary = import_roster(ledger, school_of(ledger), data, on_row=rows.append)
    shown = [row.to_json(masked=False) for row in rows]
    assert shown[0]["normalized"]["credits"] == "5.5"
    assert make_person(1).id_number[:17] in str(shown[1]["problems"])
    kept = stored_report(reopen(ledger), summary.report_id)
    assert kept["issuer"] == school_of(ledger)
    assert kept["summary"] == summary.to_json()
    assert [row["outcome"] for row in kept["rows"]] == ["accepted", "rejected"]
    assert kept["rows"] == [row.to_json(masked=True) for row in rows]
    for n in (0, 1):
        for trace in (make_person(n).name, make_person(n).id_number[6:14]):
            assert trace not in str(kept)
    stored = bytes(query(ledger, "SELECT content FROM report_part")[0][0])  # type: ignore[call-overload]
    assert b"accepted" not in stored
    with pytest.raises(NotFoundError):
        stored_report(ledger, "rep-x")
    verify_whole(ledger)


def test_the_same_file_under_the_same_key_gets_the_first_answer(ledger: Ledger) -> None:
    school, data = school_of(ledger), _joined(make_roster(0, 1), _bad_row(2))
    first = import_roster(ledger, school, data, key="k")
    again = import_roster(reopen(ledger), school, data, key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.outcomes, again.report_id) == (first.outcomes, first.report_id)
    assert query(ledger, "SELECT count(*) FROM report") == [(1,)]
    with pytest.raises(ConflictError):
        import_roster(ledger, school, make_roster(0), key="k")
    assert import_roster(ledger, school, data).outcomes["duplicate"] == 2
    verify_whole(ledger)


def test_an_import_that_was_cut_off_goes_on_where_it_stopped(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "BATCH_ROWS", 3)
    school, data = school_of(ledger), make_roster(*range(8))
    seen: list[ImportedRow] = []

    def die(row: ImportedRow) -> None:
        seen.append(row)
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_roster(ledger, school, data, key="k", on_row=die)
    assert query(ledger, "SELECT count(*) FROM record") == [(6,)]
    summary = import_roster(reopen(ledger), school, data, key="k")
    assert summary.outcomes == {"accepted": 8, "rejected": 0, "duplicate": 0}
    assert not summary.replayed
    assert query(ledger, "SELECT count(*) FROM record") == [(8,)]
    verify_whole(ledger)


@pytest.mark.parametrize("last", [_bad_row(5), make_roster(5, end="2030-01-01")])
def test_all_or_nothing_records_nothing_of_a_file_with_a_bad_row(
    ledger: Ledger, last: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the intake or a rule of the ledger refuses it, and however far down it stands."""
    monkeypatch.setattr(rosters, "BATCH_ROWS", 2)
    school, data = school_of(ledger), _joined(make_roster(*range(5)), last)
    for key in (None, "k"):
        with pytest.raises(RefusedError) as caught:
            import_roster(ledger, school, data, key=key, all_or_nothing=True)
        assert caught.value.code == "all-or-nothing"
    assert list_subjects(ledger) == []
    good = import_roster(ledger, school, make_roster(*range(5)), all_or_nothing=True)
    assert good.outcomes["accepted"] == 5
    verify_whole(ledger)


def test_a_file_that_is_no_roster_or_an_unknown_issuer_records_nothing(ledger: Ledger) -> None:
    size = verify_whole(ledger).entries
    for data in (b"", b"\x00\x01", "胡,芳\n1,2\n".encode()):
        with pytest.raises(MalformedError) as caught:
            import_roster(ledger, school_of(ledger), data)
        assert caught.value.code.startswith("roster-")
    with pytest.raises(NotFoundError):
        import_roster(ledger, "org-" + "z" * 26, make_roster(0))
    assert verify_whole(ledger).entries == size


def test_rows_that_differ_are_corrections_only_where_the_sender_says_so(ledger: Ledger) -> None:
    school = school_of(ledger)
    import_roster(ledger, school, make_roster(0))
    changed = make_roster(0).replace(b",40,80,", b",48,80,")
    refused = import_roster(ledger, school, changed)
    assert refused.outcomes["rejected"] == 1
    corrected = import_roster(ledger, school, changed, correcting=True)
    assert (corrected.outcomes["accepted"], corrected.credits) == (1, "6")
    verify_whole(ledger)


def _refused(ledger: Ledger, school: str, data: bytes, *, correcting: bool = False) -> ImportedRow:
    """Import a roster of one row, which a rule refuses; give the row."""
    rows: list[ImportedRow] = []
    import_roster(ledger, school, data, correcting=correcting, on_row=rows.append)
    (row,) = rows
    assert row.outcome == "rejected"
    return row


def _certified(n: int) -> bytes:
    """A roster of one row that has the certificate of the n-th person."""
    header, row, _ = make_roster(n).split(b"\n")
    stated = make_number(n)
    columns = ",证书类型,证书编号,发证日期".encode()
    values = f",{stated.type},{stated.number},{stated.issued}".encode()
    return header + columns + b"\n" + row + values + b"\n"


CHANGED = make_roster(0).replace(b",40,80,", b",48,80,")
RENAMED = make_roster(0).replace(make_person(0).name.encode(), "甲乙".encode())


@pytest.mark.parametrize(
    ("data", "code", "column", "found"),
    [
        (RENAMED, "id-name-conflict", "姓名", "甲乙"),
        (CHANGED, "record-differs", "班级编号", "JL1"),
        (make_roster(1, end="2030-01-01"), "event-in-future", "结班日期", "2030-01-01"),
        (
            make_roster(1).replace(b"2025-03-03", b"2020-12-31"),
            "issuer-scope",
            "职业编码",
            "4-10-01-05, 五级/初级工, 2020-12-31 - 2025-04-11",
        ),
        (
            _certified(3).replace(*(make_person(n).id_number.encode() for n in (3, 4))),
            "certificate-number-taken",
            "证书编号",
            make_number(3).number,
        ),
    ],
)
def test_a_row_that_a_rule_refuses_says_where_what_and_how_to_mend_it(
    ledger: Ledger, data: bytes, code: str, column: str, found: str
) -> None:
    school = school_of(ledger)
    import_roster(ledger, school, make_roster(0))
    post(ledger, make_command(3))
    row = _refused(ledger, school, data)
    (problem,) = row.to_json(masked=False)["problems"]
    assert row.codes == (code,)
    assert (problem["code"], problem["column"], problem["found"]) == (code, column, found)
    told = message(code)
    assert problem["expected"] == {"zh-Hans": told.expected.zh_hans, "en": told.expected.en}
    assert problem["fix"] == {"zh-Hans": told.fix.zh_hans, "en": told.fix.en}
    (masked,) = row.to_json(masked=True)["problems"]
    assert masked["found"] == ("甲*" if column == "姓名" else found)


def test_a_refusal_that_no_cell_is_to_blame_for_is_about_the_row(ledger: Ledger) -> None:
    school = school_of(ledger)
    change_organisation(ledger, school, status="suspended")
    (problem,) = _refused(ledger, school, make_roster(0)).to_json(masked=True)["problems"]
    assert (problem["code"], problem["column"], problem["found"]) == ("issuer-inactive", "", "")


def test_without_a_schedule_the_last_day_is_named(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, example=False)
    row = _refused(ledger, add_other_school(ledger).id, make_roster(0))
    (problem,) = row.to_json(masked=True)["problems"]
    assert (problem["code"], problem["column"], problem["found"]) == (
        "schedule-missing", "结班日期", "2025-04-11",
    )  # fmt: skip


def test_what_is_withdrawn_or_another_schools_is_told_with_its_class(ledger: Ledger) -> None:
    school, other = school_of(ledger), add_other_school(ledger).id
    import_roster(ledger, school, make_roster(0))
    theirs = _refused(ledger, other, CHANGED, correcting=True)
    revoke_record(ledger, "ledger", RevokeRecord(5, "entered-in-error", None))
    gone = _refused(ledger, school, make_roster(0))
    for row, code in ((theirs, "not-your-record"), (gone, "already-revoked")):
        (problem,) = row.problems
        assert (problem.code, problem.column, problem.found) == (code, "班级编号", "JL1")


def test_every_code_of_the_rules_has_its_message() -> None:
    assert set(decisions.CODES) | {"malformed"} == set(RULE_MESSAGES)
    for told in RULE_MESSAGES.values():
        for text in (told.expected, told.fix):
            assert text.zh_hans
            assert text.en
            assert not text.zh_hans.isascii()
            assert not text.en.endswith(".")


def test_a_repeat_says_which_entry_it_repeats(ledger: Ledger) -> None:
    rows: list[ImportedRow] = []
    import_roster(
        ledger, school_of(ledger), _joined(make_roster(0), make_roster(0)), on_row=rows.append
    )
    told = rows[1].to_json(masked=True)
    assert (told["outcome"], told["entry_index"], told["problems"]) == ("duplicate", 4, [])
    assert "第 4 号条目" in told["message"]
    assert "entry 4" in told["message"]


def test_the_number_of_rows_is_known_before_the_first(ledger: Ledger) -> None:
    seen: list[object] = []
    import_roster(
        ledger, school_of(ledger), make_roster(0, 1), on_row=seen.append, on_total=seen.append
    )
    assert (seen[0], len(seen)) == (2, 3)
