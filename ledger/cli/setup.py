"""Commands that make and run a ledger: init, migrate, run, serve, organisation, occupations."""

from datetime import date
from pathlib import Path

import click

from ledger.cli.main_job import run_main_job
from ledger.cli.output import command, opened_ledger, print_json
from ledger.cli.serving import serve
from ledger.domain.levels import RANK_MAX
from ledger.domain.organisations import ANY_OCCUPATION, Scope
from ledger.services.example import install_example
from ledger.services.opening import initialise, migrate
from ledger.services.organisations import add_organisation, import_occupations, read_registry
from ledger.services.settings import Settings


@command("init")
@click.option(
    "--example", is_flag=True, help="Add the example school, catalogue and credit schedule."
)
def init(*, example: bool, as_json: bool) -> None:
    """Make the ledger in JINLAN_HOME: keys, database, first checkpoint.

    Harmless where there is one.
    """
    ledger = initialise(Settings.from_environment())
    try:
        school = install_example(ledger) if example else None
        document = {
            "home": str(ledger.home),
            "origin": ledger.origin,
            "keys": str(ledger.home / "keys.json"),
            "organisation": None if school is None else {"id": school.id, "name": school.name},
        }
    finally:
        ledger.close()
    if as_json:
        print_json(document)
        return
    click.echo(f"ledger {document['origin']} in {document['home']}")
    click.echo(f"public keys, to hand to verifiers: {document['keys']}")
    if school is not None:
        click.echo(f"example school: {school.id}  {school.name}")


@command("migrate")
def migrate_command(*, as_json: bool) -> None:
    """Bring the database of an existing ledger to this version."""
    migrate(Settings.from_environment())
    if as_json:
        print_json({"migrated": True})
    else:
        click.echo("the database is at the newest migration")


@command("run")
@click.option("--once", is_flag=True, help="Stop after the main job and one answer from the API.")
def run(*, once: bool, as_json: bool) -> int:
    """Make the ledger if need be, show the main job on the example, and serve the API."""
    settings = Settings.from_environment()
    sound = run_main_job(settings, as_json=as_json)
    return serve(settings, once=once, quiet=as_json) if sound else 1


@command("serve")
def serve_command(*, as_json: bool) -> int:  # noqa: ARG001 - every command takes it
    """Serve the API on 127.0.0.1 and run the scheduler beside it, until interrupted."""
    return serve(Settings.from_environment(), once=False)


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
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="OCCUPATION:RANKS:FROM[:TO]; may be repeated.",
)
def add(*, name: str, uscc: str, type_: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Register an organisation."""
    parsed = [parse_scope(text) for text in scopes]
    with opened_ledger() as ledger:
        added = add_organisation(ledger, name, uscc, type_, parsed)
    if as_json:
        print_json({"id": added.id, "name": added.name, "uscc": added.uscc})
    else:
        click.echo(f"{added.id}  {added.name}")


@command("list")
def list_organisations(*, as_json: bool) -> None:
    """List the organisations."""
    with opened_ledger() as ledger:
        known = list(read_registry(ledger).organisations.values())
    if as_json:
        print_json(
            {
                "organisations": [
                    {"id": o.id, "name": o.name, "uscc": o.uscc, "type": o.type, "status": o.status}
                    for o in known
                ]
            }
        )
        return
    for each in known:
        click.echo(f"{each.id}  {each.uscc}  {each.status}  {each.name}")


@command("occupations")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
def occupations(*, file: Path | None, as_json: bool) -> None:
    """Count the occupation table, or publish a new one from FILE (CSV with code, name, flags)."""
    with opened_ledger() as ledger:
        imported = import_occupations(ledger, file.read_bytes()) if file is not None else 0
        total = len(read_registry(ledger).occupations)
    if as_json:
        print_json({"imported": imported, "occupations": total})
    else:
        click.echo(f"{imported} rows published; {total} occupations are known")


organisation.add_command(add)
organisation.add_command(list_organisations)
COMMANDS = (init, migrate_command, run, serve_command, organisation, occupations)
