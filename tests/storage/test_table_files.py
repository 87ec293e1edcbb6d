"""Tables as files: what was written is read back, and a changed file is never taken for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, String, Table

from ledger.errors import DamagedError
from ledger.storage.bulk import insert_rows
from ledger.storage.engine import open_engine, writing
from ledger.storage.table_files import (
    FileSum,
    named_table,
    read_file,
    read_table,
    write_file,
    write_table,
)
from tests.databases import database_for, only_sqlite

TABLE = Table(
    "thing",
    MetaData(),
    Column(
        "index", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    Column("name", String, nullable=True),
    Column("data", LargeBinary, nullable=True),
)
# PostgreSQL takes no NUL in a text, so that the ledger stores none.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBERS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.dictionaries(NUMBERS, st.tuples(st.none() | TEXTS, st.none() | st.binary()), max_size=20)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_engine(database_for(tmp_path / "db.sqlite3"))
    with writing(engine) as made:
        TABLE.create(made)
        yield made
    engine.dispose()


def _written(connection: Connection, path: Path) -> FileSum:
    insert_rows(connection, TABLE, [(n, f"name {n}", bytes([n % 256]) * n) for n in range(2_500)])
    return write_table(connection, TABLE, path)


def _read(path: Path, expected: FileSum, columns: int = 3) -> list[tuple[object, ...]]:
    return [row for chunk in read_table(path, expected, columns) for row in chunk]


def test_rows_come_back_in_the_order_of_their_key_and_not_all_at_once(
    connection: Connection, tmp_path: Path
) -> None:
    summed = _written(connection, tmp_path / "thing.rows")
    assert summed.rows == 2_500
    chunks = list(read_table(tmp_path / "thing.rows", summed, 3))
    assert [len(chunk) for chunk in chunks] == [1_000, 1_000, 500]
    assert chunks[2][-1] == (2_499, "name 2499", bytes([2_499 % 256]) * 2_499)
    assert (tmp_path / "thing.rows").stat().st_mode & 0o777 == 0o600


@given(rows=ROWS)
@settings(max_examples=30)
def test_every_value_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[int, tuple[str | None, bytes | None]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    engine = open_engine(database_for(folder / "db.sqlite3"))
    with writing(engine) as connection:
        TABLE.create(connection)
        insert_rows(connection, TABLE, [(n, *rest) for n, rest in rows.items()])
        summed = write_table(connection, TABLE, folder / "rows")
    engine.dispose()
    assert _read(folder / "rows", summed) == [(n, *rows[n]) for n in sorted(rows)]


def test_any_changed_byte_and_any_cut_is_found(connection: Connection, tmp_path: Path) -> None:
    insert_rows(connection, TABLE, [(1, "one", b"1"), (2, None, None)])
    path = tmp_path / "rows"
    summed = write_table(connection, TABLE, path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DamagedError):
            _read(path, summed)
        path.write_bytes(whole[:place])
        with pytest.raises(DamagedError):
            _read(path, summed)
    path.write_bytes(whole + whole[: len(whole) // 2])
    with pytest.raises(DamagedError):
        _read(path, summed)
    path.write_bytes(whole)
    with pytest.raises(DamagedError):
        _read(path, summed, 2)
    assert len(_read(path, summed)) == 2


@only_sqlite  # PostgreSQL takes no value of another type
@pytest.mark.parametrize("value", ["'text in a number'", "x'00'", "1.5"])
def test_a_value_of_another_type_stops_the_writing_and_is_not_shown(
    connection: Connection, tmp_path: Path, value: str
) -> None:
    insert_rows(connection, TABLE, [(7, "one", b"1")])
    connection.exec_driver_sql(f"UPDATE thing SET data = {value}")  # noqa: S608 - of this test
    if value == "x'00'":
        connection.exec_driver_sql("UPDATE thing SET name = CAST(x'ff' AS TEXT)")
    with pytest.raises(DamagedError, match=r"table thing, row 7: column (name|data)") as caught:
        write_table(connection, TABLE, tmp_path / "rows")
    assert "text in a number" not in caught.value.message


def test_a_file_is_read_only_as_it_was_written(tmp_path: Path) -> None:
    summed = write_file(tmp_path / "note", b"content")
    assert read_file(tmp_path / "note", summed) == b"content"
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "note", b"content")
    (tmp_path / "note").write_bytes(b"other")
    with pytest.raises(DamagedError):
        read_file(tmp_path / "note", summed)


def test_a_table_is_filled_by_the_names_of_its_columns(connection: Connection) -> None:
    other_order = named_table(connection, "thing", ("data", "index", "name"))
    insert_rows(connection, other_order, [(b"d", 3, "n")])
    assert connection.exec_driver_sql("SELECT * FROM thing").fetchall() == [(3, "n", b"d")]
