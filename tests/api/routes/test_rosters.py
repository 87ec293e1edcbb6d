"""Rosters through the API."""

import threading
from typing import Any

import pytest
from werkzeug.test import TestResponse

import api.routes.rosters
from ledger.services.checkpointing import last_checkpoint, sign_checkpoint
from tests.api.worlds import MULTIPART, World, multipart, roster, row
from tests.shared_data import shared

BAD_ID = "330199199505192150"


def _size(world: World) -> int:
    return int(world.client.get("/log/checkpoint").get_data(as_text=True).splitlines()[1])


def test_a_roster_is_recorded_published_and_reported(fresh_world: World) -> None:
    before = _size(fresh_world)
    answer = fresh_world.post_roster(roster(row(), row(id_number=BAD_ID)))
    assert answer.status_code == 201
    assert answer.json["outcomes"] == {"accepted": 1, "rejected": 1, "duplicate": 0}
    assert answer.headers["Location"] == f"/v1/rosters/{answer.json['report_id']}"
    # The receipt is published: the checkpoint that anyone reads covers it.
    assert _size(fresh_world) == before + 1
    report = fresh_world.get(answer.headers["Location"]).json
    good, bad = report["rows"]
    assert (good["row"], good["outcome"], good["entry_index"]) == (1, "accepted", before)
    assert (bad["row"], bad["outcome"], bad["codes"]) == (2, "rejected", ["id-checksum"])
    proof = fresh_world.client.get(f"/log/proof/{good['entry_index']}")
    assert proof.status_code == 200


def test_the_dirty_roster_is_accounted_for_row_by_row(fresh_world: World) -> None:
    """The same words as the shared expectation, in pages."""
    data = (shared("data/rosters") / "completions_dirty.csv").read_bytes()
    answer = fresh_world.post_roster(data, filename="completions_dirty.csv")
    rows: list[dict[str, Any]] = []
    path = answer.headers["Location"] + "?limit=7"
    while path:
        page = fresh_world.get(path)
        assert len(page.json["rows"]) <= 7
        rows += page.json["rows"]
        link = page.headers.get("Link", "")
        assert bool(link) == (page.json["next"] is not None)
        path = link[1 : link.index(">")] if link else ""
    assert [each["row"] for each in rows] == list(range(1, answer.json["rows"] + 1))
    outcomes = [each["outcome"] for each in rows]
    counted = {name: outcomes.count(name) for name in ("accepted", "rejected", "duplicate")}
    assert counted == answer.json["outcomes"]


def test_a_repeat_under_one_key_gets_the_first_answer(fresh_world: World) -> None:
    """Security A5."""
    first = fresh_world.post_roster(roster(), key="class-8")
    size = _size(fresh_world)
    second = fresh_world.post_roster(roster(), key="class-8")
    assert (first.status_code, second.status_code) == (201, 201)
    assert not first.json["replayed"]
    assert second.json == {**first.json, "replayed": True, "published": True}
    assert second.headers["Location"] == first.headers["Location"]
    assert _size(fresh_world) == size


def test_a_key_that_was_used_for_another_file_is_a_conflict(fresh_world: World) -> None:
    fresh_world.post_roster(roster(), key="class-8")
    size = _size(fresh_world)
    answer = fresh_world.post_roster(roster(row(number="ZJ20230009")), key="class-8")
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency-key-reused")
    assert _size(fresh_world) == size


def test_equal_posts_at_once_record_once(fresh_world: World) -> None:
    """Security A5: parallel identical posts."""
    size = _size(fresh_world)
    answers: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(fresh_world.post_roster(roster(), key="class-8"))
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.json["report_id"] for answer in answers}) == 1
    assert _size(fresh_world) == size + 1


def test_all_or_nothing_records_nothing_if_one_row_is_refused(fresh_world: World) -> None:
    size = _size(fresh_world)
    data = roster(row(), row(id_number=BAD_ID))
    answer = fresh_world.post_roster(data, all_or_nothing="true")
    assert (answer.status_code, answer.json["code"]) == (422, "all-or-nothing")
    assert _size(fresh_world) == size


def test_a_correction_is_taken_only_where_it_is_asked_for(fresh_world: World) -> None:
    fresh_world.post_roster(roster())
    changed = roster(row().replace("86%", "88%"))
    assert fresh_world.post_roster(changed).json["outcomes"]["accepted"] == 0
    assert fresh_world.post_roster(changed, correcting="true").json["outcomes"]["accepted"] == 1


def test_an_issuer_that_nobody_registered_is_not_found(world: World) -> None:
    answer = world.post_roster(roster(), issuer="org-" + "z" * 26)
    assert (answer.status_code, answer.json["code"]) == (404, "issuer-unknown")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "roster-empty"),
        (b"a,b\n1,2\n", "roster-header-missing"),
        ("姓名\0".encode(), "roster-nul"),
        (b"PK\x03\x04" + b"x" * 100, "roster-not-a-workbook"),
        (b"%PDF-1.7", "roster-not-a-workbook"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_with_its_reason(
    world: World, data: bytes, code: str
) -> None:
    size = _size(world)
    answer = world.post_roster(data)
    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert answer.json["errors"][0]["text"]["zh-Hans"]
    assert _size(world) == size


def _post(world: World, data: bytes, wait: str | None) -> TestResponse:
    return world.client.post(
        "/v1/rosters",
        headers=world.bearer,
        data=multipart({"issuer": world.school}, data),
        content_type=MULTIPART,
        query_string={} if wait is None else {"wait": wait},
    )


@pytest.mark.parametrize("wait", [None, "recorded"])
def test_the_answer_comes_once_it_is_on_the_disk_and_says_that_no_checkpoint_covers_it_yet(
    fresh_world: World, wait: str | None
) -> None:
    answer = _post(fresh_world, roster(), wait)
    assert (answer.status_code, answer.json["published"]) == (201, False)


def test_who_asks_for_it_is_answered_when_a_checkpoint_covers_the_rows(fresh_world: World) -> None:
    size = last_checkpoint(fresh_world.ledger)
    scheduler = threading.Timer(0.3, sign_checkpoint, args=(fresh_world.ledger,))
    scheduler.start()
    answer = _post(fresh_world, roster(), "published")
    scheduler.join()
    assert (answer.status_code, answer.json["published"]) == (201, True)
    assert last_checkpoint(fresh_world.ledger) != size


def test_a_checkpoint_that_does_not_come_is_told_and_the_rows_stand(
    fresh_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.routes.rosters, "PUBLISHED_SECONDS_MAX", 0.2)
    answer = _post(fresh_world, roster(), "published")
    assert (answer.status_code, answer.json["published"]) == (201, False)
    assert answer.json["outcomes"]["accepted"] == 1


@pytest.mark.parametrize("wait", ["", "Published", "forever"])
def test_a_wait_for_anything_else_is_refused_before_a_row_is_recorded(
    fresh_world: World, wait: str
) -> None:
    size = _size(fresh_world)
    answer = _post(fresh_world, roster(), wait)
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "wait")
    assert _size(fresh_world) == size


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1e2", "+5", " 5", "٣", "x", ""])
def test_a_page_has_1_to_200_rows(world: World, limit: str) -> None:
    answer = world.get(f"/v1/rosters/rep-{'a' * 26}", query_string={"limit": limit})
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "limit")


@pytest.mark.parametrize("cursor", ["0", "cm93OjAx", "-", "x" * 41])
def test_a_cursor_that_nobody_gave_is_refused(world: World, cursor: str) -> None:
    answer = world.get(f"/v1/rosters/rep-{'a' * 26}", query_string={"cursor": cursor})
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "cursor")


def test_a_report_that_nobody_made_is_not_found(world: World) -> None:
    assert world.get(f"/v1/rosters/rep-{'a' * 26}").status_code == 404
    assert world.get("/v1/rosters/rep-1").status_code == 400
