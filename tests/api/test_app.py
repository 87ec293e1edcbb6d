"""The factory: one application for one ledger, and one address for each thing."""

from pathlib import Path

import pytest

from api.app import create_app
from ledger.errors import CustodyError, NotFoundError
from tests.api.worlds import World


def test_without_a_ledger_the_application_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINLAN_HOME", str(tmp_path))
    with pytest.raises(NotFoundError):
        create_app()


def test_the_ledger_of_the_settings_is_served(
    fresh_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINLAN_HOME", str(fresh_world.ledger.home))
    app = create_app()
    assert app.test_client().get("/readyz").json == fresh_world.client.get("/readyz").json


def test_a_token_that_others_can_read_stops_the_start(fresh_world: World) -> None:
    (fresh_world.ledger.home / "operator-token").chmod(0o644)
    with pytest.raises(CustodyError):
        create_app(fresh_world.ledger)


@pytest.mark.parametrize(
    "path", ["/livez/", "//livez", "/log//checkpoint", "/LIVEZ", "/static/x", "", "/./livez"]
)
def test_no_address_has_a_second_spelling(world: World, path: str) -> None:
    answer = world.client.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404
    assert "Location" not in answer.headers


def test_no_answer_repeats_the_host_of_the_request(world: World) -> None:
    """A forged Host must not reach an address that a caller or a cache keeps (security A20)."""
    for path in ("/", "/openapi.json", "/livez/", "/nowhere", "/v1/rosters"):
        answer = world.client.get(path, headers={"Host": "evil.example"} | world.bearer)
        assert b"evil.example" not in answer.data
        assert "evil.example" not in str(answer.headers)


def test_answers_are_utf_8_and_not_escaped(world: World) -> None:
    answer = world.get(f"/v1/subjects/{world.a_subject()}/transcript")
    assert "农业经理人" in answer.data.decode()
