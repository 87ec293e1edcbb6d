"""The ledger behind an application."""

from api.served import served, served_ledger
from tests.api.worlds import World


def test_an_application_serves_its_own_ledger(world: World) -> None:
    with world.app.app_context():
        assert served_ledger() is world.ledger


def test_the_token_does_not_show_when_it_is_printed(world: World) -> None:
    with world.app.app_context():
        assert world.token not in repr(served())
