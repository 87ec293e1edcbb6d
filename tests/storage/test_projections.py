"""Projections: rows by person, certificate, issuer and index, and what is withdrawn."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ledger.storage import projections
from ledger.storage.engine import reading, writing
from ledger.storage.projections import RecordRow
from tests.storage.log_fixture import make_engine


def _row(index: int, **changes: object) -> RecordRow:
    day = f"2025-0{1 + index % 9}-15"
    row = RecordRow(
        index, f"person {index % 2}", "org-a", "completion", day, b"i%d" % index, b"c", b"n"
    )
    return replace(row, **changes)


ROWS = [
    _row(0),
    _row(1, certificate=b"other"),
    _row(2, issuer="org-b"),
    _row(3, certificate=None),
    _row(4),
]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(tmp_path)
    with writing(made) as connection:
        projections.insert_records(connection, ROWS)
        projections.insert_records(connection, [])
        projections.insert_public_entries(connection, [(5, "key"), (6, "schedule"), (9, "key")])
        projections.insert_public_entries(connection, [])
    return made


def test_records_are_found_by_person(engine: Engine) -> None:
    with reading(engine) as connection:
        assert list(projections.records_of_subjects(connection, ["person 1"])) == [
            ROWS[1],
            ROWS[3],
        ]
        everyone = ["nobody", *(f"person {n}" for n in range(1_200))]
        found = sorted(projections.records_of_subjects(connection, everyone), key=lambda r: r.index)
        assert found == sorted(ROWS, key=lambda row: row.index)
        assert projections.count_records(connection) == {"person 0": 3, "person 1": 2}


def test_records_are_found_by_certificate(engine: Engine) -> None:
    with reading(engine) as connection:
        found = projections.records_of_certificates(connection, [b"n", b"absent"])
        assert [row.index for row in found] == [0, 2, 4]


def test_an_issuers_records_of_a_period_are_found_days_included(engine: Engine) -> None:
    with reading(engine) as connection:
        found = projections.records_of_issuer(connection, "org-a", "2025-02-15", "2025-04-15")
        assert [row.index for row in found] == [1, 3]


def test_a_withdrawn_record_says_what_withdrew_it(engine: Engine) -> None:
    with writing(engine) as connection:
        projections.set_statuses(connection, [(3, "revoked", 9), (0, "superseded", 4)])
    with reading(engine) as connection:
        withdrawn = [
            replace(ROWS[0], status="superseded", related=4),
            replace(ROWS[3], status="revoked", related=9),
        ]
        found = projections.read_records(connection, [0, 3, 4, 77])
        assert found == {0: withdrawn[0], 3: withdrawn[1], 4: ROWS[4]}


def test_public_entries_are_listed_by_kind_and_from_an_index_on(engine: Engine) -> None:
    with reading(engine) as connection:
        listed = projections.public_entries
        assert listed(connection) == [(5, "key"), (6, "schedule"), (9, "key")]
        assert listed(connection, after=5) == [(6, "schedule"), (9, "key")]
        assert listed(connection, kinds=("key",)) == [(5, "key"), (9, "key")]


def test_rows_outside_the_log_are_found(engine: Engine) -> None:
    with writing(engine) as connection:
        projections.insert_records(connection, [_row(-2)])
    with reading(engine) as connection:
        assert sorted(projections.record_indices_from(connection, 4)) == [-2, 4]


def test_an_erased_persons_rows_are_forgotten(engine: Engine) -> None:
    with writing(engine) as connection:
        projections.delete_records_of(connection, "person 0")
    with reading(engine) as connection:
        assert projections.count_records(connection) == {"person 1": 2}
