"""Requests that are nearly right, at every route: never an answer of 500 or more."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.worlds import HEADER, SAMPLE_ID_NUMBER, World, roster, row

ODD = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
PIECES = st.sampled_from(
    (
        *("", "0", "1", "-1", "000.p/1", "entries/000.p/3", "x001/067", "%00", "%2e%2e", ".."),
        *("a" * 26, "rep-" + "a" * 26, "org-" + "a" * 26, "2026-02-30", "9999-99-99", "9" * 40),
        *("'", '"', "\\"),
    )
)
VALUES = st.one_of(ODD, PIECES, st.sampled_from(["true", "200", "2026-11-22", "cm93OjE"]))
NAMES = st.one_of(st.sampled_from(["on", "limit", "cursor", "issuer", "file", "correcting"]), ODD)
TYPES = st.sampled_from(
    (
        *("application/json", "multipart/form-data", "multipart/form-data; boundary=x", ""),
        *("multipart/form-data; boundary=", "application/json; charset=utf-7", "a/b; c=\\", "/"),
        *("text/plain", ";"),
    )
)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(["Idempotency-Key", "Accept", "Range", "Content-Encoding", "Host", "Cookie"])
    | st.sampled_from(["If-None-Match", "Expect", "X-Forwarded-Host", "Content-Length-X"]),
    HEADER_TEXT,
    max_size=3,
)
CELLS = st.one_of(ODD, st.sampled_from([SAMPLE_ID_NUMBER, "86%", "2023-05-04", "45050", "=1+1"]))
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _multipart(parts: list[tuple[str, str, str | None]]) -> bytes:
    lines = []
    for name, value, filename in parts:
        shown = "" if filename is None else f'; filename="{filename}"'
        lines.append(
            f'--x\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n\r\n{value}\r\n'
        )
    return ("".join(lines) + "--x--\r\n").encode()


BODIES = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.sampled_from(["null", "1e999", '"x"', "{}", "[]"]),
        lambda inner: inner.map(lambda text: f'{{"a":[{text}],"credential":{text}}}'),
        max_leaves=5,
    ).map(str.encode),
    st.lists(st.tuples(NAMES, VALUES, st.none() | VALUES), max_size=4).map(_multipart),
)


@pytest.fixture(scope="module")
def exported(world: World) -> bytes:
    """One export, the same for every edit."""
    data: bytes = world.get(f"/v1/subjects/{world.a_subject()}/export").data
    return data


@QUICK
@given(st.data())
def test_no_request_makes_the_server_fail(world: World, data: st.DataObject) -> None:
    rules = sorted({rule.rule for rule in world.app.url_map.iter_rules()})
    path = data.draw(st.sampled_from(rules))
    for place in ("<report>", "<subject>", "<path:rest>", "<index>"):
        if place in path:
            path = path.replace(place, data.draw(VALUES))
    answer = world.client.open(
        path or "/",
        method=data.draw(METHODS),
        query_string=data.draw(st.lists(st.tuples(NAMES, VALUES), max_size=3)),
        headers={**world.bearer, **data.draw(HEADERS)},
        content_type=data.draw(TYPES),
        data=data.draw(BODIES),
    )
    assert answer.status_code < 500, answer.data
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json"


@QUICK
@given(st.lists(st.lists(CELLS, min_size=15, max_size=19), max_size=3), st.binary(max_size=8))
def test_no_roster_makes_the_server_fail(world: World, rows: list[list[str]], tail: bytes) -> None:
    lines = [HEADER, *(",".join(cells) for cells in rows)]
    answer = world.post_roster("\n".join(lines).encode() + tail)
    assert answer.status_code in {201, 400}, answer.data


@QUICK
@given(st.data())
def test_no_edit_of_an_export_is_believed_or_makes_the_server_fail(
    world: World, exported: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(exported) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != exported[at]))
    edited = exported[:at] + bytes([byte]) + exported[at + 1 :]
    answer: Any = world.client.post("/v1/verify", data=edited, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json["verdict"] != "valid"


def test_the_sample_that_the_fuzz_starts_from_is_good(world: World) -> None:
    """Guards the tests above: what is nearly right must be near something right."""
    assert world.post_roster(roster(row())).status_code == 201
