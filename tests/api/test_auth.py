"""Who may call what: every route is in the public table or refuses a stranger."""

import inspect
import io
from collections.abc import Iterator

import pytest

import api.auth
from api.auth import PUBLIC, is_public
from tests.api.worlds import World

PLACES = {
    "<report>": "rep-" + "a" * 26,
    "<subject>": "a" * 32,
    "<path:rest>": "0/000.p/1",
    "<index>": "0",
}


def _routes(world: World) -> Iterator[tuple[str, str]]:
    for rule in world.app.url_map.iter_rules():
        for method in rule.methods or ():
            yield method, rule.rule


def _path(rule: str) -> str:
    for place, value in PLACES.items():
        rule = rule.replace(place, value)
    assert "<" not in rule, "a new kind of path parameter: give it a value above"
    return rule


def test_every_route_is_public_by_the_table_or_refuses_without_a_token(world: World) -> None:
    """Security A1: a route that somebody forgot to guard fails here."""
    guarded = 0
    for method, rule in _routes(world):
        answer = world.client.open(_path(rule), method=method)
        if is_public(method, rule):
            assert answer.status_code != 401, (method, rule)
        else:
            guarded += 1
            assert answer.status_code == 401, (method, rule)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="jinlan"'
    assert guarded


def test_the_public_table_names_only_routes_that_exist(world: World) -> None:
    assert PUBLIC - set(_routes(world)) == set()


def test_what_is_about_a_person_is_not_public() -> None:
    """Guards the table itself: whoever adds a row here must mean it."""
    assert [rule for _, rule in PUBLIC if rule.startswith("/v1/")] == ["/v1/verify"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic {token}",
        "Bearer {token}x",
        "Bearer x{token}",
        "Bearer {short}",
        "Bearer {upper}",
        "{token}",
        "Bearer {token} {token}",
        "Bearer ключ",
    ],
)
def test_a_wrong_token_is_refused(world: World, header: str) -> None:
    token = world.token
    given = header.format(token=token, short=token[:-1], upper=token.upper())
    answer = world.client.get(
        f"/v1/subjects/{'a' * 32}/transcript",
        headers={"Authorization": given.encode().decode("latin-1")},
    )
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
    assert token not in answer.get_data(as_text=True)


def test_the_scheme_is_read_in_any_case(world: World) -> None:
    """RFC 9110 11.1: the scheme is case-insensitive."""
    answer = world.client.get(
        f"/v1/subjects/{'a' * 32}/transcript", headers={"Authorization": f"bEARER {world.token}"}
    )
    assert answer.status_code == 404


def test_the_token_is_never_taken_from_the_address(world: World) -> None:
    path = f"/v1/subjects/{'a' * 32}/transcript?access_token={world.token}"
    assert world.client.get(path).status_code == 401


def test_the_token_is_compared_in_constant_time() -> None:
    assert "compare_digest(token" in inspect.getsource(api.auth.require_token)


def test_a_body_is_not_read_before_the_token(world: World) -> None:
    class Untouched(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    answer = world.client.post(
        "/v1/rosters",
        input_stream=Untouched(b"x" * 100),
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 401
