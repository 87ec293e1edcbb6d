"""Rosters as text: CSV (RFC 4180) in the encodings and with the delimiters that schools use.

The encoding is told by a byte order mark (UTF-8, UTF-16), else it is UTF-8 if the bytes are just
that, else GB18030. The delimiter is the one of ``,`` ``，`` ``;`` and tab that finds a header. The
text is decoded as it is read, and read twice: once to refuse a broken file, once for its rows.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Final

from ledger.errors import MalformedError
from ledger.intake.headers import COLUMNS_MAX, HEADER_ROWS_MAX, find_header
from ledger.intake.tables import Table, count_rows

DELIMITERS: Final = (",", "\t", "，", ";")
RECORD_MAX: Final = 131_072
"""Most characters in one record; a quote that is never closed ends here."""

_CHUNK_BYTES: Final = 1 << 18
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text_table(data: bytes) -> Table:
    """Read a CSV roster.

    Raises:
        MalformedError: With code ``roster-encoding``, ``roster-nul``, ``roster-csv-broken``,
            ``roster-header-missing``, ``roster-header-repeated``, ``roster-too-many-columns``,
            ``roster-too-many-rows`` or ``roster-empty``.
    """
    encoding = find_encoding(data)
    delimiter = _find_delimiter(data, encoding)
    above, columns = find_header(islice(_records(data, encoding, delimiter), HEADER_ROWS_MAX))
    header, data_rows, dropped_rows = count_rows(
        _records(data, encoding, delimiter), above + 1, columns
    )
    return Table(
        format="csv",
        header=header,
        columns=columns,
        header_row=above + 1,
        data_rows=data_rows,
        dropped_rows=dropped_rows,
        source=lambda: _records(data, encoding, delimiter),
        encoding=encoding,
        delimiter=delimiter,
    )


def find_encoding(data: bytes) -> str:
    """Tell the encoding of text.

    Raises:
        MalformedError: With code ``roster-encoding``, if the bytes are in none that is known;
            ``roster-nul``, if NUL bytes show that they are no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            if not _decodes(data, encoding):
                raise MalformedError(f"roster: not {encoding} throughout", code="roster-encoding")
            return encoding
    if b"\0" in data:
        raise MalformedError("roster: found NUL bytes in text", code="roster-nul")
    for encoding in ("utf-8", "gb18030"):
        if _decodes(data, encoding):
            return encoding
    raise MalformedError("roster: neither UTF-8 nor GB18030", code="roster-encoding")


def _decodes(data: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    view = memoryview(data)
    try:
        for start in range(0, len(data), _CHUNK_BYTES):
            decoder.decode(view[start : start + _CHUNK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


class _Lines:
    """Lines of text, counted per record, so that no record grows without bound."""

    def __init__(self, data: bytes, encoding: str, delimiter: str) -> None:
        self._readline = io.TextIOWrapper(io.BytesIO(data), encoding, newline="").readline
        self._delimiter = delimiter
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._readline(RECORD_MAX + 1)
        if not line:
            raise StopIteration
        self.characters += len(line)
        if self.characters > RECORD_MAX:
            wide = line.count(self._delimiter) >= COLUMNS_MAX
            raise MalformedError(
                f"roster: a row of over {RECORD_MAX} characters; is a quote not closed?",
                code="roster-too-many-columns" if wide else "roster-csv-broken",
            )
        if "\0" in line:
            raise MalformedError("roster: found NUL characters in text", code="roster-nul")
        return line


def _records(data: bytes, encoding: str, delimiter: str) -> Iterator[list[str]]:
    lines = _Lines(data, encoding, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for record in reader:
            lines.characters = 0
            yield record
    except csv.Error:
        # The csv module's own message may quote the cell.
        raise MalformedError(
            f"roster, line {reader.line_num}: quotes do not match", code="roster-csv-broken"
        ) from None


def _find_delimiter(data: bytes, encoding: str) -> str:
    best, best_count = "", 0
    failures: list[MalformedError] = []
    for delimiter in DELIMITERS:
        try:
            _, columns = find_header(_head(data, encoding, delimiter))
        except MalformedError as error:
            failures.append(error)
            continue
        if len(columns) > best_count:
            best, best_count = delimiter, len(columns)
    if not best:
        graver = [error for error in failures if error.code != "roster-header-missing"]
        raise (graver or failures)[0]
    return best


def _head(data: bytes, encoding: str, delimiter: str) -> list[list[str]]:
    """Give the first records; those before a break only, if a header may stand among them."""
    head: list[list[str]] = []
    try:
        head.extend(islice(_records(data, encoding, delimiter), HEADER_ROWS_MAX))
    except MalformedError:
        find_header(head) if len(head) > 1 else None
        raise
    for record in head:
        if len(record) > COLUMNS_MAX:
            raise MalformedError(
                f"roster: found {len(record)} columns, expected at most {COLUMNS_MAX}",
                code="roster-too-many-columns",
            )
    return head
