import copy
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from ledger.domain.bodies import schedule_body
from ledger.domain.body_reading import parse_certificate, parse_completion, parse_schedule_body
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.errors import MalformedError
from tests.domain.specimens import SUBJECT, body_of, certificate, completion

COMPLETION = body_of(completion(), EXAMPLE_SCHEDULE)
CERTIFICATE = body_of(certificate(), EXAMPLE_SCHEDULE)


def changed(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    body = copy.deepcopy(body)
    *outer, last = path.split(".")
    place = body
    for name in outer:
        place = place[name]
    place[last] = value
    return body


def test_a_completion_reads_back_as_the_facts_that_were_ordered() -> None:
    stored, command = parse_completion(COMPLETION), completion()
    assert stored.training_class == command.training_class
    assert stored.hours == command.hours
    assert stored.assessment == command.assessment
    assert stored.certificate == command.certificate
    assert stored.attendance == Fraction(43, 50)
    assert (stored.subject, stored.corrects, stored.level) == (SUBJECT, None, 1)
    assert stored.event_on == date(2023, 6, 24)


def test_a_certificate_reads_back_as_the_facts_that_were_ordered() -> None:
    stored = parse_certificate(CERTIFICATE)
    assert stored.certificate == certificate().certificate
    assert stored.event_on == date(2023, 7, 22)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("v", 2),
        ("subject", "5" * 63),
        ("corrects", -1),
        ("facts.class.number", ""),
        ("facts.class.end", "2023-05-03"),
        ("facts.class.start", "2023-5-4"),
        ("facts.level", 8),
        ("facts.level", "1"),
        ("facts.hours", {"theory": "0"}),
        ("facts.hours", {"theory": 48}),
        ("facts.hours", {"theory": "48.0"}),
        ("facts.hours", {"magic": "48"}),
        ("facts.attendance", "1.2"),
        ("facts.attendance", "43/50"),
        ("facts.assessment.passed", 1),
        ("facts.assessment.scores", {"theory": "72.0"}),
        ("facts.assessment.scores", {"Theory": "72"}),
        ("facts.certificate.assessor", 1),
        ("credit.exact", "14/2"),
        ("credit.granted", "7.0 "),
        ("credit.granted", 7),
        ("credit.schedule_hash", "A" * 64),
        ("credit.reasons", ["luck"]),
        ("extra", None),
    ],
)
def test_any_other_spelling_of_a_completion_is_refused(path: str, value: object) -> None:
    with pytest.raises(MalformedError, match="completion"):
        parse_completion(changed(COMPLETION, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("facts.certificate.issued", None),
        ("facts.certificate.assessor", ""),
        ("v", True),
        ("facts.class", {}),
    ],
)
def test_any_other_spelling_of_a_certificate_is_refused(path: str, value: object) -> None:
    with pytest.raises(MalformedError, match="certificate"):
        parse_certificate(changed(CERTIFICATE, path, value))


def test_a_schedules_body_needs_its_version_of_the_form() -> None:
    body = schedule_body(EXAMPLE_SCHEDULE)
    assert parse_schedule_body(body) == EXAMPLE_SCHEDULE
    for wrong in ({**body, "v": 2}, {**body, "v": True}, EXAMPLE_SCHEDULE.to_json(), []):
        with pytest.raises(MalformedError):
            parse_schedule_body(wrong)
