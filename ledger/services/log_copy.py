"""A copy of the log as static files (c2sp.org/tlog-tiles), read to bring lost entries back.

    checkpoint                        the copy's newest checkpoint
    tile/entries/x001/234[.p/56]      bundles of up to 256 entries
    body/x001/234                     the body of one public entry, where the copy has it:
                                      {"body":"<canonical body as text>","salt":"<hex>"}

Nothing of it is believed: the checkpoint's signature is checked here, and the entries are appended
only where they lead to its root.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.core.canonical import BYTES_MAX, decode, encode
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import SALT_BYTES, commitment
from ledger.core.entry import Entry
from ledger.core.note import VerifierKey
from ledger.core.spelling import parse_hex
from ledger.core.tile import TILE_WIDTH, decode_bundle, tile_path
from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.storage.bodies import OpenBody

CHECKPOINT_NAME: Final = "checkpoint"
# A text of 65,535 bytes may double when it is written as a string inside JSON.
FILE_BYTES_MAX: Final = 2 * BYTES_MAX + 1_024


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A copy whose checkpoint this ledger signed."""

    folder: Path
    checkpoint: Checkpoint

    def bundles(self, start: int) -> Iterator[list[bytes]]:
        """Give the entries from index ``start`` up to the checkpoint's size, bundle by bundle.

        Raises:
            NotFoundError: A bundle is not there.
            DamagedError: A bundle is not one, or has too few entries.
        """
        size = self.checkpoint.size
        for n in range(start // TILE_WIDTH, -(-size // TILE_WIDTH)):
            first = n * TILE_WIDTH
            entries = self._bundle(n, min(TILE_WIDTH, size - first))
            yield entries[max(start - first, 0) :]

    def _bundle(self, n: int, width: int) -> list[bytes]:
        # A copy that has grown since its checkpoint may hold the full tile in its place.
        for each in (width, TILE_WIDTH):
            path = self.folder / tile_path("entries", n, each)
            if path.is_file():
                try:
                    entries = decode_bundle(path.read_bytes())
                except LedgerError as error:
                    raise DamagedError(f"{path}: {error.message}") from error
                if len(entries) >= width:
                    return entries[:width]
        raise NotFoundError(
            f"{self.folder}: no bundle of the entries {n * TILE_WIDTH} to "
            f"{n * TILE_WIDTH + width - 1}; the copy is not whole"
        )

    def public_body(self, entry: Entry) -> OpenBody | None:
        """Give the body of a public entry; None where the copy does not have it.

        Raises:
            DamagedError: It is there, but not the one that the entry commits to.
        """
        path = self.folder / body_path(entry.index)
        if not path.is_file():
            return None
        try:
            found = decode_body(path.read_bytes())
            if commitment(found.salt, found.content) == entry.body:
                return found
        except LedgerError as error:
            raise DamagedError(f"{path}: {error.message}") from error
        raise DamagedError(f"{path}: not the body that entry {entry.index} commits to")


def open_log_copy(folder: Path, origin: str, keys: Iterable[VerifierKey]) -> LogCopy:
    """Open a copy of the log.

    Raises:
        NotFoundError: There is no checkpoint in that folder.
        DamagedError: This ledger did not sign its checkpoint.
    """
    path = folder / CHECKPOINT_NAME
    try:
        note = path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"{path}: cannot be read; expected a copy of the log", code="copy-unusable"
        ) from error
    try:
        return LogCopy(folder, open_checkpoint(note, origin, keys))
    except LedgerError as error:
        raise DamagedError(f"{path}: {error.message}") from error


def body_path(index: int) -> str:
    """Write the path of the body of a public entry below a copy's folder."""
    return tile_path(0, index).replace("tile/0/", "body/", 1)


def encode_body(body: OpenBody) -> bytes:
    """Write the file of a public body."""
    document: dict[str, Any] = {"body": body.content.decode(), "salt": body.salt.hex()}
    return encode(document, bytes_max=FILE_BYTES_MAX)


def decode_body(data: bytes) -> OpenBody:
    """Read the file of a public body.

    Raises:
        DamagedError: It is not exactly what ``encode_body`` writes.
    """
    try:
        document: Any = decode(data, bytes_max=FILE_BYTES_MAX)
        salt = parse_hex(document["salt"], "salt", length=SALT_BYTES)
        body = OpenBody(salt, document["body"].encode())
        if encode_body(body) == data:
            return body
    except (LedgerError, LookupError, AttributeError, TypeError):
        pass
    raise DamagedError("public body: expected exactly what a copy of the log writes")
