"""What this is: a page for people, and the API document for programs."""

from typing import Final

import flask
import orjson

from api.blueprints import blueprint, text_answer
from api.documentation import document
from api.headers import STYLE, cached
from api.served import served_ledger
from ledger.services.checkpointing import last_checkpoint

about = blueprint("about", "What this ledger is and how it is called.")

DOCUMENT_SECONDS: Final = 60


@about.route("/", methods=["GET"])
@about.response(200, {"type": "string"}, content_type="text/html", description="A page for people.")
def get_home() -> flask.Response:
    """Read what this ledger is, in Chinese and English."""
    ledger = served_ledger()
    last = last_checkpoint(ledger)
    page = flask.render_template(
        "home.html",
        origin=ledger.origin,
        size=0 if last is None else last.checkpoint.size,
        checkpoint="" if last is None else last.note.decode(),
        style=STYLE,
    )
    return text_answer(page, "text/html")


@about.route("/openapi.json", methods=["GET"])
@about.response(200, {"type": "object"}, description="OpenAPI 3.1.")
def get_openapi() -> flask.Response:
    """Read this document."""
    return cached(
        flask.Response(orjson.dumps(document()), content_type="application/json"), DOCUMENT_SECONDS
    )
