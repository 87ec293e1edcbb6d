"""L1, L2: whatever is edited in the database behind the ledger's back, ``audit`` finds and locates it.

One ledger of over 300 entries is made; each case edits a copy of its database with plain SQL, after
the triggers were dropped, as somebody with the file could. The keys and the checkpoint outside the
database stay as they are.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.core.digest import leaf_hash
from ledger.core.entry import decode_entry
from ledger.core.tile import append_leaves
from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import DamagedError
from ledger.services.auditing import AuditReport, audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import record
from ledger.services.context import DATABASE
from ledger.services.erasure import erase
from ledger.services.transcripts import find_subject
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.journeys.command_line import jinlan
from tests.journeys.ledgers import make_ledger, opened
from tests.journeys.people import certificate, completion, id_number

BATCH = 20
BATCHES = 14
CHECKPOINT_EVERY = 3


@dataclass
class Specimen:
    """The ledger that is edited, and where in it the edits go."""

    home: Path
    size: int = 0
    checkpoints: list[int] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)

    @property
    def middle(self) -> int:
        """A record in the middle of the log that nothing touched."""
        return self.records[len(self.records) // 2]


def _write_history(specimen: Specimen) -> None:
    ledger, issuer = make_ledger(specimen.home)
    for number in range(BATCHES):
        first = number * BATCH
        posted: list[Any] = [completion(first + place) for place in range(BATCH)]
        posted.append(certificate(first))
        outcomes = record(ledger, issuer, posted, key=f"batch-{number}").outcomes
        specimen.records += [o.entry_index for o in outcomes if o.entry_index is not None]
        if number % CHECKPOINT_EVERY == 0:
            specimen.checkpoints.append(sign_checkpoint(ledger).checkpoint.size)
    revoke_record(ledger, issuer, RevokeRecord(specimen.records[5], "scores-altered", None))
    record(ledger, issuer, [completion(7, level=2)], correcting=True)
    subject = find_subject(ledger, id_number(BATCH))
    assert subject is not None
    specimen.erased = erase(ledger, subject)["entries"]
    late = RevokeIssuer(issuer, date(2025, 5, 12), date(2025, 5, 12), "issuer-misconduct", "9")
    assert len(revoke_issuer(ledger, late)["revoked"]) == BATCHES - 1
    record(ledger, issuer, [completion(n) for n in range(300, 310)], key="after")
    specimen.size = sign_checkpoint(ledger).checkpoint.size
    ledger.close()


@pytest.fixture(scope="module")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """The ledger, whole."""
    made = Specimen(tmp_path_factory.mktemp("specimen") / "home")
    _write_history(made)
    assert made.size > 300
    return made


@dataclass
class Copy:
    """A copy of the specimen, to edit."""

    specimen: Specimen
    home: Path

    def audited(self) -> AuditReport:
        """Audit it as it stands."""
        with opened(self.home) as ledger:
            return audit(ledger)

    def edit(self, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
        """Edit the database with the triggers gone."""
        with closing(sqlite3.connect(self.home / DATABASE, isolation_level=None)) as database:
            drop_triggers(database)
            for statement in statements:
                sql, values = (statement, ()) if isinstance(statement, str) else statement
                assert database.execute(sql, values).rowcount != 0, "the edit changed nothing"

    def database(self) -> "closing[sqlite3.Connection]":
        """Open the database plainly, the triggers gone."""
        database = sqlite3.connect(self.home / DATABASE, isolation_level=None)
        drop_triggers(database)
        return closing(database)


def drop_triggers(database: sqlite3.Connection) -> None:
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in names:
        database.execute(f"DROP TRIGGER {name}")


@pytest.fixture
def copy(specimen: Specimen, tmp_path: Path) -> Iterator[Copy]:
    """A copy of the specimen for one test."""
    home = Path(shutil.copytree(specimen.home, tmp_path / "home"))
    yield Copy(specimen, home)
    shutil.rmtree(home)


def test_the_specimen_unedited_is_sound(copy: Copy) -> None:
    """The control: without it every other test of this file would prove nothing."""
    copy.edit("CREATE TABLE unrelated (number)", "DROP TABLE unrelated")
    report = copy.audited()
    assert report.findings == []
    assert report.sound
    assert report.first_bad_index is None
    assert report.entries == copy.specimen.size
    assert report.erased == len(copy.specimen.erased) == 2
    assert report.bodies == copy.specimen.size - 2
    # Those of init and of the example, those along the way, the last, and the one outside.
    assert report.checkpoints == 2 + len(copy.specimen.checkpoints) + 1 + 1
    answer = jinlan(copy.home, "audit", "--json")
    assert (answer.status, answer.json["sound"], answer.json["findings"]) == (0, True, [])


def swapped(table: str, columns: str, index: int) -> list[str]:
    """Swap some columns of the rows at ``index`` and behind it."""
    here = f"FROM {table} WHERE \"index\" IN ({index}, {index + 1})"
    there = f"SELECT {columns} FROM both WHERE both.\"index\" = {2 * index + 1} - {table}.\"index\""
    return [
        f"CREATE TEMP TABLE both AS SELECT \"index\", {columns} {here}",
        f"UPDATE {table} SET ({columns}) = ({there}) WHERE \"index\" IN ({index}, {index + 1})",
    ]


ENTRY_EDITS: dict[str, Callable[[int], list[str]]] = {
    "an entry changed": lambda i: [
        f"UPDATE entry SET bytes = CAST(replace(bytes, 'SCL-1', 'SCL-2') AS BLOB) WHERE \"index\" = {i}"
    ],
    "an entry's kind changed": lambda i: [
        "UPDATE entry SET bytes = CAST(replace(bytes, 'completion', 'certificate') AS BLOB) "
        f'WHERE "index" = {i}'
    ],
    "a leaf hash changed": lambda i: [
        f"UPDATE entry SET leaf_hash = zeroblob(32) WHERE \"index\" = {i}"
    ],
    "an entry deleted": lambda i: [f'DELETE FROM entry WHERE "index" = {i}'],
    "an entry and all that hangs on it deleted": lambda i: [
        f'DELETE FROM {table} WHERE "index" = {i}' for table in ("entry", "body", "record")
    ],
    "an entry deleted and the rest moved up": lambda i: [
        f'DELETE FROM entry WHERE "index" = {i}',
        f'UPDATE entry SET "index" = -"index" WHERE "index" > {i}',
        'UPDATE entry SET "index" = -"index" - 1 WHERE "index" < 0',
    ],
    "an entry inserted": lambda i: [
        f'UPDATE entry SET "index" = -"index" WHERE "index" >= {i}',
        'UPDATE entry SET "index" = -"index" + 1 WHERE "index" < 0',
        f'INSERT INTO entry SELECT {i}, leaf_hash, bytes FROM entry WHERE "index" = {i} + 2',
    ],
    "two neighbours' bytes swapped": lambda i: swapped("entry", "leaf_hash, bytes", i),
    "two bodies swapped": lambda i: swapped("body", "content", i),
    "two subjects' bodies swapped": lambda i: swapped("body", "subject, content", i),
    "two records swapped": lambda i: swapped("record", "subject, identity, content", i),
    "a body linked to another subject": lambda i: [
        f'UPDATE body SET subject = (SELECT subject FROM body AS o WHERE o."index" = {i + 1}) '
        f'WHERE "index" = {i}'
    ],
    "a body and its record linked to another subject": lambda i: [
        f'UPDATE {table} SET subject = (SELECT subject FROM body AS o WHERE o."index" = {i + 1}) '
        f'WHERE "index" = {i}'
        for table in ("record", "body")
    ],
    "a body deleted": lambda i: [f'DELETE FROM body WHERE "index" = {i}'],
    "a body made public": lambda i: [
        f'UPDATE body SET subject = NULL, salt = zeroblob(32) WHERE "index" = {i}'
    ],
    "a record deleted": lambda i: [f'DELETE FROM record WHERE "index" = {i}'],
    "a record revoked without an entry": lambda i: [
        f"UPDATE record SET status = 'revoked', related = 290 WHERE \"index\" = {i}"
    ],
    "a record related to another": lambda i: [
        f'UPDATE record SET related = 1 WHERE "index" = {i}'
    ],
    "a record given to another issuer": lambda i: [
        f"UPDATE record SET issuer = 'org-aaaaaaaaaaaaaaaaaaaaaaaaaa' WHERE \"index\" = {i}"
    ],
    "a record dated otherwise": lambda i: [
        f"UPDATE record SET event_on = '2024-04-11' WHERE \"index\" = {i}"
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRY_EDITS)
@pytest.mark.parametrize("region", ["first", "middle", "last"])
def test_an_edit_of_one_entry_is_found_and_located(name: str, region: str, copy: Copy) -> None:
    """Three regions: the first record, one in the middle, and the last two entries."""
    records = copy.specimen.records
    index = {"first": records[0], "middle": copy.specimen.middle, "last": copy.specimen.size - 2}
    copy.edit(*ENTRY_EDITS[name](index[region]))
    report = copy.audited()
    assert not report.sound
    assert report.first_bad_index == index[region], sorted(report.findings, key=str)[:3]


def test_a_withdrawal_undone_in_the_projection_is_found_at_its_record(copy: Copy) -> None:
    undone = "UPDATE record SET status = 'active', related = NULL WHERE \"index\" = ?"
    with copy.database() as database:
        query = "SELECT \"index\" FROM record WHERE status <> 'active' ORDER BY \"index\""
        withdrawn = [index for (index,) in database.execute(query)]
    assert len(withdrawn) == 1 + 1 + BATCHES - 1
    for index in withdrawn:
        copy.edit((undone, (index,)))
        report = copy.audited()
        assert report.first_bad_index == withdrawn[0]
        assert any(f.index == index for f in report.findings)


def test_an_entry_forged_behind_the_last_is_found(copy: Copy) -> None:
    size = copy.specimen.size
    copy.edit(
        f'INSERT INTO entry SELECT {size}, leaf_hash, bytes FROM entry WHERE "index" = {size - 1}'
    )
    assert copy.audited().first_bad_index == size


@pytest.mark.parametrize(
    ("table", "index", "located"),
    [("entry", -1, 0), ("body", -1, 0), ("record", -1, 0), ("body", 5_000, None), ("record", 5_000, None)],
)  # fmt: skip
def test_a_row_where_no_entry_can_be_is_found(
    table: str, index: int, located: int | None, copy: Copy
) -> None:
    with copy.database() as database:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")][1:]
        names = ", ".join(columns)
        database.execute(
            f'INSERT INTO {table} ("index", {names}) SELECT ?, {names} FROM {table} '
            f'WHERE "index" = ?', (index, copy.specimen.middle),
        )  # fmt: skip
    expected = copy.specimen.size if located is None else located
    assert copy.audited().first_bad_index == expected


def cut(database: sqlite3.Connection, size: int, *, mended: bool) -> None:
    """Cut the log to ``size`` entries; ``mended``: with tiles and head as they were at that size."""
    rows = database.execute('SELECT leaf_hash, bytes FROM entry ORDER BY "index"').fetchall()
    for table in ("entry", "body", "record", "public_entry"):
        database.execute(f'DELETE FROM {table} WHERE "index" >= ?', (size,))
    if mended:
        rewrite_tiles(database, [row[0] for row in rows[:size]])
        set_head(database, rows[:size])


def rewrite_tiles(database: sqlite3.Connection, leaves: list[bytes]) -> None:
    database.execute("DELETE FROM tile")
    database.executemany("INSERT INTO tile VALUES (?, ?, ?)", append_leaves(0, {}, leaves).tiles)


def set_head(database: sqlite3.Connection, rows: list[tuple[bytes, bytes]]) -> None:
    hashed, last = rows[-1]
    values = (len(rows), hashed, decode_entry(last).time_ms)
    database.execute("UPDATE head SET size = ?, leaf_hash = ?, time_ms = ?", values)


@pytest.mark.parametrize("count", [1, 2, 50, 200])
@pytest.mark.parametrize("mended", [False, True])
def test_a_tail_cut_off_is_found(count: int, mended: bool, copy: Copy) -> None:  # noqa: FBT001 - a parameter
    """L2. Mended, the cut log contradicts nothing but its checkpoints, and what was withdrawn."""
    size = copy.specimen.size - count
    with copy.database() as database:
        cut(database, size, mended=mended)
        if mended:
            database.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
            database.execute("DELETE FROM subject WHERE id NOT IN (SELECT subject FROM body WHERE subject IS NOT NULL)")  # fmt: skip
    report = copy.audited()
    assert not report.sound
    # What the lost entries had withdrawn lies before the cut and is found there too.
    places = [finding.index for finding in report.findings]
    assert size in places or mended
    if mended:
        assert any(finding.what == "checkpoint" for finding in report.findings)
        with opened(copy.home) as ledger, pytest.raises(DamagedError) as refused:
            sign_checkpoint(ledger)
        assert refused.value.code == "behind-checkpoint"


def rewrite_from(database: sqlite3.Connection, start: int, change: Callable[[bytes], bytes]) -> None:
    """Change entry ``start`` and hash everything behind it anew, as if it had always been so."""
    rows = database.execute('SELECT leaf_hash, bytes FROM entry ORDER BY "index"').fetchall()
    fresh: list[tuple[bytes, bytes]] = []
    for index, (hashed, content) in enumerate(rows):
        written = change(content) if index == start else content
        if index >= start:
            prev = decode_entry(content).prev.hex().encode()
            written = written.replace(prev, fresh[-1][0].hex().encode()) if index else written
            hashed = leaf_hash(written)  # noqa: PLW2901 - the new one
        fresh.append((hashed, written))
    for index, (hashed, content) in enumerate(fresh):
        database.execute(
            'UPDATE entry SET leaf_hash = ?, bytes = ? WHERE "index" = ?', (hashed, content, index)
        )
    rewrite_tiles(database, [hashed for hashed, _ in fresh])
    set_head(database, fresh)


def earlier(content: bytes) -> bytes:
    """Move an entry's time back by a millisecond."""
    entry = decode_entry(content)
    return type(entry)(**{
        **{name: getattr(entry, name) for name in entry.__slots__}, "time_ms": entry.time_ms - 1
    }).encode()  # fmt: skip


def test_a_consistent_rewrite_contradicts_the_checkpoints_alone(copy: Copy) -> None:
    """Entries, hashes, tiles, head and bodies agree; only what was signed before does not."""
    with copy.database() as database:
        query = 'SELECT "index", bytes FROM entry ORDER BY "index"'
        times = [decode_entry(content).time_ms for _, content in database.execute(query)]
        # The first entry of a batch, if the batch before is older by more than a millisecond.
        start = next(
            i for i in range(copy.specimen.middle, len(times)) if times[i] - times[i - 1] > 1
        )
        rewrite_from(database, start, earlier)
    report = copy.audited()
    assert {finding.what for finding in report.findings} == {"checkpoint"}
    last_good = max(size for size in copy.specimen.checkpoints if size <= start)
    assert report.first_bad_index == last_good
    answer = jinlan(copy.home, "checkpoint", "--json")
    assert (answer.status, answer.code) == (1, "other-history")


def test_a_rewrite_that_drops_the_checkpoints_contradicts_the_one_outside(copy: Copy) -> None:
    with copy.database() as database:
        rewrite_from(database, 0, earlier)
        database.execute("DELETE FROM checkpoint")
    report = copy.audited()
    assert [(f.what, f.index) for f in report.findings] == [("checkpoint", 0)]
    (copy.home / "checkpoint").unlink()
    assert [f.what for f in copy.audited().findings] == ["checkpoint"]
    answer = jinlan(copy.home, "audit", "--json")
    assert (answer.status, answer.json["sound"]) == (1, False)


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
    *(Place(t, column, '"index"', True) for t, columns in INDEXED.items() for column in columns),
    *(Place(t, column, key, False) for t, (key, columns) in KEYED.items() for column in columns),
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
    """Give some rows that have a value in a column: the first, middle and last, as (number, value)."""
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
    """In the first, the middle and the last row, twice each."""
    chance = random.Random(f"{place.table}.{place.column}")
    whole = (copy.home / DATABASE).read_bytes()
    with copy.database() as database:
        rows = sampled_rows(database, place)
    assert rows, "the specimen has no row to edit"
    for number, value in [*rows, *rows]:
        (copy.home / DATABASE).write_bytes(whole)
        with copy.database() as database:
            changed = flipped(value, chance)
            index = set_value(database, place, number, changed)
        report = copy.audited()
        assert not report.sound, (number, value, changed)
        if place.column != "index" and index is not None:
            assert report.first_bad_index == index, (number, report.findings[:3])
