"""Commands about records: import, transcript, export, subjects, revoke, erase."""

import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click
import orjson

from ledger.cli.output import (
    UNSOUND,
    command,
    opened_ledger,
    print_json,
    private_file,
    progress,
    write_export,
)
from ledger.cli.words import transcript_lines
from ledger.core.entry import LEDGER_ISSUER
from ledger.domain.fields import INTEGER_MAX
from ledger.domain.withdrawals import REASONS, RevokeIssuer, RevokeRecord
from ledger.errors import NotFoundError, RefusedError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.erasure import erase, finish_erasure
from ledger.services.exports import export_bundle
from ledger.services.rosters import ImportedRow, import_roster
from ledger.services.transcripts import find_subject, list_subjects, read_transcript
from ledger.services.withdrawal import revoke_issuer, revoke_record

DATE = click.DateTime(formats=["%Y-%m-%d"])


class _Report:
    """Writes the rows of a report as they come, so that memory stays flat; None writes nowhere."""

    def __init__(self, file: IO[bytes] | None) -> None:
        self._file = file
        self._between = b'{"rows":[\n'

    def add(self, row: ImportedRow) -> None:
        if self._file is None:
            return
        self._file.write(self._between)
        self._between = b",\n"
        self._file.write(orjson.dumps(row.to_json(masked=False)))

    def finish(self, summary: dict[str, object]) -> None:
        if self._file is None:
            return
        if self._between != b",\n":
            self._file.write(self._between)
        self._file.write(b'],\n"summary":' + orjson.dumps(summary) + b"}\n")


@command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--issuer", required=True, help="Organisation id; see 'organisation list'.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report of every row here.",
)
@click.option(
    "--key",
    help=(
        "Idempotency key: an import that was cut off goes on, a repeated one gets the first answer."
    ),
)
@click.option(
    "--correct", is_flag=True, help="Rows that differ from what is recorded are corrections."
)
@click.option("--all-or-nothing", is_flag=True, help="Record nothing if any row is refused.")
@click.option("--strict", is_flag=True, help="Exit with 1 if any row is rejected.")
def import_command(  # noqa: PLR0913 - one for each option
    *,
    file: Path,
    issuer: str,
    report: Path | None,
    key: str | None,
    correct: bool,
    all_or_nothing: bool,
    strict: bool,
    as_json: bool,
) -> int | None:
    """Record the completions of a roster (CSV or XLSX).

    Exits with 1 if no row was accepted or is recorded already.
    """
    with opened_ledger() as ledger, ExitStack() as stack:
        # It shows names and numbers as they were sent, so it is for its owner only.
        kept = _Report(None if report is None else stack.enter_context(private_file(report)))
        watch = stack.enter_context(progress("rows", quiet=as_json))

        def on_row(row: ImportedRow) -> None:
            kept.add(row)
            watch.advance(1)

        summary = import_roster(
            ledger,
            issuer,
            file.read_bytes(),
            file.name,
            key=key,
            correcting=correct,
            all_or_nothing=all_or_nothing,
            on_row=on_row,
            on_total=watch.expect,
        ).to_json()
        kept.finish(summary)
        sign_checkpoint(ledger)
    outcomes = summary["outcomes"]
    if as_json:
        print_json(summary)
    else:
        click.echo(
            f"{summary['rows']} rows: {outcomes['accepted']} accepted, {outcomes['duplicate']} "
            f"repeated, "
            f"{outcomes['rejected']} rejected; {summary['credits']} credits"
        )
        if report is not None:
            click.echo(f"report of every row: {report}")
    nothing = not outcomes["accepted"] and not outcomes["duplicate"]
    return UNSOUND if nothing or (strict and outcomes["rejected"]) else None


@command("transcript")
@click.option("--subject", required=True, help="Subject id; see 'subjects'.")
@click.option("--on", type=DATE, help="Date of the transcript, YYYY-MM-DD; today if left out.")
def transcript(*, subject: str, on: datetime | None, as_json: bool) -> None:
    """Show a person's records and the credits that count at a date."""
    with opened_ledger() as ledger:
        document = read_transcript(ledger, subject, on.date() if on else ledger.today())
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(transcript_lines(document)))


@command("export")
@click.option("--subject", required=True, help="Subject id; see 'subjects'.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write."
)
@click.option("--on", type=DATE, help="Date of the transcript, YYYY-MM-DD; today if left out.")
def export(*, subject: str, out: Path, on: datetime | None, as_json: bool) -> None:
    """Write a person's transcript as a bundle that verifies without this ledger."""
    with opened_ledger() as ledger:
        data = export_bundle(ledger, subject, on.date() if on else ledger.today())
        write_export(ledger, subject, out, data)
    if as_json:
        print_json({"file": str(out), "bytes": len(data)})
    else:
        click.echo(
            f"{out}: {len(data)} bytes; check it with: {sys.executable} -m ledger verify {out}"
        )


@command("subjects")
@click.option(
    "--id-number", "ask", is_flag=True, help="Find one person by the ID number on standard input."
)
def subjects(*, ask: bool, as_json: bool) -> None:
    """List the persons, masked; or find one."""
    with opened_ledger() as ledger:
        listed = [_one_subject(ledger)] if ask else list_subjects(ledger)
    if as_json:
        print_json({"subjects": listed})
        return
    for each in listed:
        click.echo(f"{each['id']}  {each['name']}  {each['id_number']}  {each['records']} records")


def _one_subject(ledger: Ledger) -> dict[str, Any]:
    found = find_subject(ledger, sys.stdin.readline().strip().upper())
    if found is None:
        raise NotFoundError("subject: no person with this ID number")
    document = read_transcript(ledger, found, ledger.today())
    return {"id": found, **document["holder"], "records": len(document["records"])}


@command("revoke")
@click.option(
    "--entry", type=click.IntRange(0, INTEGER_MAX), help="Index of the record to withdraw."
)
@click.option(
    "--issuer",
    help="With --entry: who asks (the operator if left out). Alone: whose records to withdraw.",
)
@click.option("--from", "start", type=DATE, help="First event date, for an issuer's records.")
@click.option("--to", "end", type=DATE, help="Last event date, for an issuer's records.")
@click.option("--reason", required=True, type=click.Choice(sorted(REASONS)), help="Why.")
@click.option("--document", help="Number of the decision.")
def revoke(  # noqa: PLR0913 - one for each option
    *,
    entry: int | None,
    issuer: str | None,
    start: datetime | None,
    end: datetime | None,
    reason: str,
    document: str | None,
    as_json: bool,
) -> None:
    """Withdraw one record, or all that an issuer gave in a period."""
    with opened_ledger() as ledger:
        if entry is not None and start is None and end is None:
            answer = revoke_record(
                ledger, issuer or LEDGER_ISSUER, RevokeRecord(entry, reason, document)
            )
        elif entry is None and issuer and start and end:
            answer = revoke_issuer(
                ledger, RevokeIssuer(issuer, start.date(), end.date(), reason, document)
            )
        else:
            raise click.UsageError("give --entry INDEX, or --issuer ORG --from DATE --to DATE")
        sign_checkpoint(ledger)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"entry {answer['entry']} withdraws {len(answer['revoked'])} records")


@command("erase")
@click.option("--subject", help="Subject id; see 'subjects'.")
@click.option("--yes", is_flag=True, help="Do not ask. What is erased cannot be brought back.")
@click.option("--finish", is_flag=True, help="Finish an erasure that a reader held up.")
def erase_command(*, subject: str | None, yes: bool, finish: bool, as_json: bool) -> None:
    """Erase a person: key, facts, bodies and kept exports. Entries and proofs stay."""
    if finish == (subject is not None):
        raise click.UsageError("give --subject ID, or --finish")
    if subject is None:
        with opened_ledger() as ledger:
            finish_erasure(ledger)
        answer: dict[str, Any] = {"finished": True}
    else:
        answer = _erase(subject, yes=yes)
    if as_json:
        print_json(answer)
    elif subject is None:
        click.echo("finished")
    else:
        click.echo(
            f"entry {answer['entry']} records the erasure of {len(answer['entries'])} bodies"
        )


def _erase(subject: str, *, yes: bool) -> dict[str, Any]:
    if not yes and not click.confirm("Erase this person? It cannot be undone", err=True):
        raise RefusedError("nothing was erased", code="not-confirmed")
    with opened_ledger() as ledger:
        answer = erase(ledger, subject)
        sign_checkpoint(ledger)
    return answer


COMMANDS = (import_command, transcript, export, subjects, revoke, erase_command)
