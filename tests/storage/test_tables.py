"""The tables that the code reads are those that the migrations make."""

from pathlib import Path

import pytest
from sqlalchemy import inspect

from ledger.storage.engine import reading
from ledger.storage.tables import METADATA
from tests.storage.log_fixture import make_engine


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_a_table_of_the_code_is_as_the_migration_made_it(tmp_path: Path, name: str) -> None:
    with reading(make_engine(tmp_path)) as connection:
        made = inspect(connection)
        stored = {
            column["name"]: (column["type"].python_type, column["nullable"])
            for column in made.get_columns(name)
        }
        keys = set(made.get_pk_constraint(name)["constrained_columns"])
        indexes = {index["name"] for index in made.get_indexes(name)}
    table = METADATA.tables[name]
    assert stored == {
        column.name: (column.type.python_type, bool(column.nullable)) for column in table.columns
    }
    assert keys == {column.name for column in table.primary_key.columns}
    assert indexes >= {index.name for index in table.indexes}
