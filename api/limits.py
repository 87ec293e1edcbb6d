"""How large a body may be, by route, and where it is kept while it is read."""

from io import BytesIO
from types import MappingProxyType
from typing import IO, Final

import flask

from ledger.intake.rosters import BYTES_MAX as ROSTER_BYTES_MAX

DOCUMENT_BYTES_MAX: Final = 8 << 20
"""Largest document that is verified."""

MULTIPART_BYTES: Final = 64 << 10
"""What the frame of a multipart body and its fields may add to a file."""

BODY_BYTES_MAX: Final = 1 << 20
BODY_BYTES_MAX_BY_ROUTE: Final = MappingProxyType(
    {
        "/v1/rosters": ROSTER_BYTES_MAX + MULTIPART_BYTES,
        "/v1/verify": DOCUMENT_BYTES_MAX + MULTIPART_BYTES,
    }
)
FORM_PARTS_MAX: Final = 16

_TOO_LARGE: Final = 413


class InMemoryRequest(flask.Request):
    """A request whose files stay in memory.

    Flask would write them to a temporary file, and a roster in a folder that nobody erases is a
    roster that leaked.
    """

    def _get_file_stream(  # type: ignore[explicit-override]  # typing has it from 3.12 on
        self,
        total_content_length: int | None,  # noqa: ARG002 - the framework's signature
        content_type: str | None,  # noqa: ARG002 - the framework's signature
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return BytesIO()


def limit_body() -> None:
    """Set the limit of the route, and refuse what says itself that it is larger.

    A body that does not say its length is stopped at the limit while it is read.
    """
    rule = flask.request.url_rule
    limit = BODY_BYTES_MAX_BY_ROUTE.get("" if rule is None else rule.rule, BODY_BYTES_MAX)
    flask.request.max_content_length = limit
    flask.request.max_form_memory_size = MULTIPART_BYTES
    flask.request.max_form_parts = FORM_PARTS_MAX
    if (flask.request.content_length or 0) > limit:
        flask.abort(_TOO_LARGE)
