"""Health checks."""

from tests.api.worlds import World


def test_alive_and_ready(world: World) -> None:
    assert world.client.get("/livez").json == {"status": "alive"}
    ready = world.client.get("/readyz").json
    assert ready["status"] == "ready"
    assert ready["tree_size"] > 0


def test_a_ledger_that_cannot_be_read_is_alive_and_not_ready(fresh_world: World) -> None:
    fresh_world.ledger.engine.dispose()
    (fresh_world.ledger.home / "ledger.sqlite3").write_bytes(b"rubbish" * 4096)
    answer = fresh_world.client.get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "not-ready")
    assert answer.headers["Retry-After"]
    assert str(fresh_world.ledger.home) not in answer.get_data(as_text=True)
    assert fresh_world.client.get("/livez").status_code == 200
