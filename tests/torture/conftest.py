"""What the campaigns share: a process to fork from, and a way to tell what was run."""

from collections.abc import Iterator

import pytest

from tests.torture.campaigns import COUNTS, Tell
from tests.torture.preloaded import Preloaded


@pytest.fixture(scope="session")
def preloaded() -> Iterator[Preloaded]:
    """A process that has imported the ledger and forks at a word."""
    with Preloaded() as started:
        yield started


@pytest.fixture
def tell(record_property: pytest.FixtureRequest) -> Tell:
    """Counts given to this are added up over a test's parts and shown at the end."""

    def count(**counts: int) -> None:
        record_property(COUNTS, counts)  # type: ignore[operator]

    return count
