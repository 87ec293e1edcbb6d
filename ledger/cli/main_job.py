"""The main job as it happens: roster in, credits out, an export, a verdict without a ledger."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from ledger.cli.output import print_json, write_export
from ledger.cli.words import row_lines, transcript_lines
from ledger.example import ROSTER
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.erasure import EXPORTS
from ledger.services.example import install_example
from ledger.services.exports import export_bundle
from ledger.services.opening import initialise
from ledger.services.rosters import ImportedRow, import_roster
from ledger.services.settings import Settings
from ledger.services.transcripts import list_subjects, read_transcript

# Under one key the example is recorded once, however often it is run.
KEY: Final = "example-roster-1"


def run_main_job(settings: Settings, *, as_json: bool) -> bool:
    """Do the main job on the example; tell whether the verdict was good."""
    say = (lambda _text: None) if as_json else click.echo
    ledger = initialise(settings)
    try:
        school = install_example(ledger)
        say(f"1  ledger     {ledger.origin} in {ledger.home}")
        say(f"2  school     {school.name} ({school.id})")
        told: list[ImportedRow] = []
        summary = import_roster(
            ledger,
            school.id,
            ROSTER.read_bytes(),
            ROSTER.name,
            key=KEY,
            on_row=lambda row: told.append(row) if row.outcome != "accepted" else None,
        )
        counts = summary.outcomes
        say(
            f"3  roster     {summary.rows} rows: {counts['accepted']} accepted, "
            f"{counts['duplicate']} repeated, "
            f"{counts['rejected']} rejected"
            + ("  (as recorded by an earlier run)" if summary.replayed else "")
        )
        for row in told:
            _say_below(say, row_lines(row))
        say(f"4  credits    {summary.credits} credits granted")
        exported, transcript = _export(ledger)
        say("5  transcript of one worker:")
        _say_below(say, transcript_lines(transcript))
        say(f"6  export     {exported}")
        size = sign_checkpoint(ledger).checkpoint.size
        say(f"7  checkpoint {size} entries, signed: {settings.home / 'checkpoint'}")
    finally:
        ledger.close()
    trust = settings.home / "keys.json"
    arguments = [sys.executable, "-m", "ledger", "verify", str(exported), "--trust", str(trust)]
    verdict = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    say("8  verdict    by a fresh process, from that file and keys.json alone:")
    _say_below(say, verdict.stdout.splitlines())
    sound = verdict.returncode == 0
    if as_json:
        print_json(
            {"summary": summary.to_json(), "export": str(exported), "valid": sound, "entries": size}
        )
    return sound


def _say_below(say: Callable[[str], None], lines: Iterable[str]) -> None:
    for line in lines:
        say(f"              {line}")


def _export(ledger: Ledger) -> tuple[Path, dict[str, Any]]:
    """Export one worker's transcript; give the file, and the transcript that it holds.

    It is the one with the most credits among those with the most records.
    """
    listed = list_subjects(ledger)
    most = max(each["records"] for each in listed)
    chosen = max(
        (
            read_transcript(ledger, each["id"], ledger.today())
            for each in listed
            if each["records"] == most
        ),
        key=lambda each: Decimal(each["total_credits"]),
    )
    folder = ledger.home / EXPORTS
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{chosen['subject']}.json"
    data = export_bundle(ledger, chosen["subject"], ledger.today())
    write_export(ledger, chosen["subject"], target, data)
    return target, chosen
