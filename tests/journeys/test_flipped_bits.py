"""L1: one flipped bit, in any column of any table, is found; where it is an entry's, at its index."""
# ruff: noqa: S608 - the statements are made of the schema's own names

import random
import sqlite3
from dataclasses import dataclass
from typing import Any

import pytest

from ledger.services.context import DATABASE
from tests.journeys.specimens import Copy


@dataclass(frozen=True)
class Place:
    """A column of a table, and what an edit in it may be known by.

    ``located``: the finding names the row's entry. Otherwise the row belongs to no one entry.
    """

    table: str
    column: str
    key: str
    located: bool


INDEXED = {
    "entry": ("index", "leaf_hash", "bytes"),
    "body": ("index", "subject", "salt", "content"),
    "record": (
        "index", "subject", "issuer", "kind", "event_on", "identity", "content", "certificate",
        "status", "related",
    ),
    "public_entry": ("index", "kind"),
}  # fmt: skip
KEYED = {
    "tile": ("level, n", ("level", "n", "hashes")),
    "checkpoint": ("size", ("size", "signed_at_ms", "note")),
    "head": ("id", ("size", "leaf_hash", "time_ms")),
    "subject": ("id", ("id", "tag", "key_version", "wrapped_key", "facts")),
    "answer": ("issuer, key", ("issuer", "key", "request_tag", "answer", "seal")),
    "report": ("id", ("id", "issuer", "created_at_ms", "content")),
}
PLACES = [
    *(
        Place(t, column, '"index"', located=True)
        for t, columns in INDEXED.items()
        for column in columns
    ),
    *(
        Place(t, column, key, located=False)
        for t, (key, columns) in KEYED.items()
        for column in columns
    ),
]


def test_the_places_are_all_the_columns_there_are(copy: Copy) -> None:
    """A new column is edited here too, or this fails. ``head.id`` can only be 1."""
    with copy.database() as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        there = {
            (table, column[1])
            for (table,) in tables
            for column in database.execute(f"PRAGMA table_info({table})")
        }
    known = {(place.table, place.column) for place in PLACES}
    assert there - known == {("head", "id"), ("alembic_version", "version_num")}
    assert known <= there


def flipped(value: Any, chance: random.Random) -> Any:  # noqa: ANN401 - what SQLite holds
    """Flip one bit of a stored value; of a text so that it stays text."""
    if isinstance(value, int):
        return value ^ (1 << chance.choice([0, 1, 5]))
    content = bytearray(value if isinstance(value, bytes) else value.encode())
    place = chance.choice([0, len(content) // 2, len(content) - 1, chance.randrange(len(content))])
    content[place] ^= 1 << chance.randrange(4)
    return bytes(content) if isinstance(value, bytes) else content.decode()


def sampled_rows(database: sqlite3.Connection, place: Place) -> list[tuple[int, Any]]:
    """Give the first, middle and last row that has a value in a column, as (number, value)."""
    query = f'SELECT "{place.column}" FROM {place.table} ORDER BY {place.key}'
    values = [value for (value,) in database.execute(query)]
    full = [(number, value) for number, value in enumerate(values) if value not in {None, b""}]
    return [full[0], full[len(full) // 2], full[-1]] if full else []


def set_value(database: sqlite3.Connection, place: Place, number: int, value: Any) -> int | None:  # noqa: ANN401 - as above
    """Set a column of row ``number``; give the row's index if it has one."""
    keys = database.execute(
        f"SELECT {place.key} FROM {place.table} ORDER BY {place.key} LIMIT 1 OFFSET {number}"
    ).fetchone()
    where = " AND ".join(f"{name} = ?" for name in place.key.replace(", ", ",").split(","))
    database.execute(
        f'UPDATE OR REPLACE {place.table} SET "{place.column}" = ? WHERE {where}', (value, *keys)
    )
    return keys[0] if place.located else None


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.table}.{place.column}")
def test_a_flipped_bit_in_any_column_is_found(place: Place, copy: Copy) -> None:
    """In the first, the middle and the last row."""
    chance = random.Random(f"{place.table}.{place.column}")
    whole = (copy.home / DATABASE).read_bytes()
    with copy.database() as database:
        rows = sampled_rows(database, place)
    assert rows, "the specimen has no row to edit"
    for number, value in rows:
        (copy.home / DATABASE).write_bytes(whole)
        with copy.database() as database:
            changed = flipped(value, chance)
            index = set_value(database, place, number, changed)
        report = copy.audited()
        assert not report.sound, (number, value, changed)
        if place.column != "index" and index is not None:
            assert report.first_bad_index == index, (number, report.findings[:3])
