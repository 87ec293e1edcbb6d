"""The request log: a JSON line for each request and each failure of ours, of listed fields.

    {"time":"2026-11-22T08:00:00.123Z","event":"request","request_id":"req-...","method":"GET",
     "route":"/v1/subjects/<subject>/transcript","status":200,"ms":12}

Never a path parameter, a query, a header, a body or an error's text: each may hold a name or an ID
number. The route is its template. A failure is told by its types and places in the code.
"""

import logging
import sys
import time
import traceback
from pathlib import PurePath
from typing import Final

import flask
import orjson

from api.served import served_ledger
from ledger.core.instant import format_instant

LOGGER: Final = "jinlan.requests"
FIELDS: Final = (
    "event",
    "request_id",
    "method",
    "route",
    "status",
    "ms",
    "code",
    "raised",
    "places",
)
"""Everything that a line may hold, beside its time."""

NO_ROUTE: Final = "-"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PLACES_MAX: Final = 30
_MS: Final = 1000

_log = logging.getLogger(LOGGER)


class JsonLines(logging.Formatter):
    """Writes the fields of the list, and nothing else of a record."""

    def format(self, record: logging.LogRecord) -> str:  # type: ignore[explicit-override]  # from 3.12 on
        """Write one line."""
        line = {"time": format_instant(int(record.created * _MS))}
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        return orjson.dumps(line).decode()


class StandardError(logging.Handler):
    """Writes lines to standard error as it is now; whoever redirects it later gets them."""

    def emit(self, record: logging.LogRecord) -> None:  # type: ignore[explicit-override]  # from 3.12 on
        """Write one line."""
        sys.stderr.write(self.format(record) + "\n")
        sys.stderr.flush()


def start_logging() -> None:
    """Send the request log to standard error. May be repeated."""
    if not any(isinstance(handler, StandardError) for handler in _log.handlers):
        handler = StandardError()
        handler.setFormatter(JsonLines())
        _log.addHandler(handler)
        _log.setLevel(logging.INFO)
        # The root logger's handlers belong to the server, and their form is not ours.
        _log.propagate = False


def begin_request() -> None:
    """Give the request its id and note when it began.

    The id is ours: a caller's own could carry anything.
    """
    flask.g.request_id = served_ledger().new_id("req")
    flask.g.began = time.perf_counter()


def request_id() -> str:
    """Give the id of the current request."""
    found: str = flask.g.request_id
    return found


def log_request(answer: flask.Response) -> flask.Response:
    """Log an answered request, and tell the caller its id."""
    answer.headers["X-Request-Id"] = request_id()
    rule = flask.request.url_rule
    _log.info(
        "request",
        extra={
            "event": "request",
            "request_id": request_id(),
            "method": flask.request.method if flask.request.method in METHODS else NO_ROUTE,
            "route": NO_ROUTE if rule is None else rule.rule,
            "status": answer.status_code,
            "ms": round((time.perf_counter() - flask.g.began) * _MS),
        },
    )
    return answer


def log_failure(error: BaseException, code: str) -> None:
    """Log what failed: the types of the error and its causes, and where they were raised."""
    raised: list[str] = []
    places: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(raised) < _PLACES_MAX:
        raised.append(type(seen).__qualname__)
        places.extend(
            f"{PurePath(frame.filename).name}:{frame.lineno}:{frame.name}"
            for frame in traceback.extract_tb(seen.__traceback__)
        )
        seen = seen.__cause__ or seen.__context__
    extra = {
        "event": "failure",
        "request_id": request_id(),
        "code": code,
        "raised": raised,
        "places": places[-_PLACES_MAX:],
    }
    _log.error("failure", extra=extra)
