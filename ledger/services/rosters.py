"""Import a roster: file to rows to entries, with a report that accounts for every row.

The whole file is read and refused before anything is recorded, if it cannot be read as a roster.
Rows are then recorded in batches of a thousand, each one transaction; with a key, an import that
was interrupted goes on where it stopped. The report that is kept masks what is personal; only the
caller who sent the file sees the values themselves.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from ledger.core.digest import sha256
from ledger.domain.levels import level_of
from ledger.domain.number_text import format_decimal, parse_scaled
from ledger.domain.records import RecordCompletion
from ledger.errors import MalformedError, RefusedError
from ledger.intake.findings import Problem, RosterRow
from ledger.intake.messages import Text, rule_key
from ledger.intake.rosters import read_roster
from ledger.intake.rows import parse_rows
from ledger.intake.tables import Table
from ledger.services.completions import Recorded, record
from ledger.services.context import Ledger
from ledger.services.import_reports import ReportDraft, keep_report
from ledger.services.organisations import read_registry
from ledger.services.posting import Outcome
from ledger.services.record import write
from ledger.services.work import Once

BATCH_ROWS: Final = 1_000
# A batch's key is the file's, a control character and the batch's number: no caller's key is one.
KEY: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")

_CLASS: Final = ("class_number", "class_name")
_LAST_DAY: Final = ("end", "period")
# Where the refusal by a rule points to: the first of these columns that the file has, else the row.
_RULE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "id-name-conflict": ("name",),
        "record-differs": _CLASS,
        "not-your-record": _CLASS,
        "already-revoked": _CLASS,
        "issuer-scope": ("occupation_code", "occupation"),
        "certificate-number-taken": ("certificate_number",),
        "event-in-future": _LAST_DAY,
        "schedule-missing": _LAST_DAY,
    }
)


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row of the file and what became of it.

    Attributes:
        source: The row as it was read.
        outcome: ``accepted``, ``rejected`` or ``duplicate``.
        codes: Stable codes, in the words of the intake and of the rules.
        result: What the ledger decided, where the row got that far.
        problems: What stopped it, in the intake or by a rule.
    """

    source: RosterRow
    outcome: str
    codes: tuple[str, ...]
    result: Outcome | None
    problems: tuple[Problem, ...] = ()

    def to_json(self, *, masked: bool) -> dict[str, Any]:
        """Give the row of a report; ``masked`` hides what is personal."""
        row: dict[str, Any] = {
            "row": self.source.row,
            "file_row": self.source.file_row,
            "outcome": self.outcome,
            "codes": list(self.codes),
            "normalized": None,
            "entry_index": None if self.result is None else self.result.entry_index,
            "problems": [_problem(each, masked=masked) for each in self.problems],
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
    on_total: Callable[[int], None] = lambda _rows: None,
) -> ImportSummary:
    """Import a completion roster (CSV or XLSX) that an organisation posts.

    Memory holds the file and one batch. ``on_total`` is told the number of rows once the file was
    read; ``on_row`` sees every row in order, once its batch is recorded.

    Raises:
        MalformedError: The file is not a roster; nothing was recorded.
        NotFoundError: The issuer is not registered.
        ConflictError: The key was used for another file.
        RefusedError: ``all_or_nothing``, and a row is refused; nothing was recorded.
        UnavailableError: Not to be written now; what was recorded stands, and a retry goes on.
    """
    if key is not None and not KEY.fullmatch(key):
        raise MalformedError(
            "idempotency key: expected 1 to 200 characters, no control characters",
            code="idempotency-key",
        )
    registry = read_registry(ledger)
    registry.organisation(issuer)
    table = read_roster(data, filename)
    on_total(table.data_rows)
    rows = parse_rows(table, registry.occupations)
    summary = ImportSummary(format=table.format, encoding=table.encoding)
    summary.report_id, known = _open_import(ledger, issuer, data, key)
    tally = _Tally(ledger, summary, _headings(table), on_row, replayed=known)
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
    head = {"issuer": issuer, "summary": summary.to_json()}
    keep_report(ledger, summary.report_id, tally.draft, head)
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
    """Adds up an import, row by row, and drafts the masked report."""

    def __init__(
        self,
        ledger: Ledger,
        summary: ImportSummary,
        headings: Mapping[str, str],
        on_row: Callable[[ImportedRow], None],
        *,
        replayed: bool,
    ) -> None:
        self.draft = ReportDraft()
        self._ledger = ledger
        self._summary = summary
        self._headings = headings
        self._on_row = on_row
        self._credits = Fraction()
        summary.replayed = replayed

    def add(self, batch: Sequence[RosterRow], recorded: Recorded) -> None:
        """Join the rows of a batch with their outcomes."""
        outcomes = iter(recorded.outcomes)
        self._summary.replayed = self._summary.replayed and recorded.replayed
        lines = []
        for row in batch:
            result = None if row.command is None else next(outcomes)
            imported = _imported(row, result, self._headings)
            self._summary.rows += 1
            self._summary.outcomes[imported.outcome] += 1
            if (
                imported.outcome == "accepted"
                and imported.result is not None
                and imported.result.credits is not None
            ):
                self._credits += parse_scaled(imported.result.credits)
            self._on_row(imported)
            if row.id_number is not None and (row.warnings or imported.outcome == "rejected"):
                self.draft.add_person(self._ledger, row.id_number)
            lines.append(imported.to_json(masked=True))
        self.draft.add(lines)

    def finish(self) -> None:
        """Write down the sum."""
        self._summary.credits = format_decimal(self._credits)


def _headings(table: Table) -> dict[str, str]:
    return {field: table.header[place] for field, place in table.columns.items()}


def _imported(row: RosterRow, result: Outcome | None, headings: Mapping[str, str]) -> ImportedRow:
    if result is None or row.command is None:
        return ImportedRow(row, "rejected", row.codes, None, row.problems)
    codes = row.codes if result.code is None else (result.code,)
    problems = row.problems
    if result.outcome == "rejected" and result.code is not None:
        problems = (_rule_problem(row.row, row.command, result.code, headings),)
    return ImportedRow(row, result.outcome, codes, result, problems)


def _rule_problem(
    row: int, command: RecordCompletion, code: str, headings: Mapping[str, str]
) -> Problem:
    """Give what a rule found wrong with a row in the form of what intake finds wrong."""
    column = next((each for each in _RULE_COLUMNS.get(code, ()) if each in headings), None)
    if column is None:
        return Problem(row, "", rule_key(code), "", "row")
    return Problem(row, headings[column], rule_key(code), _found(command, column), column)


def _found(command: RecordCompletion, column: str) -> str:
    taught, occupation = command.training_class, command.occupation
    days = f"{taught.start} - {taught.end}"
    filed_for = f"{level_of(command.level).label}, {days}"
    values = {
        "name": command.person.name,
        "class_number": taught.number,
        "class_name": taught.name,
        "occupation_code": f"{occupation.code}, {filed_for}",
        "occupation": f"{occupation.name}, {filed_for}",
        "certificate_number": None if command.certificate is None else command.certificate.number,
        "end": taught.end.isoformat(),
        "period": days,
    }
    return values[column] or ""
