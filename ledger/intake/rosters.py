"""The one way in for rosters: bytes to a table, by what they are and not what they are called."""

from typing import Final

from ledger.errors import MalformedError
from ledger.intake.tables import Table
from ledger.intake.text_tables import read_text_table
from ledger.intake.workbooks import read_workbook

BYTES_MAX: Final = 32 << 20
"""Largest file that is read."""

_ZIP: Final = b"PK\x03\x04"
_OTHER_KINDS: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old .xls or an encrypted workbook"),
    (b"%PDF", "a PDF"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"<", "HTML or XML"),
    (b"{\\rtf", "an RTF document"),
)
_HEAD_BYTES: Final = 64


def read_roster(data: bytes, filename: str | None = None) -> Table:
    """Read a completion roster from CSV or XLSX bytes.

    The whole file is checked before this returns; its rows are read as they are asked for.

    Args:
        data: The file.
        filename: What it is called, only to tell a damaged .xlsx from text.

    Raises:
        MalformedError: With a code that begins with ``roster-`` and a text in
            ``messages.MESSAGES``: the file as a whole cannot be read.
    """
    if len(data) > BYTES_MAX:
        raise MalformedError(
            f"roster: found {len(data)} bytes, expected at most {BYTES_MAX}",
            code="roster-too-large",
        )
    head = data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head and not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise MalformedError("roster: the file is empty", code="roster-empty")
    if data.startswith(_ZIP):
        return read_workbook(data)
    for magic, kind in _OTHER_KINDS:
        if head.startswith(magic):
            raise _not_a_roster(kind)
    if filename is not None and filename.lower().endswith((".xlsx", ".xlsm")):
        raise _not_a_roster("no workbook, though it is called one")
    return read_text_table(data)


def _not_a_roster(kind: str) -> MalformedError:
    return MalformedError(
        f"roster: this is {kind}, expected .xlsx or CSV", code="roster-not-a-workbook"
    )
