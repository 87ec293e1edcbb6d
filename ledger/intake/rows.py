"""Rows of a roster to commands: each gives one order to record a completion, or all its problems.

``normalized`` holds the cleaned values in the keys of the rosters' reports: name, id_number,
occupation_code, level (the printed digit, None where there is none), start, end, theory_hours,
practice_hours, online_hours, passed, certificate_number. What depends on the ledger's state, such
as a repeated row or an ID number under two names, is for the service that records.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Final, TypeVar

from ledger.domain.certificate_numbers import (
    check_certificate_number,
    read_certificate_number,
    read_certificate_type,
    type_of_number,
)
from ledger.domain.identifiers import is_male, read_id_number, read_name, read_phone
from ledger.domain.levels import parse_level
from ledger.domain.occupations import OccupationMatch, OccupationTable, fold
from ledger.domain.records import (
    Assessment,
    Certificate,
    Occupation,
    Person,
    RecordCompletion,
    TrainingClass,
)
from ledger.errors import MalformedError
from ledger.intake import cells as cell
from ledger.intake.cells import Parsed, Raw, plain_text
from ledger.intake.fill_down import FillDown
from ledger.intake.findings import (
    Findings,
    Problem,
    RosterRow,
    normalized_values,
    refused_row,
)
from ledger.intake.headers import SYNONYMS
from ledger.intake.tables import Table

CELL_MAX: Final = 1_000
"""Most characters of a cell that are looked at; longer cells are a problem of their own."""

_PERSONAL: Final = frozenset({"name", "id_number", "phone"})
_MODES: Final = ("online", "practice", "theory")
_CACHE_ENTRIES: Final = 4_096
_EXACT_FLOAT_MAX: Final = 1e15
_AGE_MIN: Final = 16
_ABSENT: Final = -1

T = TypeVar("T")


def parse_rows(
    table: Table, occupations: OccupationTable, *, province: str | None = None
) -> Iterator[RosterRow]:
    """Read the rows of a roster, one at a time.

    Args:
        table: The roster.
        occupations: The occupations that rows may name.
        province: Two digits of GB/T 2260 that certificate numbers must carry, or None for any.
    """
    reader = _RowReader(table, occupations, province)
    for row, (file_row, cells) in enumerate(table.rows(), start=1):
        yield reader.read(row, file_row, cells)


def _read_level(text: str) -> Parsed[int | None]:
    if not text.strip():
        return Parsed(None, reason="level-unknown")
    try:
        rank, was_canonical = parse_level(text)
    except MalformedError as error:
        return Parsed(None, reason=error.code)
    return Parsed(rank, not was_canonical)


class _RowReader:
    """Reads the rows of one table; what repeats from row to row is read once."""

    def __init__(self, table: Table, occupations: OccupationTable, province: str | None) -> None:
        self._province = province
        self._header = table.header
        self._width = len(table.header)
        self._places = {field: table.columns.get(field, _ABSENT) for field in SYNONYMS}
        self._fill_down = FillDown(table)
        # The caches live as long as one upload: nothing of one school's file stays behind.
        self._date = _cached(cell.read_date)
        self._range = _cached(cell.read_range)
        self._text = _cached(cell.read_text)
        self._hours = _cached(cell.read_hours)
        self._share = _cached(cell.read_attendance)
        self._score = _cached(cell.read_score)
        self._passed = _cached(cell.read_result)
        self._level_of = _cached(_read_level)
        self._type_of = _cached(read_certificate_type)
        self._words = _cached(_split_words)
        self._class = _cached(TrainingClass)  # one object for all of a class
        self._resolve = lru_cache(_CACHE_ENTRIES)(occupations.resolve)

    def read(self, row: int, file_row: int, raw_cells: Sequence[Raw]) -> RosterRow:
        findings = Findings(row)
        cells = self._fit(raw_cells, findings)
        for field in self._fill_down.fill(file_row, cells):
            self._warn(findings, field, "filled-down", cells)
        person = self._person(cells, findings)
        training_class = self._training_class(cells, findings)
        occupation, level = self._achievement(cells, findings)
        hours = self._all_hours(cells, findings)
        attendance = self._value(findings, "attendance", self._share, cells)
        assessment = self._assessment(cells, findings)
        certificate = self._certificate(cells, findings, level)
        self._check_order(cells, findings, training_class, assessment, certificate)
        self._check_person(cells, findings, person, training_class)
        if findings.problems or not (person and training_class and occupation and assessment):
            return refused_row(row, file_row, findings)
        command = RecordCompletion(
            person, training_class, occupation, level, hours, attendance, assessment, certificate
        )
        return RosterRow(
            row,
            file_row,
            command,
            normalized_values(command),
            ("normalized",) if findings.cleaned else (),
            (),
            tuple(findings.warnings),
            findings.id_number,
        )

    def _fit(self, raw_cells: Sequence[Raw], findings: Findings) -> list[Raw]:
        """Give a row as long as the header, and a blank behind it for absent columns."""
        cells = list(raw_cells[: self._width])
        if len(raw_cells) > self._width and any(raw_cells[self._width :]):
            findings.problems.append(Problem(findings.row, "", "row-too-long", "", "row"))
        cells += [""] * (self._width - len(cells) + 1)
        if max(map(len, filter(_is_text, cells))) > CELL_MAX:  # type: ignore[arg-type]  # texts only
            for field, place in self._places.items():
                value = cells[place]
                if isinstance(value, str) and len(value) > CELL_MAX:
                    cells[place] = value[:CELL_MAX]
                    self._fail(findings, field, "text-too-long", cells)
        return cells

    def _person(self, cells: list[Raw], findings: Findings) -> Person | None:
        places = self._places
        name = read_name(plain_text(cells[places["name"]]))
        self._note(findings, "name", name.codes, (), cells)
        raw_id = cells[places["id_number"]]
        if isinstance(raw_id, float) and abs(raw_id) >= _EXACT_FLOAT_MAX:
            self._fail(findings, "id_number", "id-excel-truncated", cells)
            return None
        number = read_id_number(plain_text(raw_id))
        self._note(findings, "id_number", number.codes, number.warnings, cells)
        findings.id_number = number.value
        raw_phone = cells[places["phone"]]
        phone = read_phone(raw_phone if isinstance(raw_phone, str) else plain_text(raw_phone))
        self._note(findings, "phone", (), phone.warnings, cells)
        if name.value is None or number.value is None:
            return None
        if (
            name.was_cleaned
            or (number.was_cleaned and isinstance(raw_id, str))
            or phone.was_cleaned
        ):
            findings.cleaned = True
        categories = self._words(cells[places["categories"]])
        return Person(name.value, number.value, phone.value, categories)

    def _training_class(self, cells: list[Raw], findings: Findings) -> TrainingClass | None:
        number = self._value(findings, "class_number", self._text, cells)
        if number is None and not _fails(findings, "class_number"):
            self._fail(findings, "class_number", "class-number-missing", cells)
        name = self._value(findings, "class_name", self._text, cells)
        training_type = self._value(findings, "training_type", self._text, cells)
        start, end = self._days(cells, findings)
        if number is None or start is None or end is None:
            return None
        if end < start:
            self._fail(findings, "end", "date-order", cells)
            return None
        return self._class(number, name, training_type, start, end)

    def _days(self, cells: list[Raw], findings: Findings) -> tuple[date | None, date | None]:
        """Give the first and last day, from two cells or from a range in one of them."""
        places = self._places
        raw_start, raw_end = cells[places["start"]], cells[places["end"]]
        field = "start" if raw_start != "" else "period"
        both = self._range(cells[places[field]])
        if both is None:
            if places["start"] == _ABSENT and places["end"] == _ABSENT:
                key = "date-missing" if cells[places["period"]] == "" else "date-impossible"
                self._fail(findings, "period", key, cells)
                return None, None
            start = self._value(findings, "start", self._date, cells)
            return start, self._value(findings, "end", self._date, cells)
        findings.cleaned = True
        if raw_end != "" and self._date(raw_end).value != both[1]:
            self._fail(findings, "end", "date-impossible:range", cells)
        return both

    def _achievement(self, cells: list[Raw], findings: Findings) -> tuple[Occupation | None, int]:
        places = self._places
        name = plain_text(cells[places["occupation"]])
        code = plain_text(cells[places["occupation_code"]])
        match: OccupationMatch = self._resolve(name, code)
        field = "occupation" if name or not code else "occupation_code"
        findings.cleaned |= match.was_cleaned
        if match.code is not None:
            self._fail(findings, field, match.code, cells, match.suggestions)
        if match.warning is not None:
            self._warn(findings, field, match.warning, cells)
        level: Parsed[int | None] = self._level_of(plain_text(cells[places["level"]]))
        findings.cleaned |= level.cleaned
        if level.value is None:
            self._fail(findings, "level", "level-unknown", cells)
            return match.occupation, _ABSENT
        return match.occupation, level.value

    def _all_hours(self, cells: list[Raw], findings: Findings) -> dict[str, Fraction]:
        hours: dict[str, Fraction] = {}
        before = len(findings.problems)
        for mode in _MODES:
            value = self._value(findings, mode, self._hours, cells)
            hours[mode] = Fraction(0) if value is None else value
        if len(findings.problems) == before and not any(hours.values()):
            field = next(mode for mode in reversed(_MODES) if self._places[mode] != _ABSENT)
            self._fail(findings, field, "hours-invalid:none", cells)
        return hours

    def _assessment(self, cells: list[Raw], findings: Findings) -> Assessment | None:
        on = None
        if not cell.is_blank(cells[self._places["assessed"]]):
            on = self._value(findings, "assessed", self._date, cells)
        scores = {}
        for part in ("theory", "practice", "overall"):
            score = self._value(findings, f"{part}_score", self._score, cells)
            if score is not None:
                scores[part] = score
        passed = self._value(findings, "result", self._passed, cells)
        return None if passed is None else Assessment(on, passed, scores)

    def _certificate(self, cells: list[Raw], findings: Findings, level: int) -> Certificate | None:
        """Read the certificate; there is none where neither its number nor its date is given."""
        places = self._places
        raw_number, raw_issued = cells[places["certificate_number"]], cells[places["issued"]]
        has_number = not cell.is_blank(raw_number)
        if not has_number and cell.is_blank(raw_issued):
            return None
        issued = self._value(findings, "issued", self._date, cells)
        if not has_number:
            self._fail(findings, "certificate_number", "certificate-number-missing", cells)
            return None
        text = plain_text(raw_number)
        kind = self._type_of(plain_text(cells[places["certificate_type"]]))
        findings.cleaned |= kind.was_cleaned
        certificate_type = kind.value or type_of_number(text)
        if certificate_type is None:
            self._fail(findings, "certificate_type", "certificate-type-missing", cells)
            return None
        number = read_certificate_number(text, certificate_type)
        findings.cleaned |= number.was_cleaned
        self._note(findings, "certificate_number", number.codes, number.warnings, cells)
        assessor = self._value(findings, "assessor", self._text, cells)
        if number.value is None:
            return None
        mismatch = check_certificate_number(
            number.value,
            certificate_type,
            level=None if level == _ABSENT else level,
            issued=issued,
            province=self._province,
        )
        self._note(findings, "certificate_number", mismatch, (), cells)
        return Certificate(certificate_type, number.value, issued, assessor) if issued else None

    def _check_order(
        self,
        cells: list[Raw],
        findings: Findings,
        training_class: TrainingClass | None,
        assessment: Assessment | None,
        certificate: Certificate | None,
    ) -> None:
        on = assessment.on if assessment else None
        if training_class and on:
            if on < training_class.start:
                self._fail(findings, "assessed", "date-order", cells)
            elif on < training_class.end:
                self._warn(findings, "assessed", "assessment-before-end", cells)
        before = on or (training_class.end if training_class else None)
        if certificate and before and certificate.issued < before:
            self._fail(findings, "issued", "date-order", cells)

    def _check_person(
        self,
        cells: list[Raw],
        findings: Findings,
        person: Person | None,
        training_class: TrainingClass | None,
    ) -> None:
        if person is None or person.id_number[0] == "9":
            return
        sex = cells[self._places["sex"]]
        if sex in ("男", "女") and (sex == "男") != is_male(person.id_number):
            self._warn(findings, "sex", "id-sex-mismatch", cells)
        if training_class is not None:
            start = training_class.start
            day = (start.year - _AGE_MIN) * 10_000 + start.month * 100 + start.day
            if int(person.id_number[6:14]) > day:
                self._warn(findings, "id_number", "age-under-16", cells)

    def _value(
        self, findings: Findings, field: str, read: Callable[[Raw], Parsed[T]], cells: list[Raw]
    ) -> T:
        parsed = read(cells[self._places[field]])
        if parsed.cleaned:
            findings.cleaned = True
        if parsed.reason is not None:
            self._fail(findings, field, parsed.reason, cells)
        return parsed.value

    def _note(
        self,
        findings: Findings,
        field: str,
        codes: tuple[str, ...],
        warnings: tuple[str, ...],
        cells: list[Raw],
    ) -> None:
        for key in codes:
            self._fail(findings, field, key, cells)
        for key in warnings:
            self._warn(findings, field, key, cells)

    def _fail(
        self,
        findings: Findings,
        field: str,
        key: str,
        cells: list[Raw],
        suggestions: tuple[str, ...] = (),
    ) -> None:
        findings.problems.append(self._problem(findings.row, field, key, cells, suggestions))

    def _warn(self, findings: Findings, field: str, key: str, cells: list[Raw]) -> None:
        findings.warnings.append(self._problem(findings.row, field, key, cells, ()))

    def _problem(
        self, row: int, field: str, key: str, cells: list[Raw], suggestions: tuple[str, ...]
    ) -> Problem:
        place = self._places[field]
        column = SYNONYMS[field][0] if place == _ABSENT else self._header[place]
        found = plain_text(cells[place])
        return Problem(row, column, key, found, field, field in _PERSONAL, suggestions)


def _cached(read: Callable[..., T]) -> Callable[..., T]:
    return lru_cache(_CACHE_ENTRIES, typed=True)(read)


def _is_text(value: Raw) -> bool:
    return isinstance(value, str)


def _split_words(raw: Raw) -> tuple[str, ...]:
    text = plain_text(raw)
    for sign in "，,;；/／\n":
        text = text.replace(sign, "、")
    return tuple(filter(None, map(fold, text.split("、"))))


def _fails(findings: Findings, field: str) -> bool:
    return any(problem.field == field for problem in findings.problems)
