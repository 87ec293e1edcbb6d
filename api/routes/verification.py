"""Verification of a document that somebody shows. Public, and nothing of the document is kept."""

from typing import Any

import flask

from api.arguments import MULTIPART, read_multipart
from api.blueprints import blueprint
from api.limits import DOCUMENT_BYTES_MAX
from api.schemas.requests import DocumentForm
from api.schemas.verification import VerificationAnswer
from api.served import served_ledger
from ledger.services.verification import verify_document

verification = blueprint("verification", "Checks of what this ledger exported.")

JSON_TYPES = ("application/json", "application/ld+json", "application/vc")
_DOCUMENT = {"schema": {"type": "object"}}


@verification.route("/v1/verify", methods=["POST"])
@verification.doc(
    requestBody={
        "required": True,
        "content": {**dict.fromkeys(JSON_TYPES, _DOCUMENT), MULTIPART: {"schema": DocumentForm}},
    }
)
@verification.response(200, VerificationAnswer, description="The report, whatever the verdict.")
def post_verify() -> dict[str, Any]:
    """Verify a bundle or a lone credential.

    The answer is 200 whatever was found: read `verdict`. The same check runs offline, with `python
    -m ledger verify` and the published key list.
    """
    return verify_document(served_ledger(), _document())


def _document() -> bytes:
    if flask.request.mimetype == MULTIPART:
        data: bytes = read_multipart(DocumentForm())["file"].read()
    elif flask.request.mimetype in JSON_TYPES:
        data = flask.request.get_data(cache=False)
    else:
        flask.abort(415)
    if len(data) > DOCUMENT_BYTES_MAX:
        flask.abort(413)
    return data
