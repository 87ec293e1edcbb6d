"""Turns whatever ends a request into a problem: our errors, Flask's, and the unforeseen."""

from typing import Protocol, cast

import flask
import orjson

from api.problems import (
    MEDIA_TYPE,
    Problem,
    ProblemError,
    http_problem,
    ledger_problem,
    unexpected_problem,
)
from api.request_log import log_failure
from ledger.errors import LedgerError

# Headers that HTTP demands with a status; anything else of the framework's answer is dropped.
_HEADERS_KEPT = ("Allow",)
_OUR_FAULT_MIN = 500


class HttpError(Protocol):
    """What Flask raises for an answer that is an error."""

    code: int | None

    def get_headers(self) -> list[tuple[str, str]]:
        """Give the headers of its answer."""
        ...


def answer(problem: Problem) -> flask.Response:
    """Give the HTTP answer that carries a problem."""
    made = flask.Response(orjson.dumps(problem.to_json()), problem.status, content_type=MEDIA_TYPE)
    made.headers.extend(dict(problem.headers))
    return made


def answer_problem_error(error: ProblemError) -> flask.Response:
    """Answer with the problem that a parser or guard raised."""
    return answer(error.problem)


def answer_ledger_error(error: LedgerError) -> flask.Response:
    """Answer with what the ledger says; what is our fault goes to the log."""
    problem = ledger_problem(error)
    if problem.status >= _OUR_FAULT_MIN:
        log_failure(error, error.code)
    return answer(problem)


def answer_http_error(error: Exception) -> flask.Response:
    """Answer with Flask's status, in our words: its own may repeat what was sent."""
    raised = cast("HttpError", error)
    kept = {name: value for name, value in raised.get_headers() if name in _HEADERS_KEPT}
    return answer(http_problem(raised.code or _OUR_FAULT_MIN, kept))


def answer_unexpected(error: Exception) -> flask.Response:
    """Answer with 500 and log where it happened, without the error's text."""
    problem = unexpected_problem()
    log_failure(error, problem.code)
    return answer(problem)
