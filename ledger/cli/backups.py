"""Commands about backups: backup, restore."""

from pathlib import Path

import click

from keys.custody import read_private_file
from ledger.cli.output import SOUND, UNSOUND, command, opened_ledger, print_json, progress
from ledger.errors import RefusedError
from ledger.services.backups import KeysApart, take_backup
from ledger.services.context import SYSTEM_RANDOM
from ledger.services.restoring import Restored, restore
from ledger.services.settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_FROM_FILE_HELP = "Private file (0600) with the passphrase; asked for if left out."


def _keys_apart(path: Path | None, passphrase_file: Path | None, *, new: bool) -> KeysApart | None:
    """Join the archive's place with its passphrase, which never stands in an argument."""
    if path is None:
        if passphrase_file is not None:
            raise click.UsageError("--passphrase-file goes with --keys")
        return None
    if passphrase_file is not None:
        try:
            return KeysApart(path, read_private_file(passphrase_file).decode().rstrip("\r\n"))
        except UnicodeDecodeError:
            raise RefusedError(
                f"{passphrase_file}: expected a passphrase in UTF-8", code="file-unusable"
            ) from None
    asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    return KeysApart(path, asked)


@command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keys", "keys_file", type=_FILE, help="Archive the keys in this file, encrypted.")
@click.option("--passphrase-file", type=_EXISTING, help=_FROM_FILE_HELP)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Drop all but this many backups, once this one is verified.",
)
def backup_command(
    *,
    folder: Path,
    keys_file: Path | None,
    passphrase_file: Path | None,
    keep: int | None,
    as_json: bool,
) -> None:
    """Write a verified backup into FOLDER while the ledger goes on."""
    keys = _keys_apart(keys_file, passphrase_file, new=True)
    with opened_ledger() as ledger, progress("entries", quiet=as_json) as watch:
        done = take_backup(ledger, folder, keys=keys, keep=keep, advance=watch.advance)
    if as_json:
        print_json(
            {
                "folder": str(done.folder),
                "entries": done.manifest.size,
                "root": done.manifest.root.hex(),
                "checkpoint": done.checkpoint_size,
                "keys": None if keys is None else str(keys.path),
                "dropped": [str(path) for path in done.dropped],
            }
        )
        return
    click.echo(f"{done.folder}: {done.manifest.size} entries, read back and verified")
    click.echo(f"held against the checkpoint of {done.checkpoint_size} entries")
    click.echo("keys: not in it" if keys is None else f"keys: apart, in {keys.path}")
    for path in done.dropped:
        click.echo(f"dropped: {path}")


@command("restore")
@click.argument("backup", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--keys", "keys_file", type=_EXISTING, help="The archive of the keys.")
@click.option("--passphrase-file", type=_EXISTING, help=_FROM_FILE_HELP)
@click.option("--checkpoint", type=_EXISTING, help="A newer checkpoint that somebody else kept.")
def restore_command(
    *,
    backup: Path,
    keys_file: Path | None,
    passphrase_file: Path | None,
    checkpoint: Path | None,
    as_json: bool,
) -> int:
    """Restore a backup into the empty JINLAN_HOME, and audit it."""
    keys = _keys_apart(keys_file, passphrase_file, new=False)
    with progress("entries, read and audited", quiet=as_json) as watch:
        done = restore(
            Settings.from_environment(),
            backup,
            SYSTEM_RANDOM,
            keys=keys,
            checkpoint=checkpoint,
            advance=watch.advance,
        )
    if as_json:
        refusal = done.refusal
        print_json(
            {
                "entries": done.size,
                "checkpoint": done.checkpoint_size,
                "sound": done.audit.sound,
                "writable": done.audit.sound and refusal is None,
                "refusal": None
                if refusal is None
                else {"code": refusal.code, "message": refusal.message},
                "findings": [finding.message for finding in done.audit.findings],
            }
        )
    else:
        _say(done)
    return SOUND if done.audit.sound else UNSOUND


def _say(done: Restored) -> None:
    for finding in done.audit.findings:
        where = "" if finding.index is None else f"entry {finding.index}: "
        click.echo(f"{finding.what}: {where}{finding.message}")
    sound = "sound" if done.audit.sound else "NOT SOUND: do not serve it, take another backup"
    click.echo(f"{done.size} entries restored and audited: {sound}")
    click.echo(f"the newest checkpoint found is of {done.checkpoint_size} entries")
    if done.refusal is not None:
        click.echo(f"{done.refusal.code}: {done.refusal.message}")
        click.echo("'python -m ledger recover' records what is missing, and goes on from there")
    click.echo(
        "persons who were erased after this backup are back: erase them again (docs/operations.md)"
    )


COMMANDS = (backup_command, restore_command)
