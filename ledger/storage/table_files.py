r"""Tables as files: every row of a table in the order of its primary key, the same from any engine.

    row     length of what follows in 4 bytes, big-endian; then the columns in the table's order
    column  "-"                                   NULL
            "i", 8 bytes, big-endian, signed      a whole number
            "s", 4 bytes length, UTF-8            text
            "b", 4 bytes length, bytes            bytes

A file has no header: its manifest names the table, the columns, the number of rows and the SHA-256.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, inspect, select

from ledger.core.digest import StreamHash
from ledger.errors import DamagedError, MalformedError
from ledger.storage.bulk import SQLITE
from ledger.storage.log import STREAMED

STREAM_ROWS: Final = 1_000
ROW_BYTES_MAX: Final = 64 * 1024 * 1024
LENGTH_BYTES: Final = 4
NUMBER_BYTES: Final = 8

Value: TypeAlias = int | str | bytes | None
RowValues: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class FileSum:
    """How a written file is known again: its rows (0 where it is no table), length and SHA-256."""

    rows: int
    length: int
    sha256: bytes


def write_table(connection: Connection, table: Table, path: Path) -> FileSum:
    """Write all rows of a table as the connection's transaction sees them. Durable on return.

    Raises:
        DamagedError: A stored value is not of its column's type.
        OSError: It cannot be written there.
    """
    is_sqlite = connection.dialect.name == SQLITE
    # Text in the order of its bytes, whatever the language of the database; SQLite has no other.
    keys = [
        column.collate("C") if _type_of(column) is str and not is_sqlite else column
        for column in table.primary_key.columns
    ]
    found = connection.execute(select(table).order_by(*keys), execution_options=STREAMED)
    types = [_type_of(column) for column in table.columns]
    summed, count = StreamHash(), 0
    with open_new(path) as file:
        for part in found.partitions():
            data = b"".join([_encode(table, types, row) for row in part])
            summed.update(data)
            file.write(data)
            count += len(part)
        sync(file)
    return FileSum(count, summed.length, summed.digest())


def write_file(path: Path, content: bytes) -> FileSum:
    """Write a file that is no table. Durable on return.

    Raises:
        OSError: It cannot be written there.
    """
    summed = StreamHash()
    summed.update(content)
    with open_new(path) as file:
        file.write(content)
        sync(file)
    return FileSum(0, summed.length, summed.digest())


def read_table(path: Path, expected: FileSum, columns: int) -> Iterator[list[RowValues]]:
    """Read the rows of a file, some thousand at a time; the last step tells that all was right.

    Raises:
        DamagedError: The file is not the one that was written. Rows given before are worth nothing.
    """
    summed, rows = StreamHash(), 0
    with path.open("rb") as file:
        while chunk := _read_rows(path, file, summed, columns):
            rows += len(chunk)
            yield chunk
    if FileSum(rows, summed.length, summed.digest()) != expected:
        raise DamagedError(
            f"{path}: found {rows} rows in {summed.length} bytes, expected {expected.rows} in "
            f"{expected.length} with another SHA-256; the file was changed or cut"
        )


def read_file(path: Path, expected: FileSum) -> bytes:
    """Read a file that is no table.

    Raises:
        DamagedError: It is not the one that was written.
    """
    content, summed = path.read_bytes(), StreamHash()
    summed.update(content)
    if FileSum(0, summed.length, summed.digest()) != expected:
        raise DamagedError(f"{path}: not the file that was written; it was changed or cut")
    return content


def named_table(connection: Connection, name: str, columns: Sequence[str]) -> Table:
    """Give what ``insert_rows`` needs of a table as some migration made it there."""
    types = {column["name"]: column["type"] for column in inspect(connection).get_columns(name)}
    return Table(name, MetaData(), *(Column(column, types[column]) for column in columns))


def open_new(path: Path) -> BinaryIO:
    """Open a new file that only its owner may read.

    Raises:
        OSError: It is there already, or cannot be made.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "wb")


def sync(file: BinaryIO) -> None:
    """Bring what was written to an open file onto the disk."""
    file.flush()
    os.fsync(file.fileno())


def _type_of(column: Column[Any]) -> type:
    if isinstance(column.type, Integer):
        return int
    return bytes if isinstance(column.type, LargeBinary) else str


def _encode(table: Table, types: Sequence[type], row: Sequence[Value]) -> bytes:
    parts = []
    for place, (expected, value) in enumerate(zip(types, row, strict=True)):
        if value is not None and type(value) is not expected:
            raise _unfit(table, place, row)
        try:
            parts.append(_encode_value(value))
        except (UnicodeEncodeError, OverflowError):
            raise _unfit(table, place, row) from None
    data = b"".join(parts)
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def _encode_value(value: Value) -> bytes:
    if value is None:
        return b"-"
    if isinstance(value, int):
        return b"i" + value.to_bytes(NUMBER_BYTES, "big", signed=True)
    kind, data = (b"s", value.encode()) if isinstance(value, str) else (b"b", value)
    return kind + len(data).to_bytes(LENGTH_BYTES, "big") + data


def _unfit(table: Table, place: int, row: Sequence[Value]) -> DamagedError:
    column = table.columns[place]
    # Only a number may be shown: it is an index, a level or a size.
    where = f" {row[0]}" if type(row[0]) is int else ""
    return DamagedError(
        f"table {table.name}, row{where}: column {column.name} does not hold what it is for; run "
        "'python -m ledger audit'"
    )


def _read_rows(path: Path, file: BinaryIO, summed: StreamHash, columns: int) -> list[RowValues]:
    rows: list[RowValues] = []
    while len(rows) < STREAM_ROWS and (head := file.read(LENGTH_BYTES)):
        length = int.from_bytes(head, "big")
        data = file.read(length) if length <= ROW_BYTES_MAX else b""
        summed.update(head + data)
        try:
            rows.append(_decode(data, length, columns))
        except (MalformedError, UnicodeDecodeError, IndexError):
            raise DamagedError(
                f"{path}: not rows of a table; the file was changed or cut"
            ) from None
    return rows


def _decode(data: bytes, length: int, columns: int) -> RowValues:
    values: list[Value] = []
    at = 0
    while at < len(data):
        kind, at = data[at], at + 1
        if kind == ord("i"):
            values.append(int.from_bytes(data[at : at + NUMBER_BYTES], "big", signed=True))
            at += NUMBER_BYTES
        elif kind in b"sb":
            start = at + LENGTH_BYTES
            at = start + int.from_bytes(data[at:start], "big")
            values.append(data[start:at].decode() if kind == ord("s") else data[start:at])
        elif kind == ord("-"):
            values.append(None)
        else:
            raise MalformedError("row: unknown kind of column")
    if at != length or len(data) != length or len(values) != columns:
        raise MalformedError("row: cut short, or not of this many columns")
    return tuple(values)
