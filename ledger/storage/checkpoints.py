"""Signed checkpoints: in the database for readers, and the last one in a file outside it.

The file is what a restored or truncated database is held against. It is written before the row, so
that a checkpoint that anyone may have seen is never forgotten: dying between the two leaves the
file ahead of the table, which is sound.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from ledger.errors import UnavailableError
from ledger.storage.bulk import insert_rows
from ledger.storage.log import STREAMED
from ledger.storage.tables import CHECKPOINT

FILE_NAME: Final = "checkpoint"


def store(connection: Connection, size: int, note: bytes) -> None:
    """Keep a signed checkpoint, under the write lock; the first one for a size stays."""
    if not is_stored(connection, size):
        insert_rows(connection, CHECKPOINT, [(size, note)])


def is_stored(connection: Connection, size: int) -> bool:
    """Tell whether the database has a checkpoint of this size."""
    query = select(CHECKPOINT.c.size).where(CHECKPOINT.c.size == size)
    return connection.execute(query).first() is not None


def largest_size(connection: Connection) -> int | None:
    """Give the size of the newest checkpoint in the database; None if there is none."""
    size: int | None = connection.execute(select(func.max(CHECKPOINT.c.size))).scalar_one()
    return size


def read(connection: Connection, size: int) -> bytes:
    """Read the checkpoint of a size, which there is."""
    note: bytes = connection.execute(
        select(CHECKPOINT.c.note).where(CHECKPOINT.c.size == size)
    ).scalar_one()
    return note


def read_all(connection: Connection) -> Iterator[tuple[int, bytes]]:
    """Stream (size, note) of every checkpoint, oldest first."""
    rows = connection.execute(
        select(CHECKPOINT.c.size, CHECKPOINT.c.note).order_by(CHECKPOINT.c.size)
    )
    yield from ((row.size, row.note) for row in rows)


def newest_first(connection: Connection) -> Iterator[tuple[int, bytes]]:
    """Stream (size, note) of every checkpoint, the largest first."""
    query = select(CHECKPOINT.c.size, CHECKPOINT.c.note).order_by(CHECKPOINT.c.size.desc())
    for row in connection.execute(query, execution_options=STREAMED):
        yield row.size, row.note


def keep_aside(home: Path, suffix: str, note: bytes) -> Path:
    """Keep a checkpoint beside the checkpoint file, where nobody writes it over; give the file."""
    kept = home / f"{FILE_NAME}.{suffix}"
    if not kept.exists():
        _write_durably(kept, note)
    return kept


def write_outside(home: Path, note: bytes) -> None:
    """Replace the checkpoint file; on return it is on the disk.

    Raises:
        UnavailableError: The disk does not take it; there is the old file or the new one, whole.
    """
    _write_durably(home / FILE_NAME, note)


def _write_durably(target: Path, note: bytes) -> None:
    fresh = target.with_name(f"{FILE_NAME}.new")
    try:
        with fresh.open("wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise UnavailableError(
            f"checkpoint file: it cannot be written ({error.strerror}); the checkpoint is signed "
            "anew when the disk takes it"
        ) from error


def read_outside(home: Path) -> bytes | None:
    """Read the checkpoint file; None where no checkpoint was ever signed."""
    try:
        return (home / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return None
