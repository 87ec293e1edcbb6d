"""Commands about keys: keys list, keys rotate."""

import click

from ledger.cli.output import command, opened_ledger, print_json
from ledger.services.key_entries import OVERLAP_MS, rotate_key
from ledger.services.opening import key_list

DAY_MS = 24 * 3600 * 1000


@click.group("keys")
def keys() -> None:
    """The ledger's keys: one for each purpose, with their periods."""


@command("list")
def list_keys(*, as_json: bool) -> None:
    """List the published keys."""
    with opened_ledger() as ledger:
        published = key_list(ledger)
    if as_json:
        print_json(published.to_json())
        return
    for each in published.keys:
        key = each.to_json()
        until = key["valid_until"] or "now"
        click.echo(
            f"{key['purpose']:<10}  {key['id']:<16}  {key['suite']}  {key['valid_from']} - {until}"
        )


@command("rotate")
@click.option(
    "--purpose",
    required=True,
    type=click.Choice(["log", "credential", "vault", "lookup"]),
    help="Which key.",
)
@click.option(
    "--overlap-days",
    type=click.IntRange(0, 3650),
    default=OVERLAP_MS // DAY_MS,
    show_default=True,
    help="How long the old key stays valid beside the new one.",
)
def rotate(*, purpose: str, overlap_days: int, as_json: bool) -> None:
    """Make a new key current. What the old one signed stays good."""
    with opened_ledger() as ledger:
        document = rotate_key(ledger, purpose, overlap_days * DAY_MS)
    if as_json:
        print_json(document)
    elif "key" in document:
        click.echo(f"new {purpose} key {document['key']['id']}; hand keys.json to verifiers anew")
    else:
        click.echo(
            f"new {purpose} key, version {document['version']}; {document['rewrapped']} persons' "
            f"keys wrapped anew"
        )


keys.add_command(list_keys)
keys.add_command(rotate)
COMMANDS = (keys,)
