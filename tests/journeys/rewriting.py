"""What somebody with the database can do past its triggers: edit, hash everything anew."""

from collections.abc import Callable
from dataclasses import replace

from ledger.core.digest import leaf_hash
from ledger.core.entry import Entry, decode_entry
from ledger.core.tile import append_leaves
from tests.databases import RawDatabase


def rewrite_tiles(database: RawDatabase, leaves: list[bytes]) -> None:
    """Make the tiles those of these leaf hashes."""
    database.execute("DELETE FROM tile")
    database.executemany("INSERT INTO tile VALUES (?, ?, ?)", append_leaves(0, {}, leaves).tiles)


def set_head(database: RawDatabase, rows: list[tuple[bytes, bytes]]) -> None:
    """Make the head that of these (leaf hash, entry bytes)."""
    hashed, last = rows[-1]
    values = (len(rows), hashed, decode_entry(last).time_ms)
    database.execute("UPDATE head SET size = ?, leaf_hash = ?, time_ms = ?", values)


def rewrite_from(database: RawDatabase, start: int, change: Callable[[Entry], Entry]) -> None:
    """Change entry ``start`` and hash everything behind it anew, as if it had always been so."""
    rows = database.execute('SELECT leaf_hash, bytes FROM entry ORDER BY "index"').fetchall()
    for index in range(start, len(rows)):
        entry = decode_entry(rows[index][1])
        entry = change(entry) if index == start else replace(entry, prev=rows[index - 1][0])
        rows[index] = (leaf_hash(entry.encode()), entry.encode())
    database.executemany(
        'UPDATE entry SET leaf_hash = ?, bytes = ? WHERE "index" = ?',
        [(*row, index) for index, row in enumerate(rows)],
    )
    rewrite_tiles(database, [hashed for hashed, _ in rows])
    set_head(database, rows)


def earlier(entry: Entry) -> Entry:
    """Move an entry's time back by a millisecond."""
    return replace(entry, time_ms=entry.time_ms - 1)
