"""The command that records why the database did not agree with its last checkpoint: recover."""

from pathlib import Path
from typing import Any, Final

import click

from ledger.cli.output import command, opened_ledger, print_json
from ledger.domain.recoveries import BEHIND, CHECKPOINT_MISSING, OTHER_HISTORY
from ledger.services.recovery import Recovered, Situation, find_situation, recover

WORDS: Final = {
    BEHIND: "The database is behind: entries are missing that were signed for.",
    OTHER_HISTORY: "The database has another history than the one that was signed for.",
    CHECKPOINT_MISSING: "The checkpoint file is gone; nobody can tell whether entries are missing.",
}


@command("recover")
@click.option("--reason", required=True, help="Why, for everybody to read: name nobody.")
@click.option(
    "--log",
    "copy",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A copy of the log that has the missing entries, such as JINLAN_HOME/public.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def recover_command(*, reason: str, copy: Path | None, yes: bool, as_json: bool) -> None:
    """Record what happened to the database as an entry, and make it writable again."""
    with opened_ledger() as ledger:
        found = find_situation(ledger)
        for line in _situation_lines(found, copy):
            click.echo(line, err=as_json)
        if not yes:
            click.confirm("Record this, for good?", abort=True, err=True)
        done = recover(ledger, reason, copy)
    if as_json:
        print_json(_document(done))
    else:
        for line in _done_lines(done):
            click.echo(line)


def _situation_lines(found: Situation, copy: Path | None) -> list[str]:
    lines = [WORDS[found.cause], f"  {found.message}"]
    lines.append(f"  in the database:   {found.size} entries, root {found.root.hex()}")
    if found.last is not None:
        signed = found.last.checkpoint
        lines.append(f"  last checkpoint:   {signed.size} entries, root {signed.root.hex()}")
        if found.cause == BEHIND:
            missing = signed.size - found.size
            lines.append(f"  missing:           {missing} entries, from entry {found.size} on")
    if found.superseded is not None:
        lines.append(
            f"  {found.superseded.count} checkpoints in the database are not of its entries"
        )
    if found.recorded is not None:
        lines.append(
            f"  entry {found.recorded} records this already; what was cut off is completed"
        )
    elif copy is not None:
        lines.append(f"The missing entries are taken from {copy}, if they lead to the signed root.")
    elif found.cause == BEHIND:
        lines.append(
            "What was missing stays missing: receipts and exports from then contradict the ledger "
            "from now on. If there is a copy of the log, name it with --log."
        )
    return lines


def _done_lines(done: Recovered) -> list[str]:
    lines = [f"entry {done.entry} records it; the new checkpoint is of {done.checkpoint} entries"]
    if done.restored:
        lines.append(f"{done.restored} entries came back, {done.without_body} without their bodies")
    if done.erased:
        lines.append(f"{done.erased} persons were erased again")
    lines += [
        f"entry {index}: {kind}, its content is lost; do it again" for index, kind in done.to_repeat
    ]
    if done.kept is not None:
        lines.append(f"the old checkpoint is kept in {done.kept}")
    return lines


def _document(done: Recovered) -> dict[str, Any]:
    found = done.situation
    return {
        "cause": found.cause,
        "entry": done.entry,
        "size": found.size,
        "root": found.root.hex(),
        "last_checkpoint": None if found.last is None else found.last.checkpoint.size,
        "restored": done.restored,
        "without_body": done.without_body,
        "to_repeat": [{"entry": index, "kind": kind} for index, kind in done.to_repeat],
        "erased": done.erased,
        "checkpoint": done.checkpoint,
        "kept": None if done.kept is None else str(done.kept),
    }


COMMANDS = (recover_command,)
