"""A migrated, empty database, and appends to it, for the tests of this folder."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from sqlalchemy import Engine

from ledger.core.entry import Draft
from ledger.storage import log, schema
from ledger.storage.engine import open_engine, writing
from ledger.storage.sealing import Cipher, Sealer, key_context
from tests.databases import database_for

NOW_MS = 1_768_442_400_000


def make_engine(tmp_path: Path) -> Engine:
    """Make a database at the newest migration, with the head of an empty log."""
    engine = open_engine(database_for(tmp_path / "ledger.sqlite3"))
    with writing(engine) as connection:
        schema.migrate(connection)
        log.create_head(connection)
    return engine


def drafts(count: int, seed: int = 0) -> list[Draft]:
    """Give entries that wait for their places."""
    return [("schedule", "ledger", Random(seed + n).randbytes(32)) for n in range(count)]


def append(engine: Engine, count: int, now_ms: int = NOW_MS) -> Sequence[log.StoredEntry]:
    """Append some entries in one transaction."""
    with writing(engine) as connection:
        head = log.read_head(connection)
        log.append(connection, head, drafts(count, head.size), now_ms)
        return list(log.read_entries(connection, head.size))


def make_key(sealer: Sealer, subject: str) -> tuple[Cipher, bytes]:
    """Make a person's key; give it at work, and wrapped as it is stored."""
    random = Random(subject).randbytes
    cipher = Cipher(random(32), random)
    wrapping = sealer.ledger_cipher(sealer.version)
    return cipher, wrapping.seal(cipher.key, key_context(subject.encode()))


def make_sealer(version: int = 1, seed: int = 5) -> Sealer:
    """Make a sealer that holds the vault keys up to a version."""
    keys = {v: bytes([v]) * 32 for v in range(1, version + 1)}
    return Sealer(keys, version, bytes([9]) * 32, Random(seed + version).randbytes)
