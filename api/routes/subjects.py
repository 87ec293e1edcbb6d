"""One person's records: the transcript at a date, and its export."""

from typing import Any

import flask

from api.arguments import read_path, read_query
from api.blueprints import blueprint, path_id, query
from api.schemas.requests import SUBJECT_PATTERN, OnDate
from api.schemas.transcripts import TranscriptAnswer
from api.served import served_ledger
from ledger.services.exports import export_bundle
from ledger.services.transcripts import read_transcript

subjects = blueprint("subjects", "The records of one person.")

_PARAMETERS = [
    path_id("subject", SUBJECT_PATTERN, "Id of the person; says nothing of them."),
    query(OnDate),
]


@subjects.route("/v1/subjects/<subject>/transcript", methods=["GET"])
@subjects.doc(parameters=_PARAMETERS)
@subjects.response(200, TranscriptAnswer)
def get_transcript(subject: str) -> dict[str, Any]:
    """Read a transcript at a date.

    Computed anew from the log: what expired, was corrected or revoked by that day is marked and
    does not count.
    """
    subject_id = read_path("subject", subject, SUBJECT_PATTERN)
    on = read_query(OnDate()).get("on") or served_ledger().today()
    return read_transcript(served_ledger(), subject_id, on)


@subjects.route("/v1/subjects/<subject>/export", methods=["GET"])
@subjects.doc(parameters=_PARAMETERS)
@subjects.response(
    200,
    {"type": "object"},
    description="A sealed bundle, which verifies without this server.",
    headers={"Content-Disposition": {"description": "A file name.", "schema": {"type": "string"}}},
)
def get_export(subject: str) -> flask.Response:
    """Export a transcript as a signed bundle.

    The bytes are canonical JSON under a seal: keep them exactly as they come.
    """
    subject_id = read_path("subject", subject, SUBJECT_PATTERN)
    on = read_query(OnDate()).get("on") or served_ledger().today()
    answer = flask.Response(
        export_bundle(served_ledger(), subject_id, on), content_type="application/json"
    )
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="jinlan-transcript-{on.isoformat()}.json"'
    )
    return answer
