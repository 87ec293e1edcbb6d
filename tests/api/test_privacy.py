"""Names, ID numbers and phones are posted in every way; they come out in the export alone."""

import io
import logging
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

import api.routes.rosters
from ledger.services.transcripts import find_subject
from tests.api.worlds import World, logged, roster, row

NAME = "欧阳澄瀛"
ID_NUMBER = "330199199002281235"
WRONG_ID_NUMBER = "330199199002281236"
PHONE = "19912345679"
# A masked name keeps its first character, so the rest of it is looked for alone as well.
CANARIES = (NAME, NAME[1:], ID_NUMBER, WRONG_ID_NUMBER, PHONE, ID_NUMBER[3:-4])
SWAPPED = f"{ID_NUMBER},{NAME},{PHONE}" + row()[len("胡芳雨,330199199505192154,18035746282") :]


def _rosters() -> Iterator[tuple[str, bytes]]:
    person = {"name": NAME, "id_number": ID_NUMBER, "phone": PHONE}
    yield "good", roster(row(**person))
    yield "again", roster(row(**person))
    yield "wrong ID number", roster(row(**person | {"id_number": WRONG_ID_NUMBER}))
    yield "wrong name", roster(row(**person | {"name": f"{NAME}123"}))
    yield "wrong phone", roster(row(**person | {"phone": f"{PHONE}9", "number": "ZJ1"}))
    yield "two names", roster(row(**person | {"name": f"{NAME}、{NAME}"}))
    yield "swapped columns", roster(SWAPPED)
    yield "ID number as class", roster(row(NAME, ID_NUMBER, PHONE, number=ID_NUMBER))
    yield "another name for one number", roster(row(f"{NAME}甲", ID_NUMBER, PHONE, number="ZJ2"))
    yield "the same certificate", roster(row(NAME, ID_NUMBER, PHONE, number="ZJ3"))
    yield "too many cells", roster(row(**person) + f",{NAME},{ID_NUMBER},{PHONE}")
    yield "no header", f"{NAME},{ID_NUMBER},{PHONE}\n".encode()
    yield "a heading that is a person", f"姓名,姓名,{NAME},{ID_NUMBER}\n{NAME}\n".encode()
    yield "NUL", f"{NAME}\0{ID_NUMBER}".encode()
    yield "broken encoding", roster(row(**person))[:-9] + b"\xff\xfe\xff\n"
    yield "open quote", roster('"' + row(**person))


def _careless_requests(world: World) -> Iterator[TestResponse]:
    """What clients get wrong: personal data where none belongs."""
    client, bearer = world.client, world.bearer
    for secret in (NAME, ID_NUMBER, PHONE):
        yield world.get(f"/{secret}")
        yield world.get(f"/v1/subjects/{secret}/transcript")
        yield world.get(f"/v1/rosters/{secret}")
        yield world.get(f"/log/tile/{secret}")
        yield world.get(f"/log/proof/{secret}")
        yield world.get("/livez", query_string={secret: "1"})
        yield world.get(f"/v1/subjects/{'a' * 32}/export", query_string={"on": secret})
        yield world.get(f"/v1/rosters/rep-{'a' * 26}", query_string={"cursor": secret})
        yield client.open("/livez", method=secret if secret.isascii() else "NAME")
        yield client.get("/livez", headers={"X-Request-Id": secret.encode().decode("latin-1")})
        for form in (
            {secret: "1", "issuer": world.school},
            {"issuer": secret},
            {"issuer": world.school, "correcting": secret},
            {"issuer": world.school, "file": (io.BytesIO(b"x"), f"{secret}.xlsx")},
            {"issuer": world.school, secret: (io.BytesIO(b"x"), secret)},
        ):
            yield client.post("/v1/rosters", headers=bearer, data=form)
        document = f'{{"{secret}":"{secret}"}}'.encode()
        yield client.post("/v1/verify", data=document, content_type="application/json")
        yield client.post("/v1/verify", data=document, content_type=f"text/{PHONE}")


def _pages_of_report(world: World, location: str) -> Iterator[TestResponse]:
    path = f"{location}?limit=1"
    while path:
        page = world.get(path)
        yield page
        link = page.headers.get("Link", "")
        path = link[1 : link.index(">")] if link else ""


def _everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, TestResponse]]:
    for name, data in _rosters():
        for options in ({}, {"all_or_nothing": "true"}, {"correcting": "true"}):
            answer = world.post_roster(data, key=f"k-{len(name)}", filename="r.csv", **options)
            yield name, answer
            if answer.status_code == 201:
                for page in _pages_of_report(world, answer.headers["Location"]):
                    yield f"report: {name}", page
    subject = find_subject(world.ledger, ID_NUMBER)
    yield "transcript", world.get(f"/v1/subjects/{subject}/transcript")
    for answer in _careless_requests(world):
        yield "careless", answer

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError(NAME + ID_NUMBER + PHONE)

    monkeypatch.setattr(api.routes.rosters, "import_roster", fail)
    yield "failure", world.post_roster(roster())


def _told(record: logging.LogRecord) -> str:
    return f"{vars(record)} {record.getMessage()} {record.exc_info} {record.stack_info}"


def test_no_answer_header_or_log_line_names_a_person(
    fresh_world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Security A18: the canary search."""
    statuses = set()
    with logged() as records:
        for name, answer in _everything(fresh_world, monkeypatch):
            statuses.add(answer.status_code)
            told = f"{answer.headers} {answer.get_data(as_text=True)}"
            assert [canary for canary in CANARIES if canary in told] == [], (name, told)
    assert {201, 400, 404, 405, 409, 422, 500, 200} <= statuses
    assert records
    for record in records:
        assert [canary for canary in CANARIES if canary in _told(record)] == []
    printed = "".join(capfd.readouterr())
    assert [canary for canary in CANARIES if canary in printed] == []


def test_the_export_is_where_the_holder_may_be_named(fresh_world: World) -> None:
    """Guards the test above: its canaries are really in the ledger."""
    for _, data in _rosters():
        fresh_world.post_roster(data)
    subject = find_subject(fresh_world.ledger, ID_NUMBER)
    assert subject is not None
    assert NAME in fresh_world.get(f"/v1/subjects/{subject}/export").get_data(as_text=True)
    masked = fresh_world.get(f"/v1/subjects/{subject}/transcript").json["holder"]
    assert masked == {"name": "欧*", "id_number": "330***********1235"}
