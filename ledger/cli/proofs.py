"""Commands that check and prove: verify, audit, checkpoint, prove."""

import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from ledger.cli.output import (
    SOUND,
    UNSOUND,
    command,
    opened_ledger,
    print_json,
    progress,
)
from ledger.cli.words import report_lines
from ledger.core.key_list import KeyList, decode_key_list
from ledger.errors import LedgerError, MalformedError, NotFoundError
from ledger.services.auditing import Depth, audit
from ledger.services.checkpointing import last_checkpoint, sign_checkpoint
from ledger.services.context import Ledger, system_clock
from ledger.services.proving import entry_bytes, prove
from ledger.services.settings import Settings
from ledger.verify import verify

AHEAD_TOLD_MS = 60_000
PROCESSES_MAX: Final = 8


def read_trust(path: Path | None) -> KeyList:
    """Read the key list that a verifier trusts: the one named, or the one at JINLAN_HOME.

    Raises:
        NotFoundError: There is none.
        MalformedError: It is not a key list.
    """
    source = path or Settings.from_environment().home / "keys.json"
    if not source.exists():
        raise NotFoundError(
            f"no key list at {source}: get the ledger's keys.json from the authority and name it "
            f"with --trust",
            code="no-ledger",
        )
    try:
        return decode_key_list(source.read_bytes())
    except MalformedError as error:
        # Said of the trust, so that nobody takes it for a fault of the document.
        raise MalformedError(
            f"{source}: not the key list of a ledger ({error.message}); get keys.json from the "
            "authority anew",
            code="trust-unusable",
        ) from error


@command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The ledger's keys.json; that in JINLAN_HOME if left out.",
)
@click.option(
    "--lang", type=click.Choice(["zh-Hans", "zh-Hant", "en"]), default="en", show_default=True
)
def verify_command(*, file: Path, trust: Path | None, lang: str, as_json: bool) -> int:
    """Check a bundle or a credential, with no network and no database."""
    report = verify(file.read_bytes(), read_trust(trust), system_clock())
    if as_json:
        print_json(report.to_json())
    else:
        click.echo("\n".join(report_lines(report, lang)))
    return SOUND if report.verdict == "valid" else UNSOUND


def _entries_signed(ledger: Ledger) -> int:
    """Give about how many entries there are, for a progress bar; an audit believes no number."""
    with suppress(LedgerError):
        last = last_checkpoint(ledger)
        return 0 if last is None else last.checkpoint.size
    return 0


@command("audit")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=None,
    help=f"How many work at once; one for each core if left out, {PROCESSES_MAX} at most.",
)
@click.option(
    "--depth",
    type=click.Choice([depth.value for depth in Depth]),
    default=Depth.EVERYTHING.value,
    show_default=True,
    help="How far down: entries, tiles, head and checkpoints; each body too; what is derived too.",
)
def audit_command(*, processes: int | None, depth: str, as_json: bool) -> int:
    """Check entries, leaf hashes, tiles, bodies, projections and checkpoints."""
    at_once = processes or min(os.cpu_count() or 1, PROCESSES_MAX)
    with opened_ledger() as ledger, progress("entries", quiet=as_json) as watch:
        watch.expect(_entries_signed(ledger))
        report = audit(ledger, watch.advance, processes=at_once, depth=Depth(depth))
    document = {
        "sound": report.sound,
        "depth": depth,
        "entries": report.entries,
        "bodies": report.bodies,
        "erased": report.erased,
        "checkpoints": report.checkpoints,
        "ahead_ms": report.ahead_ms,
        "first_bad_index": report.first_bad_index,
        "findings": [asdict(finding) for finding in report.findings],
    }
    if as_json:
        print_json(document)
    else:
        for finding in report.findings:
            where = "" if finding.index is None else f"entry {finding.index}: "
            click.echo(f"{finding.what}: {where}{finding.message}")
        if report.ahead_ms >= AHEAD_TOLD_MS:
            click.echo(
                f"the newest entry is dated {report.ahead_ms // 1000} s after this clock, "
                "which was ahead once or is behind now; until it gets there each write follows the "
                "one before by a millisecond"
            )
        click.echo(
            f"{report.entries} entries, {report.bodies} bodies, {report.erased} erased, "
            f"{report.checkpoints} checkpoints: {'sound' if report.sound else 'NOT SOUND'}"
        )
        if not report.sound:
            click.echo(f"first bad index: {report.first_bad_index}")
    return SOUND if report.sound else UNSOUND


@command("checkpoint")
def checkpoint(*, as_json: bool) -> None:
    """Sign a checkpoint if the log has grown, and print the newest."""
    with opened_ledger() as ledger:
        signed = sign_checkpoint(ledger)
    if as_json:
        print_json(
            {
                "origin": signed.checkpoint.origin,
                "size": signed.checkpoint.size,
                "root": signed.checkpoint.root.hex(),
                "note": signed.note.decode(),
            }
        )
    else:
        click.echo(signed.note.decode(), nl=False)


@command("prove")
@click.argument("index", type=click.IntRange(min=0))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the proof here, not to the screen.",
)
def prove_command(*, index: int, out: Path | None, as_json: bool) -> int:
    """Give the tlog-proof of an entry in the newest checkpoint."""
    with opened_ledger() as ledger:
        proof, entry = prove(ledger, index), entry_bytes(ledger, index)
    if out is not None:
        out.write_text(proof)
    if as_json:
        print_json({"index": index, "entry": entry.decode(), "proof": proof})
    elif out is None:
        sys.stdout.write(proof)
    else:
        click.echo(f"{out}: {len(proof)} bytes")
    return SOUND


COMMANDS = (verify_command, audit_command, checkpoint, prove_command)
