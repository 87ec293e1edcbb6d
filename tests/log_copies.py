"""A copy of a ledger's log as static files, as a mirror would hold it."""

from pathlib import Path

from ledger.core.tile import TILE_WIDTH, encode_bundle, tile_path
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.log_copy import CHECKPOINT_NAME, body_path, encode_body
from ledger.storage import bodies, log
from ledger.storage.engine import reading


def copy_log(ledger: Ledger, folder: Path, *, with_bodies: bool = True) -> Path:
    """Write checkpoint, entry bundles and, unless told otherwise, the public bodies."""
    signed = sign_checkpoint(ledger)
    size = signed.checkpoint.size
    write(folder / CHECKPOINT_NAME, signed.note)
    with reading(ledger.engine) as connection:
        entries = [entry.bytes for entry in log.read_entries(connection, 0, size)]
        stored = bodies.read_bodies(connection, range(size))
    for start in range(0, size, TILE_WIDTH):
        bundle = entries[start : start + TILE_WIDTH]
        path = tile_path("entries", start // TILE_WIDTH, len(bundle))
        write(folder / path, encode_bundle(bundle))
    for index, body in stored.items():
        if with_bodies and body.salt is not None:
            opened = bodies.OpenBody(body.salt, body.content)
            write(folder / body_path(index), encode_body(opened))
    return folder


def write(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
