"""A copy of the log as static files (c2sp.org/tlog-tiles), read to bring lost entries back.

    checkpoint                        the copy's newest checkpoint
    tile/...                          tiles and entry bundles under it, see storage.log_files
    .well-known/jinlan-key-history.json   the bodies of the ``key`` entries
    body/x001/234                     the body of one other public entry, where the copy has it:
                                      {"body":"<canonical body as text>","salt":"<hex>"}

It is what ``publish`` or a mirror wrote; neither of these writes a ``body/``. Nothing of it is
believed: the checkpoint's signature is checked here, each tile and entry down from its root, and
each body against the entry that commits to it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.core.canonical import BYTES_MAX, decode, encode
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import SALT_BYTES, commitment
from ledger.core.entry import Entry
from ledger.core.key_history import decode_key_history
from ledger.core.note import VerifierKey
from ledger.core.spelling import parse_hex
from ledger.core.tile import TILE_WIDTH, tile_path
from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.services.log_sources import FolderSource
from ledger.storage.bodies import OpenBody
from ledger.storage.log_files import CHECKPOINT, KEY_HISTORY, LogFolder
from ledger.verify.log_copy import CheckedLog

# A text of 65,535 bytes may double when it is written as a string inside JSON.
FILE_BYTES_MAX: Final = 2 * BYTES_MAX + 1_024


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A copy whose checkpoint this ledger signed.

    Attributes:
        folder: Where it lies.
        log: Its tiles and entries, each checked before it is given out.
    """

    folder: Path
    log: CheckedLog

    @property
    def checkpoint(self) -> Checkpoint:
        """The copy's newest checkpoint."""
        return self.log.checkpoint

    def bundles(self, start: int) -> Iterator[list[bytes]]:
        """Give the entries from index ``start`` up to the checkpoint's size, bundle by bundle.

        Raises:
            NotFoundError: A file is not there.
            MalformedError: A bundle is not one.
            VerificationError: A tile or bundle is not the one under the checkpoint.
        """
        for n in range(start // TILE_WIDTH, -(-self.checkpoint.size // TILE_WIDTH)):
            yield self.log.bundle(n)[max(start - n * TILE_WIDTH, 0) :]

    def public_body(self, entry: Entry) -> OpenBody | None:
        """Give the body of a public entry; None where the copy does not have it.

        Raises:
            DamagedError: It is there, but not the one that the entry commits to.
        """
        path = self.folder / (KEY_HISTORY if entry.kind == "key" else body_path(entry.index))
        if not path.is_file():
            return None
        try:
            data = path.read_bytes()
            found = _of_history(data, entry.index) if entry.kind == "key" else decode_body(data)
            if found is None or commitment(found.salt, found.content) == entry.body:
                return found
        except LedgerError as error:
            raise DamagedError(f"{path}: {error.message}") from error
        raise DamagedError(f"{path}: not the body that entry {entry.index} commits to")


def open_log_copy(folder: Path, origin: str, keys: Iterable[VerifierKey]) -> LogCopy:
    """Open a copy of the log.

    Args:
        folder: What ``publish`` or a mirror wrote.
        origin: Name of the log.
        keys: Log keys, one of which must have signed the copy's checkpoint.

    Raises:
        NotFoundError: There is no checkpoint in that folder, or a tile under it is missing.
        DamagedError: This ledger did not sign its checkpoint.
        VerificationError: Its newest tiles are not those under the checkpoint.
    """
    path = folder / CHECKPOINT
    try:
        note = path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"{path}: cannot be read; expected a copy of the log", code="copy-unusable"
        ) from error
    try:
        checkpoint = open_checkpoint(note, origin, keys)
    except LedgerError as error:
        raise DamagedError(f"{path}: {error.message}") from error
    source = FolderSource(LogFolder(folder))

    def fetch(name: str, bytes_max: int) -> bytes:
        try:
            return source.fetch(name, bytes_max)
        except NotFoundError as error:
            raise NotFoundError(
                f"{folder / name}: no such file; the copy of the log is not whole, find another",
                code="copy-unusable",
            ) from error

    return LogCopy(folder, CheckedLog(checkpoint, fetch))


def _of_history(data: bytes, index: int) -> OpenBody | None:
    openings = (one for one in decode_key_history(data) if one.index == index)
    return next((OpenBody(one.salt, one.body) for one in openings), None)


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
