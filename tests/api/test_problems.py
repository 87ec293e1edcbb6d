"""Problems: one shape for every error, one status for every family."""

import inspect
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

import ledger.errors
from api.problems import STATUSES, ledger_problem, roster_errors, status_of
from ledger.errors import (
    CustodyError,
    DamagedError,
    LedgerError,
    MalformedError,
    RefusedError,
    UnavailableError,
)
from ledger.intake.messages import MESSAGES
from tests.api.worlds import World, roster, row

FIELDS = ["type", "title", "status", "detail", "code", "errors", "request_id"]
HIDDEN = "/var/lib/ledger/keys"


def _families() -> list[type[LedgerError]]:
    classes = [each for _, each in inspect.getmembers(ledger.errors, inspect.isclass)]
    return [each for each in classes if issubclass(each, LedgerError)]


def test_the_table_has_a_status_for_every_family() -> None:
    assert set(STATUSES) == set(_families())


def test_the_api_page_names_the_status_of_every_family() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for family, status in STATUSES.items():
        if family is not LedgerError:
            assert any(f"`{family.family}`" in line and f"| {status}" in line for line in rows)


def test_a_narrower_error_has_the_status_of_its_family() -> None:
    class NarrowError(RefusedError):
        pass

    assert status_of(NarrowError("no", code="narrow")) == 422


@pytest.mark.parametrize("family", [DamagedError, CustodyError, UnavailableError])
def test_what_is_our_fault_tells_nothing_of_the_cause(
    world: World, family: type[LedgerError]
) -> None:
    with world.app.test_request_context():
        world.app.preprocess_request()
        told = str(ledger_problem(family(f"{HIDDEN}: found mode 0644")).to_json())
    assert HIDDEN not in told
    assert family.family in told


def test_what_can_be_tried_again_says_when() -> None:
    assert int(ledger_problem(UnavailableError("busy")).headers["Retry-After"]) > 0


def test_an_error_of_the_caller_says_what_was_expected() -> None:
    problem = ledger_problem(MalformedError("index: expected digits"))
    assert (problem.status, problem.detail) == (400, "index: expected digits")


def test_a_file_that_is_no_roster_is_explained_in_both_languages() -> None:
    codes = [code for code in MESSAGES if code.startswith("roster-")]
    assert codes
    for code in codes:
        (error,) = roster_errors(code)
        assert error.pointer == "/file"
        assert error.zh
        assert error.en.isascii()
    assert roster_errors("malformed") == ()


def _one_of_each(world: World) -> dict[int, TestResponse]:
    client = world.client
    big = b"x" * ((1 << 20) + 1)
    return {
        400: world.get("/log/tile/7/7"),
        401: client.get("/v1/rosters/rep-" + "a" * 26),
        404: client.get("/nowhere"),
        405: client.delete("/livez"),
        409: _conflict(world),
        413: client.post("/v1/verify", data=big * 9, content_type="application/json"),
        415: client.post("/v1/verify", data=b"{}", content_type="text/html"),
        422: world.post_roster(roster(row(id_number="33019919950519215X")), all_or_nothing="true"),
    }


def _conflict(world: World) -> TestResponse:
    world.post_roster(roster(), key="conflict-1")
    return world.post_roster(roster(row(number="ZJ20230009")), key="conflict-1")


def test_every_error_has_the_one_shape(world: World) -> None:
    """RFC 9457 3.1; the shape is pinned here."""
    for status, answer in _one_of_each(world).items():
        assert answer.status_code == status, answer.data
        assert answer.content_type == "application/problem+json"
        problem = answer.json
        assert list(problem) == FIELDS
        assert problem["status"] == status
        assert problem["type"] == f"urn:jinlan:problem:{problem['code']}"
        assert problem["request_id"] == answer.headers["X-Request-Id"]
        for error in problem["errors"]:
            assert list(error) == ["pointer", "parameter", "code", "text"]
            assert set(error["text"]) == {"zh-Hans", "en"}
