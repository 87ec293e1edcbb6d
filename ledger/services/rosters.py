"""Import a roster: file to rows to entries, with a report that accounts for every row.

The whole file is read and refused before anything is recorded, if it cannot be read as a roster.
Rows are then recorded in batches of a thousand, each one transaction; with a key, an import that
was interrupted goes on where it stopped. The report that is kept masks what is personal; only the
caller who sent the file sees the values themselves.
"""

import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from ledger.core.digest import sha256
from ledger.domain.number_text import format_decimal, parse_scaled
from ledger.errors import MalformedError, RefusedError
from ledger.intake.findings import Problem, RosterRow
from ledger.intake.messages import Text
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from ledger.services.completions import Recorded, record
from ledger.services.context import Ledger
from ledger.services.organisations import read_registry
from ledger.services.posting import Outcome
from ledger.services.record import Once, write
from ledger.storage import answers
from ledger.storage.engine import reading, writing

BATCH_ROWS: Final = 1_000
# A batch's key is the file's, a control character and the batch's number: no caller's key is one.
KEY: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row of the file and what became of it.

    Attributes:
        source: The row as it was read.
        outcome: ``accepted``, ``rejected`` or ``duplicate``.
        codes: Stable codes, in the words of the intake and of the rules.
        result: What the ledger decided, where the row got that far.
    """

    source: RosterRow
    outcome: str
    codes: tuple[str, ...]
    result: Outcome | None

    def to_json(self, *, masked: bool) -> dict[str, Any]:
        """Give the row of a report; ``masked`` hides what is personal."""
        row: dict[str, Any] = {
            "row": self.source.row,
            "file_row": self.source.file_row,
            "outcome": self.outcome,
            "codes": list(self.codes),
            "normalized": None,
            "entry_index": None if self.result is None else self.result.entry_index,
            "problems": [_problem(each, masked=masked) for each in self.source.problems],
            "warnings": [_problem(each, masked=masked) for each in self.source.warnings],
            "notices": [] if self.result is None else list(self.result.notices),
            "message": None if self.result is None else self.result.message,
        }
        if self.outcome == "accepted" and self.result is not None and not masked:
            row["normalized"] = {**(self.source.normalized or {}), "credits": self.result.credits}
        return row


def _problem(problem: Problem, *, masked: bool) -> dict[str, Any]:
    return {
        "column": problem.column,
        "code": problem.code,
        "found": problem.masked_found if masked else problem.found,
        "expected": _texts(problem.expected),
        "fix": _texts(problem.fix),
        "suggestions": list(problem.suggestions),
    }


def _texts(text: Text) -> dict[str, str]:
    return {"zh-Hans": text.zh_hans, "en": text.en}


@dataclass(slots=True)
class ImportSummary:
    """What became of a file.

    Attributes:
        rows: Number of data rows.
        outcomes: Number of rows by outcome.
        credits: Sum of the granted credits, decimal text.
        dropped: Number of title, total and signature rows that are no data.
        format: ``csv`` or ``xlsx``.
        encoding: Encoding of a CSV file, as it was recognised.
        report_id: Under which the masked report is kept.
        replayed: Whether every batch was recorded by an earlier import with the same key.
    """

    rows: int = 0
    outcomes: dict[str, int] = field(
        default_factory=lambda: {"accepted": 0, "rejected": 0, "duplicate": 0}
    )
    credits: str = "0"
    dropped: int = 0
    format: str = ""
    encoding: str | None = None
    report_id: str = ""
    replayed: bool = True

    def to_json(self) -> dict[str, Any]:
        """Give the summary as JSON."""
        return {
            "rows": self.rows,
            "outcomes": self.outcomes,
            "credits": self.credits,
            "dropped_rows": self.dropped,
            "format": self.format,
            "encoding": self.encoding,
            "report_id": self.report_id,
            "replayed": self.replayed,
        }


def import_roster(  # noqa: PLR0913 - what a caller may choose about an import
    ledger: Ledger,
    issuer: str,
    data: bytes,
    filename: str | None = None,
    *,
    key: str | None = None,
    correcting: bool = False,
    all_or_nothing: bool = False,
    on_row: Callable[[ImportedRow], None] = lambda _row: None,
) -> ImportSummary:
    """Import a completion roster (CSV or XLSX) that an organisation posts.

    Costs about the same for each row; memory holds the file and one batch. ``on_row`` sees every
    row in order, once its batch is recorded.

    Raises:
        MalformedError: The file is not a roster; nothing was recorded. NotFoundError: The issuer is
            not registered. ConflictError: The key was used for another file. RefusedError:
            ``all_or_nothing``, and a row is refused; nothing was recorded. UnavailableError: The
            ledger cannot be written now; what was recorded before stands, and a retry goes on.
    """
    if key is not None and not KEY.fullmatch(key):
        raise MalformedError(
            "idempotency key: expected 1 to 200 characters, no control characters",
            code="idempotency-key",
        )
    registry = read_registry(ledger)
    registry.organisation(issuer)
    table = read_roster(data, filename)
    rows = parse_rows(table, registry.occupations)
    summary = ImportSummary(format=table.format, encoding=table.encoding)
    summary.report_id, known = _open_import(ledger, issuer, data, key)
    tally = _Tally(summary, on_row, replayed=known)
    batches: Iterable[list[RosterRow]] = [list(rows)] if all_or_nothing else _batches(rows)
    for number, batch in enumerate(batches):
        if all_or_nothing and any(row.command is None for row in batch):
            bad = sum(row.command is None for row in batch)
            raise RefusedError(
                f"roster: {bad} rows cannot be recorded, so none was", code="all-or-nothing"
            )
        batch_key = None if key is None else f"{key}\x1f{number}"
        commands = [row.command for row in batch if row.command is not None]
        recorded = record(
            ledger,
            issuer,
            commands,
            key=batch_key,
            correcting=correcting,
            all_or_nothing=all_or_nothing,
        )
        tally.add(batch, recorded)
    summary.dropped = table.dropped_rows
    tally.finish()
    _keep_report(ledger, issuer, summary, tally.kept())
    return summary


def _open_import(ledger: Ledger, issuer: str, data: bytes, key: str | None) -> tuple[str, bool]:
    """Give the report id of this import; under a key that was used before, the first one's."""
    if key is None:
        return ledger.new_id("rep"), False
    once = Once(issuer, key, sha256(data))
    written = write(ledger, lambda _batch: {"report": ledger.new_id("rep")}, once)
    answer: Any = written.answer
    return answer["report"], written.replayed


def _batches(rows: Iterator[RosterRow]) -> Iterator[list[RosterRow]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


class _Tally:
    """Adds up an import, row by row, and keeps the masked report as compressed lines of JSON."""

    def __init__(
        self, summary: ImportSummary, on_row: Callable[[ImportedRow], None], *, replayed: bool
    ) -> None:
        self._summary = summary
        self._on_row = on_row
        self._credits = Fraction()
        self._compressor = zlib.compressobj()
        self._kept: list[bytes] = []
        summary.replayed = replayed

    def add(self, batch: Sequence[RosterRow], recorded: Recorded) -> None:
        """Join the rows of a batch with their outcomes."""
        outcomes = iter(recorded.outcomes)
        self._summary.replayed = self._summary.replayed and recorded.replayed
        lines = []
        for row in batch:
            imported = _imported(row, None if row.command is None else next(outcomes))
            self._summary.rows += 1
            self._summary.outcomes[imported.outcome] += 1
            if (
                imported.outcome == "accepted"
                and imported.result is not None
                and imported.result.credits is not None
            ):
                self._credits += parse_scaled(imported.result.credits)
            self._on_row(imported)
            lines.append(orjson.dumps(imported.to_json(masked=True)))
        self._kept.append(self._compressor.compress(b"".join(line + b"\n" for line in lines)))

    def finish(self) -> None:
        """Write down the sum."""
        self._summary.credits = format_decimal(self._credits)

    def kept(self) -> bytes:
        """Give the compressed masked rows."""
        return b"".join(self._kept) + self._compressor.flush()


def _imported(row: RosterRow, result: Outcome | None) -> ImportedRow:
    if result is None:
        return ImportedRow(row, "rejected", row.codes, None)
    codes = row.codes if result.code is None else (result.code,)
    return ImportedRow(row, result.outcome, codes, result)


def _keep_report(ledger: Ledger, issuer: str, summary: ImportSummary, rows: bytes) -> None:
    head = orjson.dumps({"issuer": issuer, "summary": summary.to_json()})
    content = len(head).to_bytes(4, "big") + head + rows
    with ledger.lock.held(), writing(ledger.engine) as connection:
        answers.store_report(
            connection, ledger.sealer, summary.report_id, issuer, ledger.clock(), content
        )


def forget_reports(ledger: Ledger, connection: Connection, entries: Collection[int]) -> None:
    """Delete the kept reports that tell of any of these entries. Costs reading every report."""
    gone = set(entries)
    for report_id in answers.report_ids(connection):
        rows = _read_report(ledger, connection, report_id)["rows"]
        if any(row["entry_index"] in gone for row in rows):
            answers.delete_report(connection, report_id)


def stored_report(ledger: Ledger, report_id: str) -> dict[str, Any]:
    """Give a kept report: issuer, summary and every row, masked.

    Raises:
        NotFoundError: No such report.
    """
    with reading(ledger.engine) as connection:
        return _read_report(ledger, connection, report_id)


def _read_report(ledger: Ledger, connection: Connection, report_id: str) -> dict[str, Any]:
    _, content = answers.read_report(connection, ledger.sealer, report_id)
    size = int.from_bytes(content[:4], "big")
    report: dict[str, Any] = orjson.loads(content[4 : 4 + size])
    lines = zlib.decompress(content[4 + size :]).splitlines()
    report["rows"] = [orjson.loads(line) for line in lines]
    return report
