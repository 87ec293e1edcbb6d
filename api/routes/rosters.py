"""Rosters: a school posts what people completed, and reads what became of every row."""

from typing import Any

import flask

from api.arguments import (
    IDEMPOTENCY_KEY,
    MULTIPART,
    read_idempotency_key,
    read_multipart,
    read_path,
    read_query,
    wrong_parameter,
)
from api.blueprints import blueprint, path_id, query
from api.pagination import link_next, next_cursor, parse_cursor
from api.schemas.requests import KEY_PATTERN, REPORT_PATTERN, Page, RosterForm, Wait
from api.schemas.rosters import ReportAnswer, RosterAnswer
from api.served import served_ledger
from ledger.errors import MalformedError
from ledger.services.checkpointing import is_published
from ledger.services.import_reports import stored_report
from ledger.services.rosters import import_roster

rosters = blueprint("rosters", "Completion rosters that training organisations post.")

PUBLISHED_SECONDS_MAX = 10

_KEY_HEADER = {
    "in": "header",
    "name": IDEMPOTENCY_KEY,
    "description": "What comes twice under one key is recorded once, and gets the first answer.",
    "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
}


@rosters.route("/v1/rosters", methods=["POST"])
@rosters.doc(
    parameters=[_KEY_HEADER, query(Wait)],
    requestBody={"required": True, "content": {MULTIPART: {"schema": RosterForm}}},
)
@rosters.response(
    201,
    RosterAnswer,
    headers={"Location": {"description": "The report.", "schema": {"type": "string"}}},
)
def post_roster() -> tuple[dict[str, Any], dict[str, str]]:
    """Record a roster.

    Every row of the file is accounted for in the report. A row that is refused never touches its
    neighbours, unless `all_or_nothing` asks for it. The answer comes after the rows are on the
    disk; with `wait=published` after a signed checkpoint covers them, or after ten seconds without.
    """
    wait = read_query(Wait()).get("wait")
    key = read_idempotency_key()
    form = read_multipart(RosterForm())
    ledger = served_ledger()
    summary = import_roster(
        ledger,
        form["issuer"],
        form["file"].read(),
        form["file"].filename,
        key=key,
        correcting=form["correcting"],
        all_or_nothing=form["all_or_nothing"],
    )
    seconds = PUBLISHED_SECONDS_MAX if wait == "published" else 0
    answer = summary.to_json() | {"published": is_published(ledger, seconds)}
    return answer, {"Location": f"/v1/rosters/{summary.report_id}"}


@rosters.route("/v1/rosters/<report>", methods=["GET"])
@rosters.doc(parameters=[path_id("report", REPORT_PATTERN, "Id of the report."), query(Page)])
@rosters.response(
    200,
    ReportAnswer,
    headers={"Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}}},
)
def get_report(report: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Read what became of a roster, row by row.

    Names, ID numbers and phones are masked.
    """
    report_id = read_path("report", report, REPORT_PATTERN)
    asked = read_query(Page())
    try:
        offset = parse_cursor(asked["cursor"]) if "cursor" in asked else 0
    except MalformedError:
        raise wrong_parameter("cursor") from None
    kept = stored_report(served_ledger(), report_id, offset, asked["limit"])
    following = next_cursor(offset, asked["limit"], kept.pop("total"))
    headers = {}
    if following is not None:
        headers["Link"] = link_next(flask.request.path, asked["limit"], following)
    return {**kept, "id": report_id, "next": following}, headers
