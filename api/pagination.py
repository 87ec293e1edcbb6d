"""Pages of a list, by opaque cursor.

A cursor says where a page begins, in base64url. It is ours to change, so callers take it from
``next`` or from the header ``Link`` (RFC 8288) and never make one.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ledger.errors import MalformedError

_PREFIX = b"row:"
_OFFSET_MAX = 10**9


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page, and the cursor of the one after it; None on the last."""

    items: Sequence[Any]
    next: str | None


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


def page_of(items: Sequence[Any], offset: int, limit: int) -> PageOf:
    """Cut a page of at most ``limit`` items."""
    end = offset + limit
    return PageOf(items[offset:end], format_cursor(end) if end < len(items) else None)


def link_next(path: str, limit: int, cursor: str) -> str:
    """Write the header ``Link`` to the next page.

    The address is relative: the host in a request is anyone's to choose.
    """
    return f'<{path}?{urlencode({"limit": limit, "cursor": cursor})}>; rel="next"'
