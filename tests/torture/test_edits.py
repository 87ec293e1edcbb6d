"""L1: random edits of the database's file and of its rows; all that change content are found.

An edit changes content if a dump of all tables differs afterwards, or can no longer be made. What
lies in no row (free space, an index) may be found or not.

What no audit can find is a row missing among those that no entry speaks of: an answer, an import
report, an older checkpoint. Their loss forges nothing: a repeated request is then known by its
records, and an older checkpoint by whoever holds it.
"""
# ruff: noqa: S608 - the statements are made of the schema's own names

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.services.auditing import audit
from ledger.services.settings import DATABASE
from tests.databases import past_triggers
from tests.journeys.ledgers import opened
from tests.journeys.specimens import Specimen, write_history
from tests.torture.campaigns import Tell, chance_of, share

PAGE = 8192
EDITS = share(30, 100)
MAY_GO = {"answer", "checkpoint", "report", "report_part", "report_person"}
Dump = dict[str, list[str]]


@dataclass
class Whole:
    """The ledger before any edit: its folder, its file and an older state of it, its dump."""

    home: Path
    content: bytes
    older: bytes
    dump: Dump


def dump(path: Path) -> Dump | None:
    """Give all rows of all tables, and what the tables are; None where they cannot be read."""
    try:
        with closing(sqlite3.connect(path)) as database:
            database.text_factory = bytes
            schema = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
            made = schema.fetchall()
            found = {"schema": sorted(map(repr, made))}
            for kind, name, *_ in made:
                if kind == b"table":
                    rows = database.execute(f'SELECT * FROM "{name.decode()}" NOT INDEXED')
                    found[name.decode()] = sorted(map(repr, rows))
            return found
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("edits")
    older = Specimen(folder / "older")
    write_history(older, batches=2, batch=10)
    made = Specimen(folder / "home")
    write_history(made, batches=3, batch=10)
    before = dump(made.home / DATABASE)
    assert before is not None
    content = (made.home / DATABASE).read_bytes()
    return Whole(made.home, content, (older.home / DATABASE).read_bytes(), before)


def put(home: Path, content: bytes) -> Path:
    """Put a database in place, with nothing of the one before it."""
    path = home / DATABASE
    for side in ("-wal", "-shm"):
        path.with_name(DATABASE + side).unlink(missing_ok=True)
    path.write_bytes(content)
    return path


def is_found(home: Path) -> bool:
    """Tell whether an audit finds anything; one that dies of anything else fails the test."""
    try:
        with opened(home) as ledger:
            return bool(audit(ledger).findings)
    except LedgerError:
        return True


def page_of(chance: random.Random, content: bytes) -> int:
    return chance.randrange(len(content) // PAGE) * PAGE


def with_bytes(content: bytes, place: int, new: bytes) -> bytes:
    return content[:place] + new + content[place + len(new) :]


def bit_flipped(chance: random.Random, whole: Whole) -> bytes:
    place = chance.randrange(len(whole.content))
    return with_bytes(
        whole.content, place, bytes([whole.content[place] ^ 1 << chance.randrange(8)])
    )


def bytes_written(chance: random.Random, whole: Whole) -> bytes:
    new = chance.randbytes(chance.randint(1, 64))
    return with_bytes(whole.content, chance.randrange(len(whole.content) - len(new)), new)


def sector_zeroed(chance: random.Random, whole: Whole) -> bytes:
    return with_bytes(whole.content, chance.randrange(len(whole.content) // 512) * 512, bytes(512))


def pages_swapped(chance: random.Random, whole: Whole) -> bytes:
    one, other = page_of(chance, whole.content), page_of(chance, whole.content)
    first, second = whole.content[one : one + PAGE], whole.content[other : other + PAGE]
    return with_bytes(with_bytes(whole.content, one, second), other, first)


def foreign_page(chance: random.Random, whole: Whole) -> bytes:
    """A page of another ledger's file stands where ours was."""
    place = page_of(chance, whole.older[: len(whole.content)])
    return with_bytes(whole.content, place, whole.older[place : place + PAGE])


def cut_off(chance: random.Random, whole: Whole) -> bytes:
    return whole.content[: chance.randrange(len(whole.content))]


FILE_EDITS: list[Callable[[random.Random, Whole], bytes]] = [
    *(bit_flipped, bytes_written, sector_zeroed, pages_swapped, foreign_page, cut_off),
]


@pytest.mark.parametrize("part", range(share(1, 50)))
def test_random_edits_of_the_file_that_change_content_are_found(
    part: int, whole: Whole, tmp_path: Path, tell: Tell
) -> None:
    chance = chance_of("file", part)
    home = Path(shutil.copytree(whole.home, tmp_path / "home"))
    changing = 0
    for number in range(EDITS):
        edit = chance.choices(FILE_EDITS, [8, 4, 1, 1, 1, 1])[0]
        path = put(home, edit(chance, whole))
        changes = dump(path) != whole.dump
        assert is_found(home) or not changes, (part, number, edit.__name__)
        changing += changes
    tell(edits=EDITS, changed_content=changing)


def new_value(
    chance: random.Random, database: sqlite3.Connection, table: str, column: str
) -> object:
    """Give a value to put into a column: another row's, a changed one, or one of another type."""
    rows = database.execute(f'SELECT "{column}" FROM {table}').fetchall()
    value = chance.choice(rows)[0] if rows else None
    kind = chance.choice(["other row", "other type", "changed", "changed", "changed"])
    if kind == "other type":
        return chance.choice([None, "", b"", 0, "text", 1.5, -1])
    return changed(chance, value) if kind == "changed" else value


def changed(chance: random.Random, value: object) -> object:
    match value:
        case bytes() if value:
            place = chance.randrange(len(value))
            return with_bytes(value, place, bytes([value[place] ^ 1 << chance.randrange(8)]))
        case str() if value:
            place = chance.randrange(len(value))
            return value[:place] + chance.choice("0a金") + value[place + 1 :]
        case int():
            return value + chance.choice([-1, 1, 1 << chance.randrange(40)])
    return chance.randbytes(16)


def edit_rows(chance: random.Random, database: sqlite3.Connection) -> str:
    """Change, remove or copy a random row; give the table that lost one by right, if any."""
    tables = [name for (name,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
    )]  # fmt: skip
    table = chance.choice(tables)
    described = database.execute(f"PRAGMA table_info({table})").fetchall()
    columns = [row[1] for row in described]
    column = chance.choice(columns)
    key = ", ".join(f'"{row[1]}"' for row in described if row[5])
    some_row = f"({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET ?)"
    (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    row = chance.randrange(count)
    kind = chance.choice(["change", "change", "change", "remove", "copy"])
    if kind == "remove":
        database.execute(f"DELETE FROM {table} WHERE {some_row}", (row,))
        return table
    value = new_value(chance, database, table, column)
    if kind == "copy":
        names = ", ".join(f'"{name}"' for name in columns)
        new = ", ".join("?" if name == column else f'"{name}"' for name in columns)
        copied = f"INSERT INTO {table} ({names}) SELECT {new} FROM {table} WHERE {some_row}"
        database.execute(copied, (value, row))
    else:
        database.execute(f'UPDATE {table} SET "{column}" = ? WHERE {some_row}', (value, row))
    return ""


def difference(before: Dump, after: Dump | None) -> list[str]:
    """Give the rows of which only one of two dumps has some."""
    if after is None:
        return ["all"]
    return [f"{name}: {row}" for name in before for row in set(before[name]) ^ set(after[name])]


@pytest.mark.parametrize("part", range(share(1, 50)))
def test_random_edits_of_rows_that_change_content_are_found(
    part: int, whole: Whole, tmp_path: Path, tell: Tell
) -> None:
    chance = chance_of("rows", part)
    home = Path(shutil.copytree(whole.home, tmp_path / "home"))
    changing = may_go = 0
    for number in range(EDITS):
        path = put(home, whole.content)
        removed_from = ""
        # Where a column takes no such value nothing is edited.
        with past_triggers(home) as database, suppress(sqlite3.IntegrityError):
            removed_from = edit_rows(chance, database)
        after = dump(path)
        if removed_from in MAY_GO:
            may_go += 1
        elif after != whole.dump:
            changing += 1
            assert is_found(home), (part, number, difference(whole.dump, after))
    tell(edits=EDITS, changed_content=changing, lost_rows_that_may_go=may_go)
