"""Scanning: whole ranges in order, in lists that are never long, whatever somebody stored."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, bindparam, select, text

from ledger.errors import DamagedError
from ledger.storage import bodies, checkpoints, log, projections, scanning, vault
from ledger.storage.engine import reading, writing
from ledger.storage.projections import RecordRow
from ledger.storage.tables import PUBLIC_ENTRY, SUBJECT
from tests.databases import only_sqlite
from tests.storage.log_fixture import make_engine

COUNT = 16 * scanning.ROWS + 5


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Entries with public bodies; a person with a record and one without."""
    made = make_engine(tmp_path_factory.mktemp("scanning"))
    with writing(made) as connection:
        head = log.read_head(connection)
        drafts = [("key", "ledger", bytes(32)) for _ in range(COUNT)]
        log.append(connection, head, drafts, 1)
        rows = [(i, None, bytes(32), b"{}") for i in range(COUNT - 1)]
        rows.append((COUNT - 1, "a", None, b"sealed"))
        bodies.insert_bodies(connection, rows)
        vault.insert_subjects(
            connection, [("a", b"tag", 1, b"key", b"facts"), ("b", b"other", 1, b"key", b"facts")]
        )
        record = RecordRow(COUNT - 1, "a", "org", "completion", "2025-01-01", b"i", b"c", None)
        projections.insert_records(connection, [record])
        projections.insert_public_entries(connection, [(0, "key"), (3, "key"), (99_999, "key")])
        for size in (1, 5, 9):
            checkpoints.store(connection, size, b"note %d" % size)
    return made


def test_a_range_comes_in_order_in_lists_that_are_never_long(engine: Engine) -> None:
    with reading(engine) as connection:
        lists = list(scanning.entry_rows(connection, 3))
        assert max(map(len, lists)) == scanning.ROWS
        assert [row[0] for rows in lists for row in rows] == list(range(3, COUNT))
        (few,) = scanning.entry_rows(connection, 5, 7)
        assert [type(row) for row in few] == [tuple, tuple]
        assert few[0] == (5, log.read_entry(connection, 5).leaf_hash,
                          log.read_entry(connection, 5).bytes)  # fmt: skip
        assert list(scanning.entry_rows(connection, COUNT)) == []


def test_a_body_comes_with_its_person_and_without_one_with_nothing(engine: Engine) -> None:
    with reading(engine) as connection:
        place = (COUNT - 2, COUNT)
        ((public, personal),) = scanning.body_rows(connection, *place, with_facts=True)
        (keys_alone,) = scanning.body_rows(connection, *place, with_facts=False)
    assert public == (COUNT - 2, None, bytes(32), b"{}", None, None, None, None)
    assert personal == (COUNT - 1, "a", None, b"sealed", 1, b"key", b"tag", b"facts")
    assert keys_alone == [public[:6], personal[:6]]


def test_each_kind_of_row_is_read_by_its_range(engine: Engine) -> None:
    with reading(engine) as connection:
        ((record,),) = scanning.record_rows(connection, 0, COUNT)
        assert record[:2] == (COUNT - 1, "a")
        assert list(scanning.public_rows(connection, 0, 4)) == [[(0, "key"), (3, "key")]]
        assert list(scanning.checkpoint_rows(connection, 2, 9)) == [[(5, b"note 5")]]
        assert list(scanning.tiles(connection, 0, 1, 3)) == [1, 2]
        assert scanning.status_of(connection, COUNT - 1) == ("active", None)
        assert scanning.status_of(connection, 0) is None
        assert scanning.has_body(connection, 0)
        assert not scanning.has_body(connection, COUNT)
        assert [row.id for row in scanning.persons_without_record(connection)] == ["b"]


def test_what_lies_outside_the_log_is_found(engine: Engine) -> None:
    with reading(engine) as connection:
        assert scanning.last_index(connection) == COUNT - 1
        assert not scanning.entry_below_zero(connection)
        assert scanning.public_indices_from(connection, COUNT) == [99_999]
        assert scanning.tile_levels(connection) == [0, 1]
        assert scanning.tiles_beyond(connection, 0, 16) == [16]
        assert scanning.tiles_beyond(connection, 0, 17) == []


@only_sqlite  # PostgreSQL takes no such text
def test_a_text_that_is_no_utf_8_is_read_and_leaves_the_connection_as_it_was(
    tmp_path: Path,
) -> None:
    made = make_engine(tmp_path)
    with writing(made) as connection:
        connection.execute(text("INSERT INTO public_entry VALUES (0, CAST(x'ff6b' AS TEXT))"))
        connection.execute(text("INSERT INTO public_entry VALUES (1, 'key')"))
    with reading(made) as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        before = raw.text_factory
        for _ in range(2):
            rows = [[(0, "\udcffk"), (1, "key")]]
            assert list(scanning.public_rows(connection, 0, 9)) == rows
            assert raw.text_factory is before


def test_a_table_that_is_gone_is_damage(tmp_path: Path) -> None:
    made = make_engine(tmp_path)
    with writing(made) as connection:
        connection.execute(text("DROP TABLE public_entry"))
    with pytest.raises(DamagedError), reading(made) as connection:
        list(scanning.public_rows(connection, 0, 9))


@only_sqlite
def test_an_index_out_of_order_ends_the_reading(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked for, the same row comes, as from pages that somebody changed."""
    same = select(SUBJECT).where(bindparam("after") == bindparam("after"))
    monkeypatch.setattr(scanning, "_WITHOUT_RECORD", same.limit(1))
    with reading(engine) as connection, pytest.raises(DamagedError):
        list(scanning.persons_without_record(connection))
    first = select(PUBLIC_ENTRY.c.index, PUBLIC_ENTRY.c.kind).limit(bindparam("count"))
    first = first.where(bindparam("start") < bindparam("stop"))
    monkeypatch.setattr(scanning, "_PUBLIC", first)
    monkeypatch.setattr(scanning, "ROWS", 1)
    with reading(engine) as connection, pytest.raises(DamagedError):
        list(scanning.public_rows(connection, 0, 9))
