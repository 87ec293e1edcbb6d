"""The part of an audit that verifies checkpoints: the signature, and the root at their size."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ledger.core.checkpoint import open_checkpoint
from ledger.core.digest import HASH_BYTES
from ledger.core.tile import ReadTile, root_hash
from ledger.errors import DamagedError, LedgerError
from ledger.services.audit_report import UNREADABLE
from ledger.services.context import Ledger
from ledger.storage import log, scanning

TILES_KEPT: Final = 256

CHECKPOINT_FILE: Final = "the checkpoint file"
"""What a finding about the checkpoint outside the database begins with."""


class Fault(NamedTuple):
    """What is wrong with a checkpoint.

    ``located``: entries are not those that it signed, from the last good checkpoint on, which
    signed ``good`` of them; 0 if no good one was met on the way. ``size``: as of which the database
    keeps it; None for the file outside.
    """

    message: str
    located: bool
    good: int
    size: int | None


@dataclass(slots=True)
class CheckpointsSeen:
    """What became of some checkpoints, by ascending size.

    Attributes:
        verified: Number of good ones.
        good: Largest size of a good one; 0 if there is none.
        faults: What is wrong with the others.
    """

    verified: int = 0
    good: int = 0
    faults: list[Fault] = field(default_factory=list)


class CheckpointAudit:
    """Verifies checkpoints against the tiles of one state of the database."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self.seen = CheckpointsSeen()
        self._origin = ledger.origin
        self._keys = ledger.keyring.published().every_log_verifier_key()
        self._connection = connection
        self._read_tile = kept_tiles(connection)

    def check_stored(self, start: int, stop: int, entries: int) -> None:
        """Verify the stored ones with ``start`` <= size < ``stop`` of a log of ``entries``."""
        for rows in scanning.checkpoint_rows(self._connection, start, stop):
            for size, note in rows:
                self.check(note, f"the checkpoint of size {size}", size, beyond=size > entries)

    def check(self, note: bytes, where: str, size: int | None, *, beyond: bool) -> None:
        """Verify one, which is kept as of ``size``; ``beyond``: more than there are entries."""
        seen = self.seen
        try:
            checkpoint = open_checkpoint(note, self._origin, self._keys)
            root = root_hash(checkpoint.size, self._read_tile)
        except LedgerError as error:
            self._fault(f"{where}: {error.message}", size, located=beyond)
            return
        except UNREADABLE:
            self._fault(f"{where}: not stored as bytes", size, located=False)
            return
        if size is not None and checkpoint.size != size:
            self._fault(f"{where} is one of size {checkpoint.size}", size, located=False)
        elif checkpoint.root != root:
            self._fault(
                f"{where}: another root; entries from the last good checkpoint on are not those "
                "it signed",
                size,
                located=True,
            )
        else:
            seen.good = max(seen.good, checkpoint.size)
            seen.verified += 1

    def _fault(self, message: str, size: int | None, *, located: bool) -> None:
        self.seen.faults.append(Fault(message, located, self.seen.good, size))


def kept_tiles(connection: Connection) -> ReadTile:
    """Give the tiles of one state to the proof code, the last ``TILES_KEPT`` of them kept."""
    kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    def read(level: int, n: int, width: int) -> bytes:
        tile = kept.get((level, n))
        if tile is None:
            tile = kept[level, n] = log.read_whole_tile(connection, level, n)
            if len(kept) > TILES_KEPT:
                kept.popitem(last=False)
        if len(tile) < width * HASH_BYTES:
            raise DamagedError(f"tile {level}/{n}: no {width} hashes are stored")
        return tile[: width * HASH_BYTES]

    return read
