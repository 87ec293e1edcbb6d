"""First answers by idempotency key: an edited one is noticed."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ledger.errors import DamagedError
from ledger.storage import answers
from ledger.storage.answers import StoredAnswer
from ledger.storage.engine import reading, writing
from tests.databases import sql
from tests.storage.log_fixture import make_engine, make_sealer

ANSWER = StoredAnswer(b"request", b'{"entry":7}')


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(tmp_path)
    with writing(made) as connection:
        answers.store_answers(connection, make_sealer(), {("org-a", "key"): ANSWER})
    return made


def test_an_answer_is_found_by_issuer_and_key_alone(engine: Engine) -> None:
    with reading(engine) as connection:
        wanted = {("org-a", "key"), ("org-b", "key"), ("org-a", "other")}
        found = answers.read_answers(connection, make_sealer(), wanted)
    assert found == {("org-a", "key"): ANSWER}


def test_a_second_answer_under_one_key_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        answers.store_answers(connection, make_sealer(), {("org-a", "key"): ANSWER})


@pytest.mark.parametrize("column", ["issuer", "key", "request_tag", "answer", "seal"])
def test_an_edited_answer_is_not_given_out(engine: Engine, column: str) -> None:
    with writing(engine) as connection:
        value = "'x'" if column in {"issuer", "key"} else "x'78'"
        connection.execute(sql(f"""UPDATE answer SET "{column}" = {value}"""))  # noqa: S608
        assert answers.count_damaged_answers(connection, make_sealer()) == 1
    issuer = "x" if column == "issuer" else "org-a"
    key = "x" if column == "key" else "key"
    with reading(engine) as connection, pytest.raises(DamagedError, match="seal"):
        answers.read_answers(connection, make_sealer(), {(issuer, key)})


def test_sound_answers_count_as_sound(engine: Engine) -> None:
    with reading(engine) as connection:
        assert answers.count_damaged_answers(connection, make_sealer()) == 0
