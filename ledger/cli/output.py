"""What every command shares.

Settings, errors as exit status, JSON or text out, progress on standard error.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ledger.errors import LedgerError, RefusedError
from ledger.services.context import Ledger, open_ledger
from ledger.services.settings import Settings

SOUND: Final = 0
UNSOUND: Final = 1
WRONG_USE: Final = 2

WRONG_USE_CODES: Final = frozenset({"no-ledger", "setting-unusable"})

Advance = Callable[[int], None]


def command(name: str) -> Callable[[Callable[..., int | None]], click.Command]:
    """Make a command of a function that takes ``as_json`` and gives the exit status, or None."""

    def wrap(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def run(*, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click hands over what was declared
            try:
                status = function(as_json=as_json, **options) or SOUND
            except LedgerError as error:
                report_error(error, as_json=as_json)
                status = WRONG_USE if error.code in WRONG_USE_CODES else UNSOUND
            except OSError as error:
                if error.filename is None:
                    raise
                refused = RefusedError(f"{error.filename}: {error.strerror}", code="file-unusable")
                report_error(refused, as_json=as_json)
                status = WRONG_USE
            sys.exit(status)

        flagged = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(
            run
        )
        return click.command(name)(flagged)

    return wrap


def report_error(error: LedgerError, *, as_json: bool) -> None:
    """Say what went wrong: as JSON on standard output, or in words on standard error."""
    if as_json:
        print_json({"error": {"code": error.code, "message": error.message}})
    else:
        click.echo(f"{error.code}: {error.message}", err=True)


def print_json(document: object) -> None:
    """Print one JSON document."""
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@contextmanager
def opened_ledger() -> Iterator[Ledger]:
    """Open the ledger that the settings name, and close it."""
    ledger = open_ledger(Settings.from_environment())
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def progress(label: str, total: int | None, *, quiet: bool = False) -> Iterator[Advance]:
    """Show a progress bar on standard error where a person watches it."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _count: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.update(task, advance=count)
