"""Commands about keys: keys list, keys rotate, keys revoke."""

import click

from keys import rotation
from ledger.cli.output import command, opened_ledger, print_json
from ledger.core.instant import parse_instant
from ledger.errors import MalformedError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.key_entries import OVERLAP_MS, publish_keys, rotate_key
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


@command("revoke")
@click.argument("key_id", metavar="ID")
@click.option(
    "--compromised-at",
    metavar="INSTANT",
    help=(
        "From when others may have held it, such as 2026-11-22T08:00:00.000Z: what it signed since "
        "then is not believed."
    ),
)
def revoke(*, key_id: str, compromised_at: str | None, as_json: bool) -> None:
    """Withdraw a key that was rotated away."""
    since = None if compromised_at is None else _instant(compromised_at)
    with opened_ledger() as ledger:
        revoked = rotation.revoke(ledger.home, key_id, ledger.clock(), compromised_at_ms=since)
        ledger.renew_keys()
        entries = publish_keys(ledger)
        sign_checkpoint(ledger)
    if as_json:
        print_json({"key": revoked.to_json(), "entries": entries})
    else:
        click.echo(
            f"{revoked.purpose} key {revoked.id} is revoked; hand keys.json to verifiers anew"
        )


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except MalformedError as error:
        raise click.BadParameter(error.message, param_hint="--compromised-at") from error


keys.add_command(list_keys)
keys.add_command(revoke)
keys.add_command(rotate)
COMMANDS = (keys,)
