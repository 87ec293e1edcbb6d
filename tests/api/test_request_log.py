"""The request log: a closed list of fields."""

import logging

import orjson
import pytest

from api.request_log import FIELDS, LOGGER, JsonLines, StandardError, start_logging
from tests.api.worlds import World, logged

REQUEST_FIELDS = {"time", "event", "request_id", "method", "route", "status", "ms"}


def _line(record: logging.LogRecord) -> dict[str, object]:
    line: dict[str, object] = orjson.loads(JsonLines().format(record))
    return line


def test_a_request_is_one_line_with_the_template_of_its_route(world: World) -> None:
    with logged() as records:
        answer = world.get(f"/v1/subjects/{'b' * 32}/transcript?on=2026-01-02")
    lines = [_line(record) for record in records if record.name == LOGGER]
    (line,) = lines
    assert set(line) == REQUEST_FIELDS
    assert line["route"] == "/v1/subjects/<subject>/transcript"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "b" * 26 not in str(line)
    assert "2026-01-02" not in str({k: v for k, v in line.items() if k != "time"})


@pytest.mark.parametrize(("method", "path"), [("GET", "/330199199505192154"), ("ZHANGSAN", "/")])
def test_what_is_not_served_is_logged_without_what_was_asked(
    world: World, method: str, path: str
) -> None:
    with logged() as records:
        world.client.open(path, method=method)
    (line,) = [_line(record) for record in records if record.name == LOGGER]
    assert path == "/" or line["route"] == "-"
    assert method == "GET" or line["method"] == "-"


def test_the_id_of_a_request_is_ours(world: World) -> None:
    """A caller's own id could carry anything into the log."""
    answer = world.client.get("/livez", headers={"X-Request-Id": "330199199505192154"})
    assert answer.headers["X-Request-Id"].startswith("req-")


def test_a_record_gives_nothing_but_the_listed_fields() -> None:
    record = logging.makeLogRecord(
        {"msg": "secret %s", "args": ("x",), "event": "request", "url": "/secret", "created": 1.5}
    )
    assert _line(record) == {"time": "1970-01-01T00:00:01.500Z", "event": "request"}
    assert "message" not in FIELDS


def test_the_log_is_started_once_and_is_ours_alone() -> None:
    start_logging()
    start_logging()
    logger = logging.getLogger(LOGGER)
    assert len([each for each in logger.handlers if isinstance(each, StandardError)]) == 1
    assert not logger.propagate
