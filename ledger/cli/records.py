"""Commands about records: import, transcript, export, subjects, revoke, erase."""

import os
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from ledger.cli.output import UNSOUND, command, opened_ledger, print_json, progress
from ledger.domain.fields import INTEGER_MAX
from ledger.domain.withdrawals import REASONS, RevokeIssuer, RevokeRecord
from ledger.errors import NotFoundError, RefusedError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.erasure import erase, finish_erasure
from ledger.services.exports import export_bundle
from ledger.services.posting import CHINA
from ledger.services.rosters import ImportedRow, import_roster
from ledger.services.transcripts import find_subject, list_subjects, read_transcript
from ledger.services.withdrawal import revoke_issuer, revoke_record

CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
DATE = click.DateTime(formats=["%Y-%m-%d"])


def today(ledger: Ledger) -> date:
    """Give today's date in China by the ledger's clock."""
    return datetime.fromtimestamp(ledger.clock() / 1000, UTC).astimezone(CHINA).date()


class _ReportFile:
    """Writes the rows of a report as they come, so that memory stays flat.

    It takes its name when it is whole; an import that fails leaves an earlier report as it was.
    ``None`` as path writes nowhere.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._part = None if path is None else path.with_name(path.name + ".part")
        # It shows names and numbers as they were sent, so it is for its owner only.
        self._file = (
            None if self._part is None else os.fdopen(os.open(self._part, CREATE, 0o600), "wb")
        )
        self._first = True

    def add(self, row: ImportedRow) -> None:
        if self._file is None:
            return
        self._file.write(b'{"rows":[\n' if self._first else b",\n")
        self._first = False
        self._file.write(orjson.dumps(row.to_json(masked=False)))

    def finish(self, summary: dict[str, object]) -> None:
        if self._file is None or self._part is None or self._path is None:
            return
        if self._first:
            self._file.write(b'{"rows":[')
        self._file.write(b'],\n"summary":' + orjson.dumps(summary) + b"}\n")
        self._file.flush()
        self._part.replace(self._path)

    def close(self) -> None:
        if self._file is not None and self._part is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)


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
    """Record the completions of a roster (CSV or XLSX)."""
    with (
        opened_ledger() as ledger,
        closing(_ReportFile(report)) as report_file,
        progress("rows", None, quiet=as_json) as advance,
    ):

        def on_row(row: ImportedRow) -> None:
            report_file.add(row)
            advance(1)

        summary = import_roster(
            ledger,
            issuer,
            file.read_bytes(),
            file.name,
            key=key,
            correcting=correct,
            all_or_nothing=all_or_nothing,
            on_row=on_row,
        ).to_json()
        report_file.finish(summary)
        sign_checkpoint(ledger)
    if as_json:
        print_json(summary)
    else:
        outcomes = summary["outcomes"]
        click.echo(
            f"{summary['rows']} rows: {outcomes['accepted']} accepted, {outcomes['duplicate']} "
            f"repeated, "
            f"{outcomes['rejected']} rejected; {summary['credits']} credits"
        )
        if report is not None:
            click.echo(f"report of every row: {report}")
    return UNSOUND if strict and summary["outcomes"]["rejected"] else None


@command("transcript")
@click.option("--subject", required=True, help="Subject id; see 'subjects'.")
@click.option("--on", type=DATE, help="Date of the transcript, YYYY-MM-DD; today if left out.")
def transcript(*, subject: str, on: datetime | None, as_json: bool) -> None:
    """Show a person's records and the credits that count at a date."""
    with opened_ledger() as ledger:
        document = read_transcript(ledger, subject, on.date() if on else today(ledger))
    if as_json:
        print_json(document)
        return
    holder = document["holder"]
    click.echo(f"{holder['name']}  {holder['id_number']}  on {document['on']}")
    for line in document["records"]:
        facts = line["body"]["facts"]
        notes = f"  ({', '.join(line['notes'])})" if line["notes"] else ""
        click.echo(
            f"  #{line['index']}  {facts['occupation']['name']}  level {facts['level']}  "
            f"{line['issuer_name']}  "
            f"{line['status']}  {line['counted']}{notes}"
        )
    click.echo(f"total credits: {document['total_credits']}")


@command("export")
@click.option("--subject", required=True, help="Subject id; see 'subjects'.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write."
)
@click.option("--on", type=DATE, help="Date of the transcript, YYYY-MM-DD; today if left out.")
def export(*, subject: str, out: Path, on: datetime | None, as_json: bool) -> None:
    """Write a person's transcript as a bundle that verifies without this ledger."""
    with opened_ledger() as ledger:
        data = export_bundle(ledger, subject, on.date() if on else today(ledger))
    out.write_bytes(data)
    if as_json:
        print_json({"file": str(out), "bytes": len(data)})
    else:
        click.echo(f"{out}: {len(data)} bytes; check it with: python -m ledger verify {out}")


@command("subjects")
@click.option(
    "--id-number", "ask", is_flag=True, help="Find one person by the ID number on standard input."
)
def subjects(*, ask: bool, as_json: bool) -> None:
    """List the persons, masked; or find one."""
    with opened_ledger() as ledger:
        listed = list_subjects(ledger)
        if ask:
            found = find_subject(ledger, sys.stdin.readline().strip().upper())
            if found is None:
                raise NotFoundError("subject: no person with this ID number")
            listed = [each for each in listed if each["id"] == found]
    if as_json:
        print_json({"subjects": listed})
        return
    for each in listed:
        click.echo(f"{each['id']}  {each['name']}  {each['id_number']}  {each['records']} records")


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
                ledger, issuer or "ledger", RevokeRecord(entry, reason, document)
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
