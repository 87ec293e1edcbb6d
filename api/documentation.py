"""The API document: OpenAPI 3.1, made from the routes themselves.

It is also what the routes are held to: a query parameter that it does not name is refused.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import flask
import flask_smorest

from api.auth import is_public
from api.blueprints import DocumentedBlueprint
from api.error_answers import answer_http_error
from api.problems import MEDIA_TYPE
from api.schemas.problems import ProblemDocument

OPENAPI_VERSION: Final = "3.1.0"
API_VERSION: Final = "0.1.0"
TITLE: Final = "Jinlan 金蓝技能学分账本"
_SECURITY_SCHEME: Final = "operator"
_EXTENSION: Final = "jinlan-document"
_DESCRIPTION: Final = (
    "A ledger of skill credits that nobody can quietly rewrite. Errors are problem documents "
    "(RFC 9457): key on `code`. Credits and other decimals are texts. Dates are of China; instants "
    "are UTC."
)


class LedgerApi(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest comes without types
    """flask-smorest with problem documents for errors."""

    ERROR_SCHEMA = ProblemDocument
    DEFAULT_ERROR_RESPONSE_NAME = "PROBLEM"

    def _register_responses(self) -> None:
        """Document one answer for all errors, in the media type that they have."""
        answer = {
            "description": "An error (RFC 9457).",
            "content": {MEDIA_TYPE: {"schema": self.ERROR_SCHEMA}},
        }
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, answer)

    def handle_http_exception(self, error: Exception) -> flask.Response:
        """Answer Flask's own errors in the one shape."""
        return answer_http_error(error)


def document_routes(app: flask.Flask, blueprints: Iterable[DocumentedBlueprint]) -> None:
    """Register the routes and make the document of all of them."""
    app.config.update(
        API_TITLE=TITLE,
        API_VERSION=API_VERSION,
        OPENAPI_VERSION=OPENAPI_VERSION,
        API_SPEC_OPTIONS={
            "info": {"description": _DESCRIPTION},
            # Relative: the Host of a request is anyone's to choose.
            "servers": [{"url": "/"}],
        },
    )
    api = LedgerApi(app)
    api.spec.components.security_scheme(_SECURITY_SCHEME, {"type": "http", "scheme": "bearer"})
    for each in blueprints:
        api.register_blueprint(each)
    app.extensions[_EXTENSION] = _completed(app, cast("dict[str, Any]", api.spec.to_dict()))


def document() -> dict[str, Any]:
    """Give the document of the current application."""
    made: dict[str, Any] = flask.current_app.extensions[_EXTENSION]
    return made


def query_parameters(app: flask.Flask) -> dict[str, frozenset[str]]:
    """Give the names of the query parameters that each route documents, by rule."""
    made: dict[str, Any] = app.extensions[_EXTENSION]
    known = {}
    for rule in app.url_map.iter_rules():
        operations = made["paths"][documented_path(rule.rule)]
        known[rule.rule] = frozenset(
            parameter["name"]
            for operation in operations.values()
            for parameter in _parameters(operation)
            if parameter["in"] == "query"
        )
    return known


def documented_path(rule: str) -> str:
    """Write a rule as the document does: ``/log/tile/<path:rest>`` is ``/log/tile/{rest}``."""
    parts = [part.split(">") for part in rule.split("<")]
    head = parts[0][0]
    return head + "".join("{" + name.split(":")[-1] + "}" + tail for name, tail in parts[1:])


def _parameters(operation: object) -> Iterable[Mapping[str, Any]]:
    return operation.get("parameters", ()) if isinstance(operation, dict) else ()


def _completed(app: flask.Flask, made: dict[str, Any]) -> dict[str, Any]:
    """Name each operation, and say whether it needs the token, out of the table that decides it."""
    for rule in app.url_map.iter_rules():
        operations = made["paths"][documented_path(rule.rule)]
        for method, operation in operations.items():
            if method != "parameters":
                guarded = not is_public(method.upper(), rule.rule)
                operation["operationId"] = rule.endpoint.rpartition(".")[2]
                operation["security"] = [{_SECURITY_SCHEME: []}] if guarded else []
    return made
