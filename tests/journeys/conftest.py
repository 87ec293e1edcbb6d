"""The specimen ledger, made once for each file of tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import (  # noqa: F401 - every test here runs on both engines
    _databases_of_a_file,
    _databases_of_a_test,
    database_engine,
)
from tests.journeys.specimens import Copy, Specimen, write_history


@pytest.fixture(scope="module")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """The ledger, whole."""
    made = Specimen(tmp_path_factory.mktemp("specimen") / "home")
    write_history(made)
    assert made.size > 300
    return made


@pytest.fixture
def copy(specimen: Specimen, tmp_path: Path) -> Iterator[Copy]:
    """A copy of the specimen for one test."""
    home = Path(shutil.copytree(specimen.home, tmp_path / "home"))
    yield Copy(specimen, home)
    shutil.rmtree(home)
