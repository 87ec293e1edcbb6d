"""How large a body may be."""

import io

import pytest
from werkzeug.test import TestResponse

from api.limits import BODY_BYTES_MAX, BODY_BYTES_MAX_BY_ROUTE, DOCUMENT_BYTES_MAX, InMemoryRequest
from ledger.intake.rosters import BYTES_MAX
from tests.api.worlds import MULTIPART, World, multipart, roster


def _verify(world: World, data: bytes) -> TestResponse:
    return world.client.post("/v1/verify", data=data, content_type="application/json")


@pytest.mark.parametrize(("extra", "status"), [(-1, 200), (0, 200), (1, 413)])
def test_a_document_may_have_eight_mebibytes(world: World, extra: int, status: int) -> None:
    """Security A6: limit - 1, limit, limit + 1."""
    assert _verify(world, b" " * (DOCUMENT_BYTES_MAX + extra)).status_code == status


def test_a_document_in_a_form_has_the_same_limit(world: World) -> None:
    body = multipart({}, b" " * (DOCUMENT_BYTES_MAX + 1))
    answer = world.client.post("/v1/verify", data=body, content_type=MULTIPART)
    assert (answer.status_code, answer.json["code"]) == (413, "body-too-large")


class Endless(io.RawIOBase):
    """A body without an end, as a chunked request may have; it counts what was taken of it."""

    taken = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Give spaces, for as long as anyone asks."""
        self.taken += len(buffer)
        assert self.taken < 1 << 26, "nobody stops"
        buffer[:] = b" " * len(buffer)
        return len(buffer)


def test_a_body_that_hides_its_length_is_cut(world: World) -> None:
    """Security A6: chunked, so without Content-Length."""
    limit = BODY_BYTES_MAX_BY_ROUTE["/v1/verify"]
    body = Endless()
    answer = world.client.post(
        "/v1/verify",
        content_type="application/json",
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
    )
    assert answer.status_code == 413
    assert body.taken <= limit + (1 << 20)


def test_a_body_that_lies_about_its_length_is_refused_before_it_is_read(world: World) -> None:
    answer = world.client.post(
        "/v1/rosters",
        headers=world.bearer,
        input_stream=io.BytesIO(b""),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(1 << 40)},
    )
    assert answer.status_code == 413


def test_a_route_without_a_body_of_its_own_takes_a_mebibyte(world: World) -> None:
    answer = world.client.post("/livez", data=b" " * (BODY_BYTES_MAX + 1))
    assert answer.status_code in {405, 413}


def test_a_roster_that_is_too_large_is_explained_not_cut(world: World) -> None:
    answer = world.post_roster(b"x" * (BYTES_MAX + 1))
    assert (answer.status_code, answer.json["code"]) == (400, "roster-too-large")
    assert answer.json["errors"][0]["pointer"] == "/file"


def test_a_form_has_few_parts(world: World) -> None:
    form = {f"field{n}": "x" for n in range(50)}
    answer = world.client.post(
        "/v1/rosters", headers=world.bearer, data=form, content_type="multipart/form-data"
    )
    assert answer.status_code == 413


def test_files_are_kept_in_memory_however_large(world: World) -> None:
    """A temporary file would hold names and ID numbers outside the data folder."""
    stream = InMemoryRequest({})._get_file_stream(100 << 20, "text/csv", "r.csv", 100 << 20)
    assert isinstance(stream, io.BytesIO)
    assert world.app.request_class is InMemoryRequest
    assert world.post_roster(roster(), key="in-memory").status_code == 201
