"""Headers of every answer."""

import base64
import re

import pytest
from flask import Response

from api.headers import cached
from ledger.core.digest import sha256
from tests.api.worlds import World


@pytest.mark.parametrize("path", ["/", "/livez", "/nowhere", "/log/checkpoint", "/v1/rosters/x"])
def test_every_answer_is_guarded(world: World, path: str) -> None:
    headers = world.client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"].startswith("req-")


def test_the_policy_allows_the_style_of_the_page_and_no_other(world: World) -> None:
    answer = world.client.get("/")
    (style,) = re.findall("<style>(.*?)</style>", answer.get_data(as_text=True), flags=re.DOTALL)
    allowed = base64.b64encode(sha256(style.encode())).decode()
    assert f"style-src 'sha256-{allowed}'" in answer.headers["Content-Security-Policy"]


def test_nothing_about_a_person_may_be_kept_on_the_way(world: World) -> None:
    for path in ("transcript", "export"):
        answer = world.get(f"/v1/subjects/{world.a_subject()}/{path}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_route_may_let_its_answer_be_kept() -> None:
    assert cached(Response(), 2).headers["Cache-Control"] == "public, max-age=2"
    kept = cached(Response(), 60, immutable=True).headers["Cache-Control"]
    assert kept == "public, max-age=60, immutable"
