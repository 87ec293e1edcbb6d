"""Commands of the public log: publish it as files, and mirror it from outside."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from ledger.cli.output import (
    SOUND,
    command,
    opened_ledger,
    print_json,
    progress,
    report_error,
)
from ledger.cli.proofs import read_trust
from ledger.errors import RefusedError, UnavailableError
from ledger.services.log_sources import FolderSource, open_source
from ledger.services.mirroring import Mirror
from ledger.services.proving import newest_checkpoint
from ledger.services.publishing import publish
from ledger.services.settings import Settings
from ledger.storage.log_files import LogFolder

SECONDS_MIN: Final = 1


@command("publish")
def publish_command(*, as_json: bool) -> None:
    """Write the public log as plain files for a web server (JINLAN_PUBLIC)."""
    folder = Settings.from_environment().public_folder
    with opened_ledger() as ledger, progress("entries", quiet=as_json) as watch:
        published = publish(ledger, folder, watch.advance)
        note = newest_checkpoint(ledger) if published is None else published.note
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "entries": None if published is None else published.checkpoint.size,
                "new": published is not None,
                "note": note.decode(),
            }
        )
    elif published is None:
        click.echo(f"{folder}: nothing new")
    else:
        click.echo(
            f"{folder}: {published.checkpoint.size} entries, "
            f"{published.checkpoint.size - published.old_size} of them new"
        )


@command("mirror")
@click.argument("url")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The ledger's keys.json, as the authority gave it. Without it the log's own is believed "
    "at the first use, and pinned.",
)
@click.option("--once", is_flag=True, help="One round, which is also what happens without --every.")
@click.option("--every", type=click.IntRange(min=SECONDS_MIN), help="A round every SECONDS.")
def mirror_command(
    *, url: str, folder: Path, trust: Path | None, once: bool, every: int | None, as_json: bool
) -> int:
    """Follow the log at URL from outside, check everything, keep a copy in FOLDER.

    URL is the log's prefix, such as https://ledger.example/log, or a folder with its files. Ends
    with 1 and says why if the log forked, went back, or anything in it is wrong. With --every a
    log that cannot be reached is tried again.
    """
    source = open_source(url)
    if isinstance(source, FolderSource) and source.folder.path.resolve() == folder.resolve():
        raise RefusedError(f"{folder}: is the log itself; name another folder for the copy")
    mirror = Mirror(source, LogFolder(folder), None if trust is None else read_trust(trust))
    while True:
        try:
            _round(mirror, as_json=as_json)
        except UnavailableError as error:
            if once or every is None:
                raise
            report_error(error, as_json=as_json)
        if once or every is None:
            return SOUND
        time.sleep(every)


def _round(mirror: Mirror, *, as_json: bool) -> None:
    with progress("entries", quiet=as_json) as watch:
        done = replace(mirror, expect=watch.expect, advance=watch.advance).follow()
    checkpoint, ids = done.checkpoint, [key.id for key in done.trust.keys if key.purpose == "log"]
    if as_json:
        print_json(
            {
                "origin": checkpoint.origin,
                "size": checkpoint.size,
                "new": checkpoint.size - done.old_size,
                "root": checkpoint.root.hex(),
                "log_keys": ids,
                "first_use": done.first_use,
            }
        )
        return
    if done.first_use:
        click.echo(
            f"first use: the keys were taken from the log itself ({', '.join(ids)}); compare them "
            "with what the authority says",
            err=True,
        )
    click.echo(
        f"{checkpoint.origin}: {checkpoint.size} entries, {checkpoint.size - done.old_size} of "
        f"them new: sound"
    )


COMMANDS = (publish_command, mirror_command)
