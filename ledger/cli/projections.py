"""Commands about what is derived from the log: rebuild."""

from dataclasses import asdict

import click

from ledger.cli.output import SOUND, UNSOUND, command, opened_ledger, print_json, progress
from ledger.services.rebuilding import check, rebuild


@command("rebuild")
@click.option("--check", "only_check", is_flag=True, help="Compare only; change nothing.")
def rebuild_command(*, only_check: bool, as_json: bool) -> int:
    """Drop the projections and rebuild them from entries and bodies."""
    with opened_ledger() as ledger, progress("entries", quiet=as_json) as watch:
        done = (check if only_check else rebuild)(ledger, watch.advance)
    if as_json:
        print_json({**asdict(done), "rebuilt": not only_check})
    else:
        click.echo(
            f"{done.entries} entries, {done.without_body} without a body: {done.records} records, "
            f"{done.public_entries} public entries"
        )
        said = "differ from" if only_check else "were not as"
        click.echo(f"{done.differing} stored rows {said} what the entries make")
    return UNSOUND if only_check and done.differing else SOUND


COMMANDS = (rebuild_command,)
