"""Runs commands of the command line in this process, on a ledger in a test's folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from ledger.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command prints
        """The one JSON document on standard output."""
        return orjson.loads(self.out)


Run = Callable[..., Answer]


def make_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs ``python -m ledger`` with these arguments, in this process."""
    monkeypatch.setenv("JINLAN_HOME", str(home))
    monkeypatch.setenv("JINLAN_PORT", "0")

    def run(*arguments: object, stdin: str = "") -> Answer:
        result = CliRunner().invoke(main, [str(one) for one in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run
