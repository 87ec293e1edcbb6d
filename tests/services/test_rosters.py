"""A roster in, a report out that accounts for every row; a repeat goes on or gets what was."""

from pathlib import Path

import pytest

from ledger.errors import ConflictError, MalformedError, NotFoundError, RefusedError
from ledger.services import rosters
from ledger.services.context import Ledger
from ledger.services.import_reports import stored_report
from ledger.services.rosters import ImportedRow, import_roster
from ledger.services.transcripts import list_subjects
from tests.ledgers import (
    make_ledger,
    make_person,
    make_roster,
    query,
    reopen,
    school_of,
    verify_whole,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return make_ledger(tmp_path)


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
