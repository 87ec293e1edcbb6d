"""Pages of a list, by opaque cursor.

A cursor says where a page begins, in base64url. It is ours to change, so callers take it from
``next`` or from the header ``Link`` (RFC 8288) and never make one.
"""

import base64
import binascii
from urllib.parse import urlencode

from ledger.errors import MalformedError

_PREFIX = b"row:"
_OFFSET_MAX = 10**9


def format_cursor(offset: int) -> str:
    """Write the cursor of the page that begins at ``offset``, 0-based."""
    return base64.urlsafe_b64encode(_PREFIX + str(offset).encode()).decode().rstrip("=")


def parse_cursor(text: str) -> int:
    """Read a cursor.

    Raises:
        MalformedError: It is not exactly what ``format_cursor`` writes.
    """
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        plain = b""
    digits = plain.removeprefix(_PREFIX)
    if plain.startswith(_PREFIX) and digits.isdigit():
        offset = int(digits)
        if offset <= _OFFSET_MAX and format_cursor(offset) == text:
            return offset
    raise MalformedError("cursor: expected the value next of the page before")


def next_cursor(offset: int, limit: int, total: int) -> str | None:
    """Give the cursor of the page behind the one at ``offset``; None if that is the last."""
    end = offset + limit
    return format_cursor(end) if end < total else None


def link_next(path: str, limit: int, cursor: str) -> str:
    """Write the header ``Link`` to the next page.

    The address is relative: the host in a request is anyone's to choose.
    """
    return f'<{path}?{urlencode({"limit": limit, "cursor": cursor})}>; rel="next"'
