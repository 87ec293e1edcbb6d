"""What the health checks answer."""

from api.schemas.health import Alive, Ready


def test_health_tells_a_status_and_no_more() -> None:
    assert Alive().dump({"status": "alive", "home": "x"}) == {"status": "alive"}
    ready = {"status": "ready", "tree_size": 7}
    assert Ready().dump({**ready, "home": "x"}) == ready
