"""organisation add, change, list: what they print and how they exit."""

from pathlib import Path

import click
import pytest

from ledger.cli.organisations import parse_scope
from tests.cli.command import Run
from tests.ledgers import OTHER_USCC, make_roster

SCOPE = ("--scope", "4-10-01-05:1-3:2023-01-01")


def test_an_organisation_is_added_and_listed(run: Run) -> None:
    run("init")
    added = run(
        "organisation", "add", "--name", "某技工学校", "--uscc", OTHER_USCC, *SCOPE, "--json"
    )
    assert added.status == 0
    listed = run("organisation", "list", "--json").json["organisations"]
    assert listed == [added.json]
    assert listed[0] == {
        "id": added.json["id"],
        "name": "某技工学校",
        "uscc": OTHER_USCC,
        "type": "school",
        "status": "active",
        "scope": ["4-10-01-05:1-3:2023-01-01"],
    }
    assert added.json["id"] in run("organisation", "list").out
    again = run("organisation", "add", "--name", "另", "--uscc", OTHER_USCC, *SCOPE)
    assert (again.status, again.err.split(":")[0]) == (1, "organisation-exists")


def test_a_wrong_credit_code_is_refused_in_words(run: Run) -> None:
    run("init")
    answer = run("organisation", "add", "--name", "某校", "--uscc", "123", *SCOPE)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("uscc: ")


@pytest.mark.parametrize(
    "scope", ["", "4-10-01-05", "*:*", "*:a-b:2023-01-01", "*:1:2023-02-30", "*:1:2023-01-01:x",
              "*:1:2023-01-01:2024-01-01:x", "4-10:1:2023-01-01", "*:9:2023-01-01",
              "*:3-1:2023-01-01", "*:1:2024-01-01:2023-01-01", "*:0-99999999999999:2023-01-01"],
)  # fmt: skip
def test_a_wrong_scope_is_refused_and_registers_nobody(run: Run, scope: str) -> None:
    run("init")
    answer = run("organisation", "add", "--name", "某校", "--uscc", OTHER_USCC, "--scope", scope)
    assert answer.status in {1, 2}
    assert "scope" in answer.err.lower() or "OCCUPATION:RANKS:FROM" in answer.err
    assert run("organisation", "list", "--json").json == {"organisations": []}


def test_a_scope_is_read_with_all_its_parts() -> None:
    scope = parse_scope("4-10-01-05:1-3:2023-01-01:2025-12-31")
    assert (scope.occupation, sorted(scope.levels)) == ("4-10-01-05", [1, 2, 3])
    assert (str(scope.start), str(scope.end)) == ("2023-01-01", "2025-12-31")
    assert sorted(parse_scope("*:*:2021-03-29").levels) == list(range(8))
    assert parse_scope(":2:2021-03-29").occupation == "*"
    with pytest.raises(click.BadParameter):
        parse_scope("*:1-2-3:2021-03-29")


def test_a_suspended_organisation_cannot_post_until_it_is_active_again(
    run: Run, tmp_path: Path
) -> None:
    school = run("init", "--example", "--json").json["organisation"]["id"]
    roster, report = tmp_path / "roster.csv", tmp_path / "report.json"
    roster.write_bytes(make_roster(0))
    arguments = ("import", roster, "--issuer", school, "--report", report)
    changed = run("organisation", "change", school, "--status", "suspended", "--json")
    assert (changed.status, changed.json["status"]) == (0, "suspended")
    assert run(*arguments).status == 1
    assert "issuer-inactive" in report.read_text()
    again = run("organisation", "change", school, "--status", "active", "--name", "新名学校")
    assert "active  新名学校" in again.out
    assert run(*arguments).status == 0
    assert run("audit", "--json").json["entries"] == 4 + 2 + 1


def test_a_change_needs_something_to_change_and_somebody(run: Run) -> None:
    run("init", "--example")
    for arguments in ((), ("--status", "gone"), ("--scope", "x")):
        assert run("organisation", "change", "org-x", *arguments).status == 2
    unknown = run("organisation", "change", "org-x", "--status", "closed", "--json")
    assert (unknown.status, unknown.json["error"]["code"]) == (1, "issuer-unknown")


def test_a_changed_scope_replaces_the_whole(run: Run) -> None:
    school = run("init", "--example", "--json").json["organisation"]["id"]
    scope = "4-10-01-05:1-3:2023-01-01:2025-12-31"
    assert run("organisation", "change", school, "--scope", scope, "--json").json["scope"] == [
        scope
    ]
