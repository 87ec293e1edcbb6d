"""What a row gave: a command, or every problem that stops it, and what a person should look at."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from ledger.domain.levels import printed_digit
from ledger.domain.masking import mask_name, mask_number
from ledger.domain.records import RecordCompletion
from ledger.intake.cells import decimal_text
from ledger.intake.messages import Text, message

FOUND_MAX: Final = 100
_LONG_NUMBER: Final = re.compile(r"[0-9０-９](?:[\s\-‐-―－]?[0-9０-９]){8,}[XxＸｘ]?")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or worth a look, in one cell.

    Attributes:
        row: Data row, 1-based.
        column: Heading as found in the file.
        key: Key of the message: the code, or ``code:variant``.
        found: The raw text. It may be personal: store and show ``masked_found`` instead.
        field: The column's name in ``headers.SYNONYMS``.
        personal: Whether the column names a person: name, ID number, phone.
        suggestions: What may be meant.
    """

    row: int
    column: str
    key: str
    found: str
    field: str
    personal: bool = False
    suggestions: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Stable code."""
        return self.key.partition(":")[0]

    @property
    def expected(self) -> Text:
        """What should have stood in the cell."""
        return message(self.key).expected

    @property
    def fix(self) -> Text:
        """What the school can do about it."""
        return message(self.key).fix

    @property
    def masked_found(self) -> str:
        """What stood in the cell, with what points to a person hidden.

        Names keep the first character, numbers the first three and last four. A long number in a
        column of another kind is masked too, because shifted columns put ID numbers anywhere.
        """
        if self.field == "name":
            return mask_name(self.found)
        if self.personal:
            return mask_number(self.found)
        if self.field == "certificate_number":
            return self.found[:FOUND_MAX]
        # Masked before it is cut, so that no number is cut into one that looks short.
        return _LONG_NUMBER.sub(lambda found: mask_number(found[0]), self.found)[:FOUND_MAX]


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One row of a roster.

    Attributes:
        row: Data row, 1-based.
        file_row: Row in the file, 1-based.
        command: What to record, or None where problems stop it.
        normalized: The cleaned values for a report, or None; personal.
        codes: The codes of ``problems``, each once; else ``("normalized",)`` where something
            was cleaned.
        problems: Everything that stops the row.
        warnings: What a person should look at.
        id_number: The ID number where it could be read, also of a refused row; personal.
    """

    row: int
    file_row: int
    command: RecordCompletion | None
    normalized: dict[str, Any] | None
    codes: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    id_number: str | None = None


class Findings:
    """Gathers what is found in one row."""

    __slots__ = ("cleaned", "id_number", "problems", "row", "warnings")

    def __init__(self, row: int) -> None:
        self.row = row
        self.cleaned = False
        self.id_number: str | None = None
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []


def refused_row(row: int, file_row: int, findings: Findings) -> RosterRow:
    """Give the row whose problems stop it."""
    codes = tuple(dict.fromkeys(problem.code for problem in findings.problems))
    return RosterRow(
        row,
        file_row,
        None,
        None,
        codes,
        tuple(findings.problems),
        tuple(findings.warnings),
        findings.id_number,
    )


def normalized_values(command: RecordCompletion) -> dict[str, Any]:
    """Give the cleaned values of a command for a report. Personal."""
    digit = printed_digit(command.level)
    hours = command.hours
    certificate = command.certificate
    return {
        "name": command.person.name,
        "id_number": command.person.id_number,
        "occupation_code": command.occupation.code,
        "level": int(digit) if digit else None,
        "start": command.training_class.start.isoformat(),
        "end": command.training_class.end.isoformat(),
        "theory_hours": _hours_value(hours["theory"]),
        "practice_hours": _hours_value(hours["practice"]),
        "online_hours": _hours_value(hours["online"]),
        "passed": command.assessment.passed,
        "certificate_number": certificate.number if certificate else None,
    }


def _hours_value(hours: Fraction) -> int | str:
    return hours.numerator if hours.denominator == 1 else decimal_text(hours)
