"""Who may call what: one table of what is public; all else needs the operator token.

The token is the one that ``init`` made; accounts and roles take its place in a later part. It is
compared in constant time, and only ever as a header: an address ends up in logs and histories.
"""

import hmac
from typing import Final

import flask

from api.problems import ProblemError, http_problem
from api.served import served

PUBLIC: Final = frozenset(
    {
        ("GET", "/"),
        ("GET", "/.well-known/jinlan-key-history.json"),
        ("GET", "/.well-known/jinlan-keys.json"),
        ("GET", "/livez"),
        ("GET", "/log/checkpoint"),
        ("GET", "/log/proof/<index>"),
        ("GET", "/log/tile/<path:rest>"),
        ("GET", "/openapi.json"),
        ("GET", "/readyz"),
        ("POST", "/v1/verify"),
    }
)
"""(method, route) of everything that needs no token: it tells nothing of any person."""

_SCHEME: Final = "bearer "
_CHALLENGE: Final = 'Bearer realm="jinlan"'
_UNAUTHORIZED: Final = 401


def is_public(method: str, rule: str) -> bool:
    """Tell whether a route needs no token. HEAD is as public as GET."""
    return ("GET" if method == "HEAD" else method, rule) in PUBLIC


def require_token() -> None:
    """Let the request pass if its route is public or it brings the token.

    Raises:
        ProblemError: 401.
    """
    rule = flask.request.url_rule
    # Without a rule there is nothing to guard: the answer is 404 or 405.
    if rule is None or is_public(flask.request.method, rule.rule):
        return
    given = flask.request.headers.get("Authorization", "")
    token = given[len(_SCHEME) :] if given.lower().startswith(_SCHEME) else ""
    expected = served().operator_token
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise ProblemError(http_problem(_UNAUTHORIZED, {"WWW-Authenticate": _CHALLENGE}))
