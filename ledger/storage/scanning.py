"""Reading whole ranges in order, for an audit: plain tuples, without a step for each row.

Every function reads a bounded range and gives lists of at most ``ROWS`` rows, each list from a
query of its own, so that no result is ever large and nothing of a row is kept here. Types are not
those of the table where somebody edited it: whoever reads this believes none of them.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Select, bindparam, exists, or_, select

from ledger.errors import DamagedError
from ledger.storage.tables import BODY, CHECKPOINT, ENTRY, PUBLIC_ENTRY, RECORD, SUBJECT, TILE

# Few enough to stay in a core's cache, bodies and all, until they are looked at.
ROWS: Final = 256

EntryRow: TypeAlias = tuple[int, bytes, bytes]
"""Index, leaf hash, bytes."""
BodyRow: TypeAlias = tuple[Any, ...]
"""Index, subject, salt, content; of the vault key version and wrapped key; then tag and facts."""
RecordTuple: TypeAlias = tuple[Any, ...]
"""The columns of ``record`` in the table's order."""


def _between(query: Select[Any], key: Any) -> Select[Any]:  # noqa: ANN401 - a column of any type
    return (
        query.where(key >= bindparam("start"), key < bindparam("stop"))
        .order_by(key)
        .limit(bindparam("count"))
    )


_ENTRIES: Final = _between(select(ENTRY.c.index, ENTRY.c.leaf_hash, ENTRY.c.bytes), ENTRY.c.index)
_WITH_KEYS: Final = select(
    BODY.c.index, BODY.c.subject, BODY.c.salt, BODY.c.content,
    SUBJECT.c.key_version, SUBJECT.c.wrapped_key,
).select_from(BODY.outerjoin(SUBJECT, SUBJECT.c.id == BODY.c.subject))  # fmt: skip
_BODIES: Final = _between(_WITH_KEYS, BODY.c.index)
_BODIES_AND_FACTS: Final = _between(
    _WITH_KEYS.add_columns(SUBJECT.c.tag, SUBJECT.c.facts), BODY.c.index
)
_RECORDS: Final = _between(select(RECORD), RECORD.c.index)
_PUBLIC: Final = _between(select(PUBLIC_ENTRY.c.index, PUBLIC_ENTRY.c.kind), PUBLIC_ENTRY.c.index)
_CHECKPOINTS: Final = _between(select(CHECKPOINT.c.size, CHECKPOINT.c.note), CHECKPOINT.c.size)
_TILES: Final = _between(
    select(TILE.c.n, TILE.c.hashes).where(TILE.c.level == bindparam("level")), TILE.c.n
)
_STATUS: Final = select(RECORD.c.status, RECORD.c.related).where(
    RECORD.c.index == bindparam("index")
)
_HAS_BODY: Final = select(BODY.c.index).where(BODY.c.index == bindparam("index"))
_WITHOUT_RECORD: Final = (
    select(SUBJECT)
    .where(SUBJECT.c.id > bindparam("after"))
    .where(~exists().where(RECORD.c.subject == SUBJECT.c.id))
    .order_by(SUBJECT.c.id)
    .limit(ROWS)
)

# No index is as large, in SQLite nor elsewhere.
END: Final = 2**63 - 1


def _ranges(
    connection: Connection, query: Select[Any], start: int, stop: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Read a range in lists; the first column is the key."""
    at = start
    while at < stop:
        rows = _read(connection, query, {"start": at, "stop": stop, "count": ROWS})
        if rows:
            yield rows
        if len(rows) < ROWS:
            return
        _hold_against_order(rows[-1][0] >= at)
        at = rows[-1][0] + 1


def _hold_against_order(rising: bool) -> None:  # noqa: FBT001 - what is asked of the last row
    """Refuse to go on through an index that is out of order: there might be no end to it."""
    if not rising:
        raise DamagedError(
            "database: rows do not come in the order of their index; restore it from a backup",
            code="database-unreadable",
        )


def _read(
    connection: Connection, query: Select[Any], values: dict[str, int]
) -> list[tuple[Any, ...]]:
    """Read plain tuples, past SQLAlchemy's rows, which cost as much as the reading itself.

    Raises:
        DamagedError: The database cannot give them.
    """
    errors = connection.dialect.loaded_dbapi.Error
    try:
        try:
            return _fetch(connection, query, values, quick=True)
        except errors:  # a text that is no UTF-8 any more
            return _fetch(connection, query, values, quick=False)
    except errors as error:
        raise DamagedError(
            f"database: rows cannot be read ({type(error).__name__})", code="database-unreadable"
        ) from error


def _fetch(
    connection: Connection, query: Select[Any], values: dict[str, int], *, quick: bool
) -> list[tuple[Any, ...]]:
    with connection.execute(query, values) as result:
        # On SQLite the engine has each text decoded by a function of ours, so that one that is no
        # UTF-8 can be read at all; nearly all can be read without, at half the cost.
        raw: Any = connection.connection.dbapi_connection
        careful = getattr(raw, "text_factory", None)
        try:
            if quick and careful is not None:
                raw.text_factory = str
            rows: Any = result.cursor.fetchall()
            return list(rows)
        finally:
            if careful is not None:
                raw.text_factory = careful


def entry_rows(
    connection: Connection, start: int, stop: int = END
) -> Iterator[list[tuple[Any, ...]]]:
    """Read ``EntryRow`` tuples of the entries from ``start`` up to ``stop``, in order."""
    return _ranges(connection, _ENTRIES, start, stop)


def body_rows(
    connection: Connection, start: int, stop: int, *, with_facts: bool
) -> Iterator[list[BodyRow]]:
    """Read the bodies of a range, each with its person's key in the vault, NULLs if none.

    ``with_facts``: with the look-up tag and the sealed facts too.
    """
    query = _BODIES_AND_FACTS if with_facts else _BODIES
    return _ranges(connection, query, start, stop)


def record_rows(connection: Connection, start: int, stop: int) -> Iterator[list[RecordTuple]]:
    """Read the projection's rows of a range."""
    return _ranges(connection, _RECORDS, start, stop)


def public_rows(connection: Connection, start: int, stop: int) -> Iterator[list[tuple[Any, ...]]]:
    """Read (index, kind) of the public entries listed in a range."""
    return _ranges(connection, _PUBLIC, start, stop)


def checkpoint_rows(
    connection: Connection, start: int, stop: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Read (size, note) of the checkpoints with ``start`` <= size < ``stop``, by size."""
    return _ranges(connection, _CHECKPOINTS, start, stop)


def tiles(connection: Connection, level: int, start: int, stop: int) -> dict[int, bytes]:
    """Read the tiles ``start`` <= n < ``stop`` of a level, at most ``ROWS``, by their numbers."""
    values = {"level": level, "start": start, "stop": stop, "count": ROWS}
    return dict(_read(connection, _TILES, values))


def status_of(connection: Connection, index: int) -> tuple[Any, Any] | None:
    """Read (status, related) of a record's row; None if there is no row."""
    row = connection.execute(_STATUS, {"index": index}).one_or_none()
    return None if row is None else (row[0], row[1])


def has_body(connection: Connection, index: int) -> bool:
    """Tell whether a body of this entry is stored."""
    return connection.execute(_HAS_BODY, {"index": index}).first() is not None


def persons_without_record(connection: Connection) -> Iterator[Any]:
    """Give the rows of the persons of whom there is no record; ``vault.open_row`` opens one.

    Raises:
        DamagedError: They do not come in their order.
    """
    after = ""
    while rows := connection.execute(_WITHOUT_RECORD, {"after": after}).all():
        yield from rows
        _hold_against_order(rows[-1].id > after)
        after = rows[-1].id


def last_index(connection: Connection) -> int | None:
    """Give the highest index of a stored entry; None if there is none."""
    query = select(ENTRY.c.index).order_by(ENTRY.c.index.desc()).limit(1)
    index: int | None = connection.execute(query).scalar_one_or_none()
    return index


def entry_below_zero(connection: Connection) -> bool:
    """Tell whether there is an entry with a negative index, which no honest writer makes."""
    return connection.execute(select(ENTRY.c.index).where(ENTRY.c.index < 0)).first() is not None


def public_indices_from(connection: Connection, start: int) -> list[int]:
    """Read the public entries listed outside 0 <= index < ``start``: there should be none."""
    column = PUBLIC_ENTRY.c.index
    query = select(column).where(or_(column >= start, column < 0)).order_by(column).limit(ROWS)
    return list(connection.execute(query).scalars())


def tiles_beyond(connection: Connection, level: int, stop: int) -> list[int]:
    """Read the numbers of the tiles of a level outside 0 <= n < ``stop``: none should be there."""
    number = TILE.c.n
    query = select(number).where(TILE.c.level == level, or_(number >= stop, number < 0))
    return list(connection.execute(query.order_by(number).limit(ROWS)).scalars())


def tile_levels(connection: Connection) -> list[int]:
    """Read which levels have tiles."""
    return list(connection.execute(select(TILE.c.level).distinct()).scalars())
