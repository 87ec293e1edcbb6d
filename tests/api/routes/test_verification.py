"""Verification through the API: public, and 200 whatever the verdict."""

import io

import pytest

from tests.api.worlds import World


def _export(world: World) -> bytes:
    data: bytes = world.get(f"/v1/subjects/{world.a_subject()}/export").data
    return data


@pytest.mark.parametrize("mimetype", ["application/json", "application/ld+json", "application/vc"])
def test_a_document_is_verified_as_it_was_exported(world: World, mimetype: str) -> None:
    answer = world.client.post("/v1/verify", data=_export(world), content_type=mimetype)
    assert (answer.status_code, answer.json["verdict"]) == (200, "valid")


def test_a_document_may_come_in_a_form(world: World) -> None:
    form = {"file": (io.BytesIO(_export(world)), "export.json")}
    answer = world.client.post("/v1/verify", data=form)
    assert (answer.status_code, answer.json["verdict"]) == (200, "valid")


def test_an_edited_document_is_answered_with_its_verdict(world: World) -> None:
    edited = _export(world).replace(b'"granted\\":\\"7.0', b'"granted\\":\\"9.0', 1)
    edited = edited.replace(b"ZJ20230008", b"ZJ20230009")
    answer = world.client.post("/v1/verify", data=edited, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json["verdict"] == "altered"
    assert answer.json["document"] is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"{}"])
def test_what_is_no_document_is_answered_with_a_verdict_too(world: World, data: bytes) -> None:
    answer = world.client.post("/v1/verify", data=data, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json["verdict"] == "wrong-format"


def test_another_media_type_is_refused(world: World) -> None:
    answer = world.client.post("/v1/verify", data=b"{}", content_type="text/plain")
    assert answer.status_code == 415


def test_nothing_is_recorded(world: World) -> None:
    before = world.client.get("/readyz").json
    world.client.post("/v1/verify", data=_export(world), content_type="application/json")
    assert world.client.get("/readyz").json == before
