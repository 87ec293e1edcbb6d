"""The public log as plain files: what the newest checkpoint covers, for any web server to serve.

Costs what is new since the last publication, not what the log holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import leaf_hash
from ledger.core.tile import TILE_WIDTH, encode_bundle, root_hash, tiles_between
from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.services.checkpointing import tile_reader
from ledger.services.context import Ledger
from ledger.services.key_entries import key_history
from ledger.services.proving import newest_checkpoint
from ledger.storage import log
from ledger.storage.engine import reading
from ledger.storage.log_files import CHECKPOINT, KEY_HISTORY, KEY_LIST, LogFolder


@dataclass(frozen=True, slots=True)
class Published:
    """What a folder holds: entries before and after, and the checkpoint over them."""

    old_size: int
    checkpoint: Checkpoint
    note: bytes


def publish(
    ledger: Ledger, folder: Path, advance: Callable[[int], None] = lambda _count: None
) -> Published | None:
    """Bring a folder up to the newest signed checkpoint; give None where it is there already.

    Files come before the checkpoint that covers them. Dying on the way leaves the old checkpoint
    with all its files; a repetition completes the new one.

    Raises:
        NotFoundError: No checkpoint was signed yet.
        DamagedError: The folder holds another history or a newer one, or a file in it is not as it
            was written, or the database contradicts the checkpoint.
        UnavailableError: The file system refuses.
    """
    ledger.renew_keys()
    target = LogFolder(folder)
    if _is_published(ledger, target):
        return None
    with target.held():
        note = newest_checkpoint(ledger)
        checkpoint = _open(ledger, note)
        old_size = _published_size(ledger, target, checkpoint)
        _write_keys(ledger, target, checkpoint.size)
        target.begin(checkpoint.size, old_size)
        for level, n, width in tiles_between(old_size, checkpoint.size):
            with reading(ledger.engine) as connection:
                _write_tile(connection, target, (level, n, width))
            if level == 0:
                advance(width)
        target.publish(note)
    return Published(old_size, checkpoint, note)


def _is_published(ledger: Ledger, target: LogFolder) -> bool:
    """Tell whether nothing is new. A scheduler asks every second, so that this takes no lock."""
    return target.has(CHECKPOINT, newest_checkpoint(ledger)) and target.has(
        KEY_LIST, ledger.keyring.published().encode()
    )


def _published_size(ledger: Ledger, target: LogFolder, newest: Checkpoint) -> int:
    """Give the size that the folder's checkpoint has, if it is an older one of this log."""
    try:
        published = _open(ledger, target.read(CHECKPOINT))
    except NotFoundError:
        return 0
    with reading(ledger.engine) as connection:
        continues = published.size <= newest.size and (
            root_hash(published.size, tile_reader(connection)) == published.root
        )
    if not continues:
        raise DamagedError(
            f"{target.path}: its checkpoint over {published.size} entries is not continued by the "
            f"newest one over {newest.size}; an old backup was put back, or the folder is another "
            "ledger's. Nothing is written there",
            code="public-other-history",
        )
    return published.size


def _open(ledger: Ledger, note: bytes) -> Checkpoint:
    keys = ledger.keyring.published().every_log_verifier_key()
    try:
        return open_checkpoint(note, ledger.origin, keys)
    except LedgerError as error:
        raise DamagedError(
            f"published checkpoint: not signed by this ledger ({error.message})",
            code="public-other-history",
        ) from error


def _write_keys(ledger: Ledger, target: LogFolder, size: int) -> None:
    for name, data in (
        (KEY_HISTORY, key_history(ledger, size)),
        (KEY_LIST, ledger.keyring.published().encode()),
    ):
        if not target.has(name, data):
            target.replace(name, data)


def _write_tile(connection: Connection, target: LogFolder, place: tuple[int, int, int]) -> None:
    level, n, width = place
    hashes = log.read_tile(connection, level, n, width)
    if level == 0:
        start = n * TILE_WIDTH
        stored = islice(log.read_entries(connection, start, start + width), TILE_WIDTH)
        entries = [one.bytes for one in stored]
        # What has once been published cannot be taken back.
        if b"".join(map(leaf_hash, entries)) != hashes:
            raise DamagedError(
                f"entries from {start} on: not those of the tile 0/{n}; nothing is published"
            )
        target.write_tile("entries", n, width, encode_bundle(entries))
    target.write_tile(level, n, width, hashes)
