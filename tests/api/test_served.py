"""The ledger behind an application."""

from dataclasses import replace
from datetime import UTC, date, datetime

from flask import Flask

from api.served import Served, serve_with, served, served_ledger, today
from tests.api.worlds import World


def test_an_application_serves_its_own_ledger(world: World) -> None:
    with world.app.app_context():
        assert served_ledger() is world.ledger


def test_the_token_does_not_show_when_it_is_printed(world: World) -> None:
    with world.app.app_context():
        assert world.token not in repr(served())


def test_today_is_the_day_in_china(world: World) -> None:
    """At 16:00 UTC a new day begins there."""
    for hour, expected in ((15, date(2026, 11, 22)), (16, date(2026, 11, 23))):
        at = int(datetime(2026, 11, 22, hour, tzinfo=UTC).timestamp() * 1000)
        app = Flask("edge")
        serve_with(app, Served(replace(world.ledger, clock=lambda at=at: at), "token"))
        with app.app_context():
            assert today() == expected
