"""Commands about credit schedules: schedule add, example, list."""

import json
from pathlib import Path

import click

from ledger.cli.output import command, opened_ledger, print_json
from ledger.domain.schedule_reading import parse_schedule
from ledger.domain.schedule_terms import CreditSchedule
from ledger.domain.schedules import EXAMPLE_SCHEDULE, schedule_hash
from ledger.errors import MalformedError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.organisations import add_schedule, read_registry


@click.group("schedule")
def schedule() -> None:
    """Credit schedules: how many credits hours earn, from which day. No posting without one."""


def read_schedule(data: bytes) -> CreditSchedule:
    """Read a schedule from the JSON form that ``schedule example`` prints.

    Raises:
        MalformedError: It is not one; the message names the line or the field, what was found and
            what was expected.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_fields)
    except UnicodeDecodeError as error:
        raise MalformedError(
            f"schedule: found a byte that is not UTF-8 at place {error.start + 1}, expected UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        raise MalformedError(
            f"schedule, line {error.lineno}, column {error.colno}: found no JSON, expected it as "
            f"'schedule example' prints it ({error.msg})"
        ) from None
    except RecursionError:
        raise MalformedError("schedule: nested too deeply") from None
    return parse_schedule(value)


def _fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # The reader of JSON would keep the last of two, and nobody would know which one was meant.
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedError(f"schedule: found the field {twice[:40]!r} twice, expected it once")
    return fields


@command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(*, file: Path, as_json: bool) -> None:
    """Publish a version of a credit schedule from FILE; a published version never changes."""
    parsed = read_schedule(file.read_bytes())
    with opened_ledger() as ledger:
        index = add_schedule(ledger, parsed)
        sign_checkpoint(ledger)
    if as_json:
        print_json(_document(parsed, index))
    else:
        click.echo(_line(parsed, index))


@command("list")
def list_schedules(*, as_json: bool) -> None:
    """List the published versions."""
    with opened_ledger() as ledger:
        registry = read_registry(ledger)
    entries = registry.schedule_entries
    known = [(each, entries[each.schedule_id, each.version]) for each in registry.schedules]
    if as_json:
        print_json({"schedules": [_document(*each) for each in known]})
        return
    for each in known:
        click.echo(_line(*each))


@command("example")
def example(*, as_json: bool) -> None:  # noqa: ARG001 - every command takes it; this one is JSON anyway
    """Print the example schedule: a form to fill in, under an id of your own."""
    print_json(EXAMPLE_SCHEDULE.to_json())


def _document(each: CreditSchedule, entry: int) -> dict[str, object]:
    return {"entry": entry, "hash": schedule_hash(each), **each.to_json()}


def _line(each: CreditSchedule, entry: int) -> str:
    until = "" if each.effective_to is None else f" to {each.effective_to}"
    hours = ", ".join(f"{mode} {number}" for mode, number in each.hours_per_credit.items())
    document = "" if each.document_no is None else f"  {each.document_no}"
    return (
        f"#{entry}  {each.schedule_id} version {each.version}  from {each.effective_from}{until}  "
        f"hours a credit: {hours}{document}"
    )


schedule.add_command(add)
schedule.add_command(list_schedules)
schedule.add_command(example)
COMMANDS = (schedule,)
