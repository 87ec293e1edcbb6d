"""import, transcript, export, subjects, revoke, erase: what they print and how they exit."""

from pathlib import Path

import orjson
import pytest

from tests.cli.command import Run, make_run
from tests.ledgers import make_person, make_roster

ID = make_person(0).id_number


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = make_run(tmp_path / "home", monkeypatch)
    assert made("init", "--example").status == 0
    (tmp_path / "roster.csv").write_bytes(make_roster(0, 1))
    return made


@pytest.fixture
def school(run: Run) -> str:
    return str(run("organisation", "list", "--json").json["organisations"][0]["id"])


def _import(run: Run, school: str, tmp_path: Path, *more: object) -> object:
    answer = run("import", tmp_path / "roster.csv", "--issuer", school, "--json", *more)
    assert answer.status == 0
    return answer.json


def _subject(run: Run) -> str:
    listed = run("subjects", "--id-number", "--json", stdin=ID.lower() + "\n").json["subjects"]
    assert len(listed) == 1
    return str(listed[0]["id"])


def test_a_roster_goes_in_and_its_report_accounts_for_every_row(
    run: Run, school: str, tmp_path: Path
) -> None:
    report = tmp_path / "out.json"
    summary = _import(run, school, tmp_path, "--report", report)
    written = orjson.loads(report.read_bytes())
    assert written["summary"] == summary
    assert [(row["row"], row["outcome"]) for row in written["rows"]] == [
        (1, "accepted"), (2, "accepted"),
    ]  # fmt: skip
    assert {"row", "outcome", "codes", "normalized", "entry_index"} <= set(written["rows"][0])
    again = run("import", tmp_path / "roster.csv", "--issuer", school, "--report", report)
    assert again.out.startswith("2 rows: 0 accepted, 2 ")
    assert run("audit").status == 0


def test_a_report_of_personal_data_is_for_its_owner_only(
    run: Run, school: str, tmp_path: Path
) -> None:
    _import(run, school, tmp_path, "--report", tmp_path / "out.json")
    assert ID in (tmp_path / "out.json").read_text()
    assert (tmp_path / "out.json").stat().st_mode & 0o077 == 0


def test_an_import_exits_with_1_when_nothing_of_the_file_is_recorded(
    run: Run, school: str, tmp_path: Path
) -> None:
    roster = tmp_path / "roster.csv"
    good, bad = make_roster(0), make_roster(1, end="2025-02-30")
    arguments = ("import", roster, "--issuer", school)
    roster.write_bytes(bad)
    assert run(*arguments).status == 1
    refused = run(*arguments, "--all-or-nothing", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "all-or-nothing")
    roster.write_bytes(good + bad.split(b"\n", 1)[1])
    # Once its good row is accepted, then it is repeated: both are answers that stand.
    for accepted in (1, 0):
        answer = run(*arguments, "--json")
        assert (answer.status, answer.json["outcomes"]["accepted"]) == (0, accepted)
        assert answer.json["outcomes"]["rejected"] == 1
    assert run(*arguments, "--strict").status == 1


def test_a_row_that_a_rule_refused_is_told_like_one_that_cannot_be_read(
    run: Run, school: str, tmp_path: Path
) -> None:
    (tmp_path / "roster.csv").write_bytes(
        make_roster(0, end="2020-04-11").replace(b"2025-03-03", b"2020-03-03")
    )
    report = tmp_path / "out.json"
    arguments = ("import", tmp_path / "roster.csv", "--issuer", school, "--report", report)
    assert run(*arguments).status == 1
    (problem,) = orjson.loads(report.read_bytes())["rows"][0]["problems"]
    assert (problem["code"], problem["column"]) == ("issuer-scope", "职业编码")
    assert problem["fix"]["en"]
    assert problem["fix"]["zh-Hans"]


def test_a_file_that_is_no_roster_is_a_clear_error(run: Run, school: str, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_bytes(b"")
    report = tmp_path / "out.json"
    answer = run(
        "import", tmp_path / "roster.csv", "--issuer", school, "--report", report, "--json"
    )
    assert (answer.status, answer.json["error"]["code"]) == (1, "roster-empty")
    unknown = run("import", tmp_path / "roster.csv", "--issuer", "org-x")
    assert (unknown.status, unknown.err.split(":")[0]) == (1, "issuer-unknown")


def test_the_same_key_gets_the_first_answer(run: Run, school: str, tmp_path: Path) -> None:
    first = _import(run, school, tmp_path, "--key", "k")
    again = _import(run, school, tmp_path, "--key", "k")
    assert again == {**first, "replayed": True}  # type: ignore[dict-item]
    (tmp_path / "roster.csv").write_bytes(make_roster(2))
    other = run("import", tmp_path / "roster.csv", "--issuer", school, "--key", "k")
    assert (other.status, other.err.split(":")[0]) == (1, "idempotency-key-reused")


def test_a_transcript_is_shown_at_a_date(run: Run, school: str, tmp_path: Path) -> None:
    _import(run, school, tmp_path)
    subject = _subject(run)
    shown = run("transcript", "--subject", subject, "--on", "2025-12-31", "--json").json
    assert (shown["total_credits"], shown["on"]) == ("5.5", "2025-12-31")
    early = run("transcript", "--subject", subject, "--on", "2025-01-01", "--json").json
    assert early["records"] == []
    words = run("transcript", "--subject", subject).out
    assert "total credits: 5.5" in words
    assert "五级/初级工" in words
    assert "level 1" not in words
    assert ID not in words
    assert run("transcript", "--subject", subject, "--on", "yesterday").status == 2
    assert run("transcript", "--subject", "nobody").status == 1


def test_an_export_is_written_and_verifies(run: Run, school: str, tmp_path: Path) -> None:
    _import(run, school, tmp_path)
    out = tmp_path / "bundle.json"
    answer = run("export", "--subject", _subject(run), "--out", out, "--json")
    assert answer.json == {"file": str(out), "bytes": out.stat().st_size}
    assert out.stat().st_mode & 0o777 == 0o600
    assert run("verify", out).status == 0
    assert run("export", "--subject", "nobody", "--out", out).status == 1


@pytest.mark.parametrize("command", ["export", "import", "prove"])
def test_a_file_that_cannot_be_written_is_a_clear_error(
    run: Run, school: str, tmp_path: Path, command: str
) -> None:
    _import(run, school, tmp_path)
    out = tmp_path / "absent" / "out.json"
    arguments = {
        "export": ("export", "--subject", _subject(run), "--out", out),
        "import": ("import", tmp_path / "roster.csv", "--issuer", school, "--report", out),
        "prove": ("prove", 0, "--out", out),
    }[command]
    answer = run(*arguments)
    assert answer.status == 2
    assert str(out) in answer.err
    assert run(*arguments, "--json").json["error"]["code"] == "file-unusable"


def test_people_are_listed_masked_and_found_by_the_number_on_standard_input(
    run: Run, school: str, tmp_path: Path
) -> None:
    _import(run, school, tmp_path)
    listed = run("subjects")
    assert listed.out.count("records") == 2
    assert ID not in listed.out
    assert _subject(run) in listed.out
    unknown = run("subjects", "--id-number", "--json", stdin=make_person(9).id_number + "\n")
    assert (unknown.status, unknown.json["error"]["code"]) == (1, "not-found")
    assert make_person(9).id_number not in unknown.out


def test_one_person_is_found_without_opening_the_others(
    run: Run, school: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _import(run, school, tmp_path)
    listed = run("subjects", "--json").json["subjects"]

    def refuse(_ledger: object) -> None:
        raise AssertionError("everybody was opened")

    monkeypatch.setattr("ledger.cli.records.list_subjects", refuse)
    found = run("subjects", "--id-number", "--json", stdin=ID + "\n").json["subjects"]
    assert len(found) == 1
    assert found[0] in listed


def test_a_record_or_an_issuers_period_is_revoked(run: Run, school: str, tmp_path: Path) -> None:
    _import(run, school, tmp_path)
    one = run("revoke", "--entry", 4, "--reason", "entered-in-error", "--json")
    assert one.json == {"entry": 6, "revoked": [4]}
    again = run("revoke", "--entry", 4, "--reason", "entered-in-error")
    assert (again.status, again.err.split(":")[0]) == (1, "already-revoked")
    period = ("--issuer", school, "--from", "2025-01-01", "--to", "2025-12-31")
    assert run("revoke", *period, "--reason", "issuer-misconduct", "--json").json == {
        "entry": 7, "revoked": [5],
    }  # fmt: skip
    assert run("audit").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--entry", 4, "--from", "2025-01-01"),
        ("--issuer", "org-x"),
        ("--issuer", "org-x", "--from", "2025-01-01"),
        ("--entry", "four"),
        ("--entry", 10**30),
        ("--entry", -1),
    ],
)
def test_a_revocation_of_nothing_clear_is_wrong_use(run: Run, arguments: tuple[object]) -> None:
    assert run("revoke", *arguments, "--reason", "entered-in-error").status == 2
    assert run("revoke", "--entry", 4, "--reason", "because").status == 2


def test_erasing_asks_first(run: Run, school: str, tmp_path: Path) -> None:
    _import(run, school, tmp_path)
    subject = _subject(run)
    refused = run("erase", "--subject", subject, "--json", stdin="n\n")
    assert (refused.status, refused.json["error"]["code"]) == (1, "not-confirmed")
    assert _subject(run) == subject
    assert run("erase", "--subject", subject, "--yes", "--json").json == {
        "entry": 6, "entries": [4],
    }  # fmt: skip
    assert run("erase", "--subject", subject, "--yes").status == 1
    audit = run("audit", "--json").json
    assert (audit["sound"], audit["erased"]) == (True, 1)
