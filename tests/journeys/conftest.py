"""The specimen ledger, made once for each file of tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import (  # noqa: F401 - every test here runs on both engines
    _databases_of_a_file,
    _databases_of_a_test,
    _server_of_a_run,
    copy_home,
    database_engine,
    folder_of_a_file,
)
from tests.journeys.specimens import Copy, Specimen, write_history


@pytest.fixture(scope="module")
def specimen(folder_of_a_file: Path) -> Specimen:  # noqa: F811 - the fixture above
    """The ledger, whole."""
    made = Specimen(folder_of_a_file / "home")
    write_history(made)
    assert made.size > 300
    return made


@pytest.fixture
def copy(specimen: Specimen, tmp_path: Path) -> Iterator[Copy]:
    """A copy of the specimen for one test."""
    home = copy_home(specimen.home, tmp_path / "home")
    yield Copy(specimen, home)
    shutil.rmtree(home)
