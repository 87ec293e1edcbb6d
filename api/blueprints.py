"""Blueprints that document themselves, with types: flask-smorest comes without any.

A route says how it is called and what it answers; the OpenAPI document is made from that, and a
query parameter that it does not name is refused (``api.arguments``).
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import flask
import flask_smorest

View = TypeVar("View", bound=Callable[..., Any])


class DocumentedBlueprint(Protocol):
    """The part of flask-smorest's blueprint that the routes use."""

    name: str

    def route(self, rule: str, *, methods: Sequence[str]) -> Callable[[View], View]:
        """Serve a rule, and document it from the view's docstring."""
        ...

    def response(
        self,
        status_code: int,
        schema: type | dict[str, Any] | None = None,
        *,
        content_type: str | None = None,
        description: str | None = None,
        headers: dict[str, Any] | None = None,
    ) -> Callable[[View], View]:
        """Document the answer; a value that is no response yet is dumped with the schema."""
        ...

    def doc(self, **operation: object) -> Callable[[View], View]:
        """Add to the operation's document."""
        ...


def blueprint(name: str, description: str) -> DocumentedBlueprint:
    """Make the blueprint of a resource; its name is the tag in the document."""
    made: DocumentedBlueprint = flask_smorest.Blueprint(name, __name__, description=description)
    return made


def query(schema: type) -> dict[str, Any]:
    """Document the query parameters of an operation."""
    return {"in": "query", "schema": schema}


def path_id(name: str, pattern: str, description: str) -> dict[str, Any]:
    """Document a path parameter that has a pattern."""
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    return {
        "in": "path",
        "name": name,
        "required": True,
        "description": description,
        "schema": schema,
    }


def text_answer(body: bytes | str, mimetype: str) -> flask.Response:
    """Answer with bytes of a media type; text is UTF-8 and says so."""
    return flask.Response(body, content_type=f"{mimetype}; charset=utf-8")
