"""The command line on an empty folder; a file whose commands need a ledger makes its own."""

from pathlib import Path

import pytest

from tests.cli.command import Run, make_run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs commands in this test's folder, where no ledger is yet."""
    return make_run(tmp_path / "home", monkeypatch)
