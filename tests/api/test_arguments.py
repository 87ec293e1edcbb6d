"""What a request may say: nothing unknown, nothing twice, everything in its one form."""

import io
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from api.arguments import read_path
from api.problems import ProblemError
from api.schemas.requests import INDEX_PATTERN
from tests.api.worlds import World, roster


def _error(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 400, answer.data
    assert answer.json["code"] == "malformed"
    found: dict[str, Any] = answer.json["errors"][0]
    return found


@pytest.mark.parametrize(
    "path", ["/livez", "/", "/log/checkpoint", "/log/proof/0", "/openapi.json", "/readyz"]
)
def test_a_query_parameter_that_no_route_documents_is_refused(world: World, path: str) -> None:
    error = _error(world.get(f"{path}?surprise=1"))
    assert (error["code"], error["parameter"]) == ("unknown", None)


def test_an_unknown_parameter_beside_a_known_one_is_refused(world: World) -> None:
    path = f"/v1/subjects/{world.a_subject()}/transcript?on=2026-01-01&On=2026-01-01"
    assert _error(world.get(path))["code"] == "unknown"


def test_a_parameter_that_comes_twice_is_refused(world: World) -> None:
    """Two parsers may believe two different ones (security A20)."""
    path = f"/v1/subjects/{world.a_subject()}/transcript?on=2026-01-01&on=2026-01-02"
    error = _error(world.get(path))
    assert (error["code"], error["parameter"]) == ("repeated", "on")


def test_a_form_field_that_comes_twice_is_refused(world: World) -> None:
    form = {"issuer": [world.school, world.school], "file": (io.BytesIO(roster()), "r.csv")}
    answer = world.client.post("/v1/rosters", headers=world.bearer, data=form)
    assert _error(answer) == {
        "pointer": "/issuer",
        "parameter": None,
        "code": "repeated",
        "text": {"zh-Hans": "应为：只给一次", "en": "Expected to be given once"},
    }


@pytest.mark.parametrize("name", ["index", "hash", "verified", "role", "seq", "subject"])
def test_no_field_can_be_slipped_into_a_form(world: World, name: str) -> None:
    """Security A4, mass assignment."""
    error = _error(world.post_roster(roster(), **{name: "1"}))
    assert (error["code"], error["pointer"]) == ("unknown", None)


def test_all_wrong_fields_are_told_at_once(world: World) -> None:
    answer = world.client.post(
        "/v1/rosters",
        headers=world.bearer,
        data={"issuer": "org-1", "correcting": "yes"},
        content_type="multipart/form-data",
    )
    assert {(e["pointer"], e["code"]) for e in answer.json["errors"]} == {
        ("/file", "required"),
        ("/issuer", "invalid"),
        ("/correcting", "invalid"),
    }


def test_a_file_that_comes_as_text_is_refused_and_so_is_a_text_as_a_file(world: World) -> None:
    form = {"issuer": (io.BytesIO(b"x"), "x"), "file": "text"}
    answer = world.client.post(
        "/v1/rosters", headers=world.bearer, data=form, content_type="multipart/form-data"
    )
    assert [e["pointer"] for e in answer.json["errors"]] == ["/file", "/issuer"]


def test_a_form_of_another_media_type_is_refused(world: World) -> None:
    answer = world.client.post("/v1/rosters", headers=world.bearer, json={"issuer": world.school})
    assert (answer.status_code, answer.json["code"]) == (415, "media-type")


@pytest.mark.parametrize("key", ["", "a b", "k" * 201, "ключ", "k\x7f"])
def test_an_idempotency_key_has_1_to_200_visible_characters(world: World, key: str) -> None:
    answer = world.client.post(
        "/v1/rosters",
        headers={**world.bearer, "Idempotency-Key": key.encode().decode("latin-1")},
        data={"issuer": world.school, "file": (io.BytesIO(roster()), "r.csv")},
    )
    assert _error(answer)["parameter"] == "Idempotency-Key"


@given(st.text(alphabet="0123456789 -+_.٣\n", min_size=1, max_size=18))
def test_an_index_has_one_spelling(text: str) -> None:
    one = text.isascii() and text.isdigit() and len(text) <= 10 and str(int(text)) == text
    with nullcontext() if one else pytest.raises(ProblemError):
        assert read_path("index", text, INDEX_PATTERN) == text
