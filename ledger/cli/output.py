"""What every command shares: settings, exit status, JSON or text, private files, progress."""

import functools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import click
import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.services.context import Ledger, open_ledger
from ledger.services.erasure import EXPORTS, erasures_held_off
from ledger.services.settings import Settings

SOUND: Final = 0
UNSOUND: Final = 1
WRONG_USE: Final = 2

WRONG_USE_CODES: Final = frozenset({"no-ledger", "setting-unusable", "trust-unusable"})


class Commands(click.Group):
    """The commands, whose wrong use is told as JSON too where ``--json`` asks for it."""

    def main(  # type: ignore[explicit-override]  # from 3.12 on
        self,
        args: Sequence[str] | None = None,
        *rest: Any,  # noqa: ANN401 - handed on to click as it is
        **options: Any,  # noqa: ANN401 - handed on to click as it is
    ) -> Any:  # noqa: ANN401 - click's own
        """Run a command and exit with its status: 2 for wrong use."""
        given = sys.argv[1:] if args is None else list(args)
        if "--json" not in given:
            return super().main(args, *rest, **options)
        try:
            super().main(given, *rest, **{**options, "standalone_mode": False})
        except click.ClickException as error:
            report_error(MalformedError(error.format_message()), as_json=True)
            sys.exit(error.exit_code)
        except click.Abort:
            report_error(RefusedError("not answered", code="not-confirmed"), as_json=True)
            sys.exit(UNSOUND)
        sys.exit(SOUND)


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
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write that only its owner may read.

    It takes the name ``path`` when it is whole, and replaces what had that name; if the writing
    fails, what was there stays. A pipe or a device is written to as it is.

    Raises:
        OSError: It cannot be written there.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream
        return
    target = path.resolve()
    try:
        descriptor, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all: what it holds names a person.

    Raises:
        OSError: It cannot be written there.
    """
    with private_file(path) as file:
        file.write(data)


def write_export(ledger: Ledger, subject: str, path: Path, data: bytes) -> None:
    """Write a person's export; among the kept exports only if the person is in the vault.

    Elsewhere it is a copy that is handed out, perhaps through a pipe to somebody slow: no lock is
    held for it.

    Raises:
        NotFoundError: It was to be kept, and the person was erased since it was made.
        RefusedError: It was to be kept under a name by which an erasure would not find it.
        OSError: It cannot be written there.
    """
    kept, target = (ledger.home / EXPORTS).resolve(), path.resolve()
    if kept not in target.parents:
        write_private(path, data)
        return
    if target != kept / f"{subject}.json":
        raise RefusedError(
            f"export: found the name {target.name} in {EXPORTS}, expected {subject}.json, by which "
            "an erasure finds it; write copies with other names elsewhere",
            code="export-name",
        )
    with erasures_held_off(ledger, subject):
        write_private(path, data)


class Watch:
    """Tells who waits how far a command is; does nothing where nobody watches."""

    def __init__(self, bar: Progress | None = None, task: TaskID | None = None) -> None:
        self._bar = bar
        self._task = task

    def expect(self, total: int) -> None:
        """Say how many there will be."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=total)

    def advance(self, count: int) -> None:
        """Say that ``count`` more are done."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=count)


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Watch]:
    """Show a progress bar on standard error where a person watches it."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield Watch()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield Watch(bar, bar.add_task(label, total=None))
