"""First answers by idempotency key, and import reports: an edited one is noticed."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from ledger.errors import DamagedError, NotFoundError
from ledger.storage import answers
from ledger.storage.answers import StoredAnswer
from ledger.storage.engine import reading, writing
from tests.storage.log_fixture import make_engine, make_sealer

ANSWER = StoredAnswer(b"request", b'{"entry":7}')


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(tmp_path)
    with writing(made) as connection:
        answers.store_answer(connection, make_sealer(), "org-a", "key", ANSWER)
        answers.store_report(connection, make_sealer(), "rep-1", "org-a", 1, b"report")
    return made


def test_an_answer_is_found_by_issuer_and_key_alone(engine: Engine) -> None:
    with reading(engine) as connection:
        assert answers.read_answer(connection, make_sealer(), "org-a", "key") == ANSWER
        assert answers.read_answer(connection, make_sealer(), "org-b", "key") is None
        assert answers.read_answer(connection, make_sealer(), "org-a", "other") is None


def test_a_second_answer_under_one_key_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        answers.store_answer(connection, make_sealer(), "org-a", "key", ANSWER)


@pytest.mark.parametrize("column", ["issuer", "key", "request_tag", "answer", "seal"])
def test_an_edited_answer_is_not_given_out(engine: Engine, column: str) -> None:
    with writing(engine) as connection:
        value = "'x'" if column in {"issuer", "key"} else "x'78'"
        connection.execute(text(f"""UPDATE answer SET "{column}" = {value}"""))  # noqa: S608
        assert answers.count_damaged_answers(connection, make_sealer()) == 1
    issuer = "x" if column == "issuer" else "org-a"
    key = "x" if column == "key" else "key"
    with reading(engine) as connection, pytest.raises(DamagedError, match="seal"):
        answers.read_answer(connection, make_sealer(), issuer, key)


def test_sound_answers_count_as_sound(engine: Engine) -> None:
    with reading(engine) as connection:
        assert answers.count_damaged_answers(connection, make_sealer()) == 0


def test_a_report_is_sealed_and_read_back(engine: Engine) -> None:
    with reading(engine) as connection:
        assert answers.read_report(connection, make_sealer(), "rep-1") == ("org-a", b"report")
        content = connection.execute(text("SELECT content FROM report")).scalar_one()
        assert b"report" not in content
        with pytest.raises(NotFoundError):
            answers.read_report(connection, make_sealer(), "rep-2")


def test_a_report_can_be_read_after_the_vault_key_was_rotated(engine: Engine) -> None:
    with reading(engine) as connection:
        assert answers.read_report(connection, make_sealer(version=2), "rep-1")[1] == b"report"


def test_a_later_report_under_one_id_replaces_the_earlier(engine: Engine) -> None:
    with writing(engine) as connection:
        answers.store_report(connection, make_sealer(), "rep-1", "org-a", 2, b"again")
    with reading(engine) as connection:
        assert answers.read_report(connection, make_sealer(), "rep-1")[1] == b"again"
        assert connection.execute(text("SELECT count(*) FROM report")).scalar_one() == 1


@pytest.mark.parametrize("position", [0, 1, 2, 20])
def test_a_flipped_bit_in_a_report_is_damage(engine: Engine, position: int) -> None:
    with writing(engine) as connection:
        content = bytearray(connection.execute(text("SELECT content FROM report")).scalar_one())
        content[position] ^= 4
        connection.execute(text("UPDATE report SET content = :c"), {"c": bytes(content)})
    with reading(engine) as connection, pytest.raises(DamagedError):
        answers.read_report(connection, make_sealer(), "rep-1")


def test_a_report_under_another_reports_id_is_damage(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE report SET id = 'rep-2'"))
    with reading(engine) as connection, pytest.raises(DamagedError):
        answers.read_report(connection, make_sealer(), "rep-2")
