"""Import reports: sealed as a whole, found by the persons whom they tell of."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from ledger.errors import DamagedError, NotFoundError
from ledger.storage import reports
from ledger.storage.engine import reading, writing
from ledger.storage.reports import KeptReport
from tests.databases import sql
from tests.storage.log_fixture import make_engine, make_sealer

TAG, OTHER_TAG = b"t" * 16, b"o" * 16
REPORT = KeptReport("rep-1", b"head", [b"first part", b"second part"], {TAG, OTHER_TAG})


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(tmp_path)
    with writing(made) as connection:
        reports.store_report(connection, make_sealer(), REPORT, 1)
    return made


def test_a_report_is_sealed_and_read_back(engine: Engine) -> None:
    with reading(engine) as connection:
        assert reports.read_head(connection, make_sealer(), "rep-1") == b"head"
        parts = [reports.read_part(connection, make_sealer(), "rep-1", n) for n in range(3)]
        assert parts == [b"first part", b"second part", None]
        kept = connection.execute(sql("SELECT content FROM report_part")).scalars().all()
        assert not any(b"part" in content for content in kept)
        assert reports.count_damaged_reports(connection, make_sealer()) == 0
        with pytest.raises(NotFoundError):
            reports.read_head(connection, make_sealer(), "rep-2")


def test_after_a_rotation_reports_are_read_and_can_be_sealed_anew(engine: Engine) -> None:
    newer = make_sealer(version=2)
    with writing(engine) as connection:
        assert reports.read_head(connection, newer, "rep-1") == b"head"
        reports.reseal_reports(connection, newer)
        versions = connection.execute(sql("SELECT substr(content, 1, 2) FROM report_part"))
        assert set(versions.scalars()) == {b"\x00\x02"}
        assert reports.read_part(connection, newer, "rep-1", 1) == b"second part"
        assert reports.count_damaged_reports(connection, newer) == 0


def test_a_later_report_under_one_id_replaces_the_earlier(engine: Engine) -> None:
    with writing(engine) as connection:
        again = KeptReport("rep-1", b"again", [b"only"], set())
        reports.store_report(connection, make_sealer(), again, 2)
        assert reports.read_head(connection, make_sealer(), "rep-1") == b"again"
        assert reports.read_part(connection, make_sealer(), "rep-1", 1) is None
        assert reports.count_damaged_reports(connection, make_sealer()) == 0


def test_the_reports_that_tell_of_a_person_are_forgotten_and_no_others(engine: Engine) -> None:
    with writing(engine) as connection:
        other = KeptReport("rep-2", b"other", [], {OTHER_TAG})
        reports.store_report(connection, make_sealer(), other, 1)
        reports.delete_reports_about(connection, TAG)
        with pytest.raises(NotFoundError):
            reports.read_head(connection, make_sealer(), "rep-1")
        assert reports.read_head(connection, make_sealer(), "rep-2") == b"other"
        assert reports.count_damaged_reports(connection, make_sealer()) == 0


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE report SET content = x'0001' || zeroblob(60)",
        "UPDATE report SET content = x'0009' || substr(content, 3)",
        "UPDATE report SET created_at_ms = 2",
        "UPDATE report SET id = 'rep-2'",
        "UPDATE report_part SET content = zeroblob(60) WHERE part = 1",
        "UPDATE report_part SET part = part + 1 WHERE part = 1",
        "UPDATE report_part SET report = 'rep-2' WHERE part = 1",
        "DELETE FROM report_part WHERE part = 0",
        "UPDATE report_person SET tag = zeroblob(16) WHERE tag = CAST('tttttttttttttttt' AS BLOB)",
        "DELETE FROM report_person WHERE tag = CAST('tttttttttttttttt' AS BLOB)",
    ],
)
def test_an_edited_report_is_counted_as_damaged(engine: Engine, edit: str) -> None:
    with writing(engine) as connection:
        assert connection.execute(sql(edit)).rowcount > 0
        assert reports.count_damaged_reports(connection, make_sealer()) > 0


def test_a_part_under_another_reports_id_is_damage(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sql("UPDATE report_part SET report = 'rep-2'"))
        with pytest.raises(DamagedError):
            reports.read_part(connection, make_sealer(), "rep-2", 0)
