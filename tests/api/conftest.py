"""One served ledger for tests that read or add, and a fresh one for those that break it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.worlds import World, opened_world, roster


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A ledger with one person's record."""
    with opened_world(tmp_path_factory.mktemp("api")) as opened:
        assert opened.post_roster(roster()).status_code == 201
        yield opened


@pytest.fixture
def fresh_world(tmp_path: Path) -> Iterator[World]:
    """A ledger of this test alone."""
    with opened_world(tmp_path) as opened:
        yield opened
