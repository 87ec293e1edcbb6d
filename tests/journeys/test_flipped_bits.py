"""L1: one flipped bit in any column of any table is found, and at its index if it is an entry's."""
# ruff: noqa: S608 - the statements are made of the schema's own names

import random
from dataclasses import dataclass
from typing import Any

import pytest

from tests.databases import POSTGRESQL, SQLITE, RawDatabase, ValueRefused, put_back_database
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
    "checkpoint": ("size", ("size", "note")),
    "head": ("id", ("size", "leaf_hash", "time_ms")),
    "subject": ("id", ("id", "tag", "key_version", "wrapped_key", "facts")),
    "answer": ("issuer, key", ("issuer", "key", "request_tag", "answer", "seal")),
    "report": ("id", ("id", "created_at_ms", "content")),
    "report_part": ("report, part", ("report", "part", "content")),
    "report_person": ("report, tag", ("report", "tag")),
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
        there = {
            (table, column) for table in database.tables() for column in database.columns(table)
        }
    known = {(place.table, place.column) for place in PLACES}
    assert there - known == {("head", "id"), ("alembic_version", "version_num")}
    assert known <= there


def flipped(value: Any, bit: int, chance: random.Random) -> Any:  # noqa: ANN401 - what a column holds
    """Flip one bit of a number, or of some byte of a text or blob."""
    if isinstance(value, int):
        return value ^ (1 << bit)
    content = bytearray(value if isinstance(value, bytes) else value.encode())
    content[chance.choice([0, len(content) - 1, chance.randrange(len(content))])] ^= 1 << bit
    return (
        bytes(content) if isinstance(value, bytes) else content.decode("utf-8", "surrogateescape")
    )


def sampled_rows(database: RawDatabase, place: Place) -> list[tuple[int, Any]]:
    """Give the first, middle and last row that has a value in a column, as (number, value)."""
    query = f'SELECT "{place.column}" FROM {place.table} ORDER BY {place.key}'
    values = [value for (value,) in database.execute(query)]
    full = [(number, value) for number, value in enumerate(values) if value not in {None, b""}]
    return [full[0], full[len(full) // 2], full[-1]] if full else []


def set_value(database: RawDatabase, place: Place, number: int, value: Any) -> int | None:  # noqa: ANN401 - as above
    """Set a column of row ``number``; give the row's index if it has one.

    A row that has the new key already gives way.
    """
    as_stored = "?"
    if isinstance(value, str) and database.engine == SQLITE:
        value, as_stored = value.encode("utf-8", "surrogateescape"), "CAST(? AS TEXT)"
    names = place.key.split(", ")
    where = " AND ".join(f"{name} = ?" for name in names)
    keys = database.execute(
        f"SELECT {place.key} FROM {place.table} ORDER BY {place.key} LIMIT 1 OFFSET {number}"
    ).fetchone()
    assert keys is not None
    if isinstance(value, int):
        there = dict(zip(place.key.replace('"', "").split(", "), keys, strict=True))
        if place.column in there:
            moved = tuple((there | {place.column: value}).values())
            database.execute(f"DELETE FROM {place.table} WHERE {where}", moved)
    database.execute(
        f'UPDATE {place.table} SET "{place.column}" = {as_stored} WHERE {where}', (value, *keys)
    )
    return keys[0] if place.located else None


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.table}.{place.column}")
def test_a_flipped_bit_in_any_column_is_found(place: Place, copy: Copy) -> None:
    """In the first, the middle and the last row; a text of which stays no UTF-8 among them.

    In one of them on PostgreSQL, which holds no text that is no UTF-8, and copies more slowly.
    """
    chance = random.Random(f"{place.table}.{place.column}")
    with copy.database() as database:
        rows = sampled_rows(database, place)
    assert rows, "the specimen has no row to edit"
    samples = list(zip(rows, (0, 7, 3), strict=True))
    if database.engine == POSTGRESQL:
        samples = [chance.choice(samples[::2])]
    for (number, value), bit in samples:
        put_back_database(copy.home, copy.specimen.home)
        with copy.database() as database:
            changed = flipped(value, bit, chance)
            index = set_value(database, place, number, changed)
        report = copy.audited()
        assert not report.sound, (number, value, changed)
        if place.column != "index" and index is not None:
            assert report.first_bad_index == index, (number, report.findings[:3])


@pytest.mark.parametrize("value", ["'text'", "X''"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.table}.{place.column}")
def test_a_value_of_another_type_is_a_finding_and_no_crash(
    place: Place, value: str, copy: Copy
) -> None:
    """SQLite stores any type in a column, and an audit that dies tells nobody anything.

    PostgreSQL takes a text for bytes, and refuses the rest.
    """
    with copy.database() as database:
        last = f"SELECT {place.key} FROM {place.table} ORDER BY {place.key} DESC LIMIT 1"
        keys = database.execute(last).fetchone()
        where = " AND ".join(f"{name} = ?" for name in place.key.replace(", ", ",").split(","))
        try:
            database.execute(
                f'UPDATE {place.table} SET "{place.column}" = {value} WHERE {where}', keys
            )
        except ValueRefused:
            return  # the column takes no such value
    assert not copy.audited().sound
