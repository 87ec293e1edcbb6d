"""Commands that make and run a ledger: init, migrate, run, serve, occupations."""

from pathlib import Path

import click

from ledger.cli.main_job import run_main_job
from ledger.cli.output import command, opened_ledger, print_json
from ledger.cli.serving import serve
from ledger.services.example import install_example
from ledger.services.opening import initialise, migrate
from ledger.services.organisations import import_occupations, read_registry
from ledger.services.settings import Settings


@command("init")
@click.option(
    "--example", is_flag=True, help="Add the example school, catalogue and credit schedule."
)
def init(*, example: bool, as_json: bool) -> None:
    """Make keys, database and first checkpoint in JINLAN_HOME; harmless where they are."""
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
def serve_command(*, as_json: bool) -> int:
    """Serve the API on 127.0.0.1 and run the scheduler beside it, until interrupted."""

    def announce(url: str) -> None:
        print_json({"url": url})

    on_start = announce if as_json else None
    return serve(Settings.from_environment(), once=False, quiet=as_json, on_start=on_start)


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


COMMANDS = (init, migrate_command, run, serve_command, occupations)
