"""Guards for XLSX files, which are zip archives: checked to the last byte before use.

A workbook reader gives each sheet a dense block from A1 to its farthest cell and copies a shared
text into each cell that names it. So a file of a kilobyte can ask for gigabytes in three ways;
all are measured while the parts are inflated piece by piece: how much comes out of the archive,
how far the cells reach, and how much text they name. What is not in the plain form that office
programs write is refused: a guard that reads a form differently from the reader guards nothing.
"""

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from ledger.errors import MalformedError
from ledger.intake.headers import COLUMNS_MAX
from ledger.intake.tables import ROWS_MAX

PARTS_MAX: Final = 2_000
INFLATED_BYTES_MAX: Final = 160 << 20
RATIO_MAX: Final = 200
CELLS_MAX: Final = 3_000_000
SHARED_BYTES_MAX: Final = 192 << 20
SHEET_ROWS_MAX: Final = ROWS_MAX + 1_000

_RATIO_FREE_BYTES: Final = 1 << 20
_CHUNK_BYTES: Final = 1 << 18
_TAG_BYTES_MAX: Final = 1 << 18
_LOCAL_HEADER: Final = b"PK\x03\x04"
_LOCAL_HEADER_BYTES: Final = 30
_ENCRYPTED: Final = 0x1

_PREFIX: Final = rb"<(?:[\w.-]+:)?"
_ATTRIBUTE: Final = rb'\s+(?!r=)[\w:.-]+="[^"<>]*"'
_ANY_CELL: Final = re.compile(_PREFIX + rb"c[\s/>]")
_BARE_CELL: Final = re.compile(rb"<c[\s/>]")
_CELL: Final = re.compile(
    _PREFIX + rb"c(?:" + _ATTRIBUTE + rb')*\s+r="([A-Z]{1,3}[0-9]{1,7})"(?:'
    + _ATTRIBUTE + rb")*\s*(?:/?)>"
)  # fmt: skip
_SHARED_CELL: Final = b't="s"'
_SHARED_VALUE: Final = re.compile(
    rb't="s"[^<>]*>\s*' + _PREFIX + rb"v>([0-9]{1,9})</(?:[\w.-]+:)?v>\s*</(?:[\w.-]+:)?c"
)
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_TARGET: Final = re.compile(rb"Target\s*=\s*[\"']([^\"']*)")
_SHARED: Final = re.compile(_PREFIX + rb"si[\s/>]")
_DIGITS: Final = b"0123456789"
_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_workbook_archive(data: bytes) -> None:
    """Check that an XLSX file can be opened within bounds.

    Raises:
        MalformedError: With code ``roster-not-a-workbook``, ``roster-zip-bomb``,
            ``roster-sheet-too-wide``, ``roster-too-many-rows`` or ``roster-too-many-cells``.
    """
    if data.count(b"PK\x01\x02") > PARTS_MAX:
        raise _bomb(f"over {PARTS_MAX} parts")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise _not_a_workbook("the zip archive is damaged") from None
    _check_names([part.orig_filename for part in parts])
    _check_declared(parts)
    shared = _SharedText()
    for part in parts:
        _check_part(data, part, shared)
    shared.check()


def _check_names(raw_names: list[str]) -> None:
    names = {name.lower() for name in raw_names}
    if len(names) != len(raw_names) or any("\0" in name for name in names):
        raise _not_a_workbook("the archive names a part twice or not plainly")
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise _not_a_workbook("the archive holds no .xlsx workbook")
    # A reader that guesses would try these next, past the guards of this module.
    if names & {"xl/workbook.bin", "content.xml"}:
        raise _not_a_workbook("the archive holds two kinds of workbook")


def _check_declared(parts: list[zipfile.ZipInfo]) -> None:
    if sum(part.file_size for part in parts) > INFLATED_BYTES_MAX:
        raise _bomb(f"over {INFLATED_BYTES_MAX} bytes when inflated")
    for part in parts:
        if part.flag_bits & _ENCRYPTED:
            raise _not_a_workbook("the workbook is encrypted")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _not_a_workbook("the archive uses an unusual compression")
        if part.file_size > max(_RATIO_FREE_BYTES, RATIO_MAX * part.compress_size):
            raise _bomb(f"a part inflates over {RATIO_MAX} times")


def _check_part(data: bytes, part: zipfile.ZipInfo, shared: "_SharedText") -> None:
    name = part.filename.lower()
    scan = _PartScan(shared) if name.endswith(".xml") else None
    relations = b""
    for piece in _inflated(data, part):
        if scan is not None:
            scan.feed(piece)
        elif name == _RELATIONS:
            relations += piece
    if scan is not None:
        scan.close()
    for target in _TARGET.findall(relations):
        # Only .xml parts are scanned, so no sheet may stand in a part called otherwise.
        if not target.lower().endswith(b".xml") or b"&" in target:
            raise _not_a_workbook("it holds macros or parts of an unusual kind")


def _inflated(  # noqa: C901 - one loop, each way out named
    data: bytes, part: zipfile.ZipInfo
) -> Iterator[bytes]:
    """Give what comes out of a part, holding it to the size that it declares.

    The library's own reader stops at the declared size and would not see what lies behind.
    """
    packed = _packed_bytes(data, part)
    if part.compress_type == zipfile.ZIP_STORED:
        if part.file_size != part.compress_size:
            raise _bomb("a part has not the size that it declares")
        for start in range(0, len(packed), _CHUNK_BYTES):
            yield bytes(packed[start : start + _CHUNK_BYTES])
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pending: bytes | memoryview = packed
    size = 0
    while not inflater.eof:
        try:
            piece = inflater.decompress(pending, _CHUNK_BYTES)
        except zlib.error:
            raise _not_a_workbook("a part of the archive is damaged") from None
        pending = inflater.unconsumed_tail
        size += len(piece)
        if size > part.file_size:
            raise _bomb("a part is larger than it declares")
        if not piece and not pending and not inflater.eof:
            raise _not_a_workbook("a part of the archive is cut short")
        yield piece
    if size != part.file_size or inflater.unused_data:
        raise _bomb("a part has not the size that it declares")


def _packed_bytes(data: bytes, part: zipfile.ZipInfo) -> memoryview:
    start = part.header_offset
    header = data[start : start + _LOCAL_HEADER_BYTES]
    if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(_LOCAL_HEADER):
        raise _not_a_workbook("a part of the archive has no header")
    start += _LOCAL_HEADER_BYTES
    start += int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    packed = memoryview(data)[start : start + part.compress_size]
    if len(packed) != part.compress_size:
        raise _not_a_workbook("a part of the archive is cut short")
    return packed


class _SharedText:
    """How much text the cells name: the length of each shared text times the cells that show it."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        # Numbers of texts, apart by blanks: counted last, when no far cell has refused the file.
        self.named: list[bytes] = []
        self.unclear = 0

    def check(self) -> None:
        total = self.unclear * max(self.lengths, default=0)
        uses: Counter[bytes] = Counter()
        for numbers in self.named:
            uses.update(numbers.split())
        for value, count in uses.items():
            if int(value) < len(self.lengths):
                total += self.lengths[int(value)] * count
        if total > SHARED_BYTES_MAX:
            raise _bomb("its cells repeat too much text")


class _PartScan:
    """Goes through the XML of one part, piece by piece, and measures its cells and shared texts."""

    def __init__(self, shared: _SharedText) -> None:
        self._shared = shared
        self._carry = b""
        self._offset = 0
        self._starts: list[int] = []
        self._has_cells = False
        self._width = 0
        self._height = 0

    def feed(self, piece: bytes) -> None:
        buffer = self._carry + piece
        # A tag that ends in the next piece is looked at there.
        cut = buffer.rfind(b"<")
        if cut < 0:
            cut = len(buffer)
        if len(buffer) - cut > _TAG_BYTES_MAX:
            raise _not_a_workbook("a part holds an endless tag or text")
        self._scan(buffer[:cut])
        self._offset += cut
        self._carry = buffer[cut:]

    def close(self) -> None:
        self._scan(self._carry)
        self._offset += len(self._carry)
        if self._starts:
            ends = [*self._starts[1:], self._offset]
            lengths = [end - start for start, end in zip(self._starts, ends, strict=True)]
            known = self._shared.lengths
            self._shared.lengths = [max(pair) for pair in zip(known, lengths, strict=False)]
            self._shared.lengths += known[len(lengths) :] + lengths[len(known) :]

    def _scan(self, text: bytes) -> None:
        # Looking for fixed bytes first spares most pieces the patterns, which cost ten times that.
        if b"<si" in text or b":si" in text:
            self._starts += [self._offset + found.start() for found in _SHARED.finditer(text)]
        cells = len((_ANY_CELL if b":c" in text else _BARE_CELL).findall(text))
        if cells:
            self._has_cells = True
            self._measure(_CELL.findall(text), cells)
        if self._has_cells:
            if b"<!" in text or b"\0" in text:
                raise _not_a_workbook("a sheet holds comments or is not plain XML")
            if shown := text.count(_SHARED_CELL):
                values = _SHARED_VALUE.findall(text)
                self._shared.named.append(b" ".join(values))
                # Written otherwise, or cut in two here: it may name any text, so the longest.
                self._shared.unclear += shown - len(values)

    def _measure(self, references: list[bytes], cells: int) -> None:
        if len(references) != cells:
            raise _not_a_workbook("a cell does not say where it stands")
        joined = b" ".join(references)
        width = max(map(_column_number, set(joined.translate(None, _DIGITS).split())))
        height = max(map(int, set(joined.translate(None, _LETTERS).split())))
        self._width = max(self._width, width)
        self._height = max(self._height, height)
        if self._width > COLUMNS_MAX:
            raise MalformedError(
                f"roster: a cell stands in column {self._width}, expected at most {COLUMNS_MAX}",
                code="roster-sheet-too-wide",
            )
        if self._height > SHEET_ROWS_MAX:
            raise MalformedError(
                f"roster: a cell stands in row {self._height}, expected at most {SHEET_ROWS_MAX}",
                code="roster-too-many-rows",
            )
        if self._width * self._height > CELLS_MAX:
            raise MalformedError(
                f"roster: the sheet spans over {CELLS_MAX} cells", code="roster-too-many-cells"
            )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _bomb(found: str) -> MalformedError:
    return MalformedError(f"roster workbook: {found}", code="roster-zip-bomb")


def _not_a_workbook(found: str) -> MalformedError:
    return MalformedError(f"roster workbook: {found}", code="roster-not-a-workbook")
