"""A copy of a ledger's log as static files: as it is published, and with public bodies too."""

from pathlib import Path

from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.log_copy import body_path, encode_body
from ledger.services.publishing import publish
from ledger.storage import bodies
from ledger.storage.engine import reading


def copy_log(ledger: Ledger, folder: Path, *, with_bodies: bool = True) -> Path:
    """Publish the log and, unless told otherwise, write the public bodies beside it."""
    size = sign_checkpoint(ledger).checkpoint.size
    publish(ledger, folder)
    with reading(ledger.engine) as connection:
        stored = bodies.read_bodies(connection, range(size))
    for index, body in stored.items():
        if with_bodies and body.salt is not None:
            opened = bodies.OpenBody(body.salt, body.content)
            write(folder / body_path(index), encode_body(opened))
    return folder


def write(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
