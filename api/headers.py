"""Headers of every answer: nothing may be framed, guessed, embedded or told to the next site.

Caching is off unless a route says otherwise, because most answers are about a person.
"""

import base64
from pathlib import Path
from typing import Final

import flask

from ledger.core.digest import sha256

STYLE: Final = (Path(__file__).parent / "pages" / "style.css").read_text(encoding="utf-8")
"""The style sheet that pages carry inside; the policy allows it by its hash."""

_STYLE_HASH: Final = base64.b64encode(sha256(STYLE.encode())).decode()
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{_STYLE_HASH}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY: Final = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
NOT_CACHED: Final = "no-store"


def add_headers(answer: flask.Response) -> flask.Response:
    """Put the headers on an answer."""
    for name, value in SECURITY:
        answer.headers[name] = value
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = NOT_CACHED
    return answer


def cached(answer: flask.Response, seconds: int, *, immutable: bool = False) -> flask.Response:
    """Let anyone keep an answer for some seconds; ``immutable`` if it never changes."""
    answer.headers["Cache-Control"] = f"public, max-age={seconds}" + (
        ", immutable" if immutable else ""
    )
    return answer
