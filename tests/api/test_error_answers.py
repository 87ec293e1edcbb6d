"""Whatever ends a request, the caller gets a problem and no stack trace."""

import pytest
from werkzeug.test import TestResponse

import api.routes.subjects
from ledger.errors import CustodyError, DamagedError, LedgerError, UnavailableError
from tests.api.worlds import World, logged

HIDDEN = "张三 330199199505192154 /var/keys"


def _answer_when_the_service_raises(
    world: World, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> TestResponse:
    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(api.routes.subjects, "read_transcript", fail)
    return world.get(f"/v1/subjects/{'a' * 32}/transcript")


@pytest.mark.parametrize("error", [RuntimeError(HIDDEN), KeyError(HIDDEN), RecursionError(HIDDEN)])
def test_an_unforeseen_error_tells_and_logs_nothing_of_its_text(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with logged() as records:
        answer = _answer_when_the_service_raises(world, error, monkeypatch)
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert answer.json["errors"] == []
    for hidden in ("张三", "330199199505192154", "Traceback", "Error", "keys"):
        assert hidden not in answer.get_data(as_text=True)
        assert hidden == "Error" or all(hidden not in str(vars(record)) for record in records)
    failure = next(record for record in records if vars(record).get("event") == "failure")
    assert vars(failure)["raised"][0] == type(error).__name__
    assert any(place.endswith(":fail") for place in vars(failure)["places"])
    assert vars(failure)["request_id"] == answer.json["request_id"]


@pytest.mark.parametrize(
    ("error", "status"), [(DamagedError(HIDDEN), 500), (CustodyError(HIDDEN), 500)]
)
def test_damage_is_told_by_its_code_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, error: LedgerError, status: int
) -> None:
    answer = _answer_when_the_service_raises(world, error, monkeypatch)
    assert (answer.status_code, answer.json["code"]) == (status, error.code)
    assert "张三" not in answer.get_data(as_text=True)


def test_what_is_unavailable_may_be_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _answer_when_the_service_raises(world, UnavailableError("locked"), monkeypatch)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_a_wrong_method_is_told_which_are_right(world: World) -> None:
    """RFC 9110 15.5.6: 405 comes with Allow."""
    answer = world.client.open("/v1/verify", method="GET")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_options_answers_like_any_other_method_that_is_not_served(world: World) -> None:
    assert world.client.options("/v1/rosters").status_code == 405
