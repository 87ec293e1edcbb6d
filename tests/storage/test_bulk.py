"""Many rows at once: as the engine would insert them one by one, values bound and never written."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from ledger.storage.bulk import insert_rows
from ledger.storage.engine import reading, writing
from ledger.storage.tables import BODY
from tests.storage.log_fixture import make_engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path)


def stored(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as connection:
        return [tuple(found) for found in connection.execute(select(BODY).order_by(BODY.c.index))]


def test_rows_come_back_as_they_were_given(engine: Engine) -> None:
    rows = [
        (i, *(("s" * 26, None) if i % 2 else (None, bytes([i % 256]) * 32)), b"%d" % i)
        for i in range(2_000)
    ]
    with writing(engine) as connection:
        insert_rows(connection, BODY, rows)
    assert stored(engine) == rows


def test_no_rows_are_no_statement(engine: Engine) -> None:
    with writing(engine) as connection:
        insert_rows(connection, BODY, [])
    assert stored(engine) == []


def test_values_are_bound_whatever_they_spell(engine: Engine) -> None:
    rows = [(0, "'); DROP TABLE body; --", None, b"\0'\"? :1")]
    with writing(engine) as connection:
        insert_rows(connection, BODY, rows)
    assert stored(engine) == rows


def test_one_row_that_is_there_already_lets_none_in(engine: Engine) -> None:
    with writing(engine) as connection:
        insert_rows(connection, BODY, [(1, None, b"salt", b"first")])
    with pytest.raises(IntegrityError), writing(engine) as connection:
        insert_rows(connection, BODY, [(0, None, b"s", b"x"), (1, None, b"s", b"y")])
    assert stored(engine) == [(1, None, b"salt", b"first")]
