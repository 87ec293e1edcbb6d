"""What a row gave: codes without repeats, and nothing that points to a person in a report."""

import re
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.records import (
    Assessment,
    Certificate,
    Occupation,
    Person,
    RecordCompletion,
    TrainingClass,
)
from ledger.intake.findings import (
    FOUND_MAX,
    Findings,
    Problem,
    normalized_values,
    refused_row,
)
from ledger.intake.messages import MESSAGES

NUMBER = "330199199505192154"


def problem(found: str, field: str = "theory", key: str = "hours-invalid") -> Problem:
    personal = field in {"name", "id_number", "phone"}
    return Problem(1, "列", key, found, field, personal)


def test_a_problem_speaks_through_the_catalogue() -> None:
    found = problem("5天", key="hours-invalid:unit")
    assert found.code == "hours-invalid"
    assert found.expected == MESSAGES["hours-invalid:unit"].expected
    assert found.fix == MESSAGES["hours-invalid:unit"].fix
    assert problem("x").fix == MESSAGES["hours-invalid"].fix


@pytest.mark.parametrize(
    ("field", "found", "shown"),
    [
        ("name", "胡芳雨", "胡*"),
        ("name", "", ""),
        ("id_number", NUMBER, "330***********2154"),
        ("id_number", "12", "**"),
        ("phone", "18035746282", "180****6282"),
        ("theory", "若干", "若干"),
        ("theory", NUMBER, "330***********2154"),
        ("class_name", f"张三{NUMBER[:-1]}X班", "张三330***********215X班"),
        ("class_name", "３３０１９９１９９５０５１９２１５４", "３３０***********２１５４"),
        ("class_name", "12345678", "12345678"),
        ("class_name", "123456789", "123**6789"),
        ("class_name", f"{NUMBER},18035746282", "330***********2154,180****6282"),
        ("certificate_number", "S000033840776235000001", "S000033840776235000001"),
        ("class_name", "长" * (FOUND_MAX - 1), "长" * (FOUND_MAX - 1)),
        ("class_name", "长" * FOUND_MAX, "长" * FOUND_MAX),
        ("class_name", "长" * (FOUND_MAX + 1), "长" * FOUND_MAX),
    ],
)
def test_what_is_shown_of_a_cell_points_to_nobody(field: str, found: str, shown: str) -> None:
    assert problem(found, field).masked_found == shown


@given(
    st.sampled_from(["name", "id_number", "phone", "theory", "class_name"]),
    st.text(max_size=40),
    st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True),
    st.text(max_size=40),
)
def test_no_id_number_ever_stands_in_what_is_shown(
    field: str, before: str, number: str, after: str
) -> None:
    shown = problem(before + number + after, field).masked_found
    assert number not in shown
    assert not re.search("[0-9]{9}", shown)


def test_a_refused_row_names_each_code_once_in_the_order_found() -> None:
    findings = Findings(7)
    findings.problems += [
        problem("x"),
        problem("", key="date-missing"),
        problem("5天", key="hours-invalid:unit"),
    ]
    findings.warnings.append(problem("", key="filled-down"))
    found = refused_row(7, 9, findings)
    assert (found.row, found.file_row, found.command, found.normalized) == (7, 9, None, None)
    assert found.codes == ("hours-invalid", "date-missing")
    assert len(found.problems) == 3
    assert [each.code for each in found.warnings] == ["filled-down"]


def command(level: int, certificate: Certificate | None) -> RecordCompletion:
    return RecordCompletion(
        Person("胡芳雨", NUMBER),
        TrainingClass("ZJ1", None, None, date(2023, 5, 4), date(2023, 6, 24)),
        Occupation("5-05-01-02", "农业经理人"),
        level,
        {"theory": Fraction(48), "practice": Fraction(29, 4), "online": Fraction(0)},
        None,
        Assessment(None, passed=True, scores={}),
        certificate,
    )


def test_a_command_is_reported_in_cleaned_values() -> None:
    certificate = Certificate("职业技能等级证书", "S1", date(2023, 7, 22))
    assert normalized_values(command(1, certificate)) == {
        "name": "胡芳雨",
        "id_number": NUMBER,
        "occupation_code": "5-05-01-02",
        "level": 5,
        "start": "2023-05-04",
        "end": "2023-06-24",
        "theory_hours": 48,
        "practice_hours": "7.25",
        "online_hours": 0,
        "passed": True,
        "certificate_number": "S1",
    }


def test_a_level_without_a_digit_and_no_certificate_are_none() -> None:
    values = normalized_values(command(0, None))
    assert (values["level"], values["certificate_number"]) == (None, None)
