"""Commands about organisations: organisation add, change, list."""

from datetime import date

import click

from ledger.cli.output import command, opened_ledger, print_json
from ledger.domain.levels import RANK_MAX
from ledger.domain.organisations import ANY_OCCUPATION, STATUSES, Organisation, Scope
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.organisations import add_organisation, change_organisation, read_registry

SCOPE_HELP = "OCCUPATION:RANKS:FROM[:TO]; may be repeated."


@click.group("organisation")
def organisation() -> None:
    """Organisations that may issue, and what each is accredited for."""


def parse_scope(text: str) -> Scope:
    """Read ``OCCUPATION:RANKS:FROM[:TO]``, such as ``4-10-01-05:1-3:2023-01-01``.

    Raises:
        click.BadParameter: The text is not of that form.
    """
    try:
        occupation, levels, start, *end = text.split(":", 3)
        low, _, high = (f"0-{RANK_MAX}" if levels == "*" else levels).partition("-")
        return Scope(
            occupation or ANY_OCCUPATION,
            frozenset(range(int(low), min(int(high or low), RANK_MAX + 1) + 1)),
            date.fromisoformat(start),
            date.fromisoformat(end[0]) if end else None,
        )
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r}: expected OCCUPATION:RANKS:FROM[:TO], as in 4-10-01-05:1-3:2023-01-01 or "
            f"*:*:2021-03-29"
        ) from error


@command("add")
@click.option("--name", required=True, help="Registered name.")
@click.option("--uscc", required=True, help="統一社會信用代碼, 18 characters.")
@click.option(
    "--type", "type_", default="school", show_default=True, help="school, assessor, employer ..."
)
@click.option("--scope", "scopes", multiple=True, required=True, help=SCOPE_HELP)
def add(*, name: str, uscc: str, type_: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Register an organisation."""
    parsed = [parse_scope(text) for text in scopes]
    with opened_ledger() as ledger:
        added = add_organisation(ledger, name, uscc, type_, parsed)
    if as_json:
        print_json(_document(added))
    else:
        click.echo(_line(added))


@command("change")
@click.argument("organisation_id", metavar="ID")
@click.option("--name", help="Registered name.")
@click.option("--status", type=click.Choice(sorted(STATUSES)), help="Only an active one may post.")
@click.option("--scope", "scopes", multiple=True, help=f"Replaces the whole scope: {SCOPE_HELP}")
def change(
    *,
    organisation_id: str,
    name: str | None,
    status: str | None,
    scopes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Record an organisation as it is from now on. What it issued before stays."""
    if name is None and status is None and not scopes:
        raise click.UsageError("give --name, --status or --scope")
    scope = [parse_scope(text) for text in scopes] or None
    with opened_ledger() as ledger:
        changed = change_organisation(
            ledger, organisation_id, name=name, status=status, scope=scope
        )
        sign_checkpoint(ledger)
    if as_json:
        print_json(_document(changed))
    else:
        click.echo(_line(changed))


@command("list")
def list_organisations(*, as_json: bool) -> None:
    """List the organisations."""
    with opened_ledger() as ledger:
        known = list(read_registry(ledger).organisations.values())
    if as_json:
        print_json({"organisations": [_document(each) for each in known]})
        return
    for each in known:
        click.echo(_line(each))


def _document(organisation: Organisation) -> dict[str, object]:
    return {
        "id": organisation.id,
        "name": organisation.name,
        "uscc": organisation.uscc,
        "type": organisation.type,
        "status": organisation.status,
        "scope": [_scope_text(part) for part in organisation.scope],
    }


def _scope_text(part: Scope) -> str:
    """Write a part of a scope in the form that ``--scope`` takes, where its ranks are a range."""
    ranks = sorted(part.levels)
    unbroken = ranks == list(range(ranks[0], ranks[-1] + 1))
    levels = f"{ranks[0]}-{ranks[-1]}" if unbroken else ",".join(map(str, ranks))
    end = "" if part.end is None else f":{part.end}"
    return f"{part.occupation}:{levels}:{part.start}{end}"


def _line(organisation: Organisation) -> str:
    scope = "  ".join(map(_scope_text, organisation.scope))
    return (
        f"{organisation.id}  {organisation.uscc}  {organisation.status}  {organisation.name}  "
        f"{scope}"
    )


organisation.add_command(add)
organisation.add_command(change)
organisation.add_command(list_organisations)
COMMANDS = (organisation,)
