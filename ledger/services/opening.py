"""Make a ledger, or bring one that exists up to this version."""

import os
from pathlib import Path
from typing import Final

from keys.custody import read_private_file
from keys.keyring import Keyring
from keys.publication import write_key_list
from ledger.core.key_list import KeyList
from ledger.errors import RefusedError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import (
    KEYS_INDEX,
    SYSTEM_RANDOM,
    Clock,
    Ledger,
    assemble,
    open_ledger,
    system_clock,
)
from ledger.services.key_entries import publish_keys
from ledger.services.settings import Settings
from ledger.storage import checkpoints, log, schema
from ledger.storage.engine import database_exists, writing
from ledger.storage.sealing import RandomBytes

TOKEN_FILE: Final = "operator-token"  # noqa: S105 - a file name
TOKEN_BYTES: Final = 32


def initialise(
    settings: Settings, *, clock: Clock = system_clock, random: RandomBytes = SYSTEM_RANDOM
) -> Ledger:
    """Make the ledger in ``settings.home`` if there is none, migrate it, and open it.

    May be repeated: what is there stays as it is. Dying on the way leaves something that a
    repetition completes.

    Raises:
        CustodyError: A key file is missing or open to others.
        DamagedError: The database is newer than this version, or behind its last checkpoint.
        RefusedError: There is a database or a checkpoint without keys, or there are keys and a
            checkpoint without a database: neither is ever made anew for an old ledger.
    """
    home, made = settings.home, database_exists(settings.database)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The index comes last: a folder without it is one that died while its keys were made.
    if not (home / KEYS_INDEX).exists():
        if made or checkpoints.read_outside(home) is not None:
            raise RefusedError(
                f"{home}: a ledger without keys; restore the keys folder first",
                code="keys-missing",
            )
        Keyring.create(home, settings.origin, clock())
    elif not made and checkpoints.read_outside(home) is not None:
        raise RefusedError(
            f"{home}: keys and a signed checkpoint, but no database; restore the database. A new "
            "one under old keys would be another history",
            code="database-missing",
        )
    keyring = Keyring.open(home)
    # A rotation may have died before it wrote the list.
    write_key_list(home, keyring.published())
    ledger = assemble(settings, clock=clock, random=random)
    with writing(ledger.engine) as connection:
        schema.migrate(connection)
        if not log.has_head(connection):
            log.create_head(connection)
    make_token(home, random)
    publish_keys(ledger)
    sign_checkpoint(ledger)
    return ledger


def migrate(settings: Settings) -> None:
    """Bring the database of an existing ledger to the newest migration.

    Raises:
        NotFoundError: There is no ledger.
        DamagedError: The database is newer than this version.
    """
    ledger = open_ledger(settings)
    try:
        with writing(ledger.engine) as connection:
            schema.migrate(connection)
    finally:
        ledger.close()


def key_list(ledger: Ledger) -> KeyList:
    """Give the published keys."""
    return ledger.keyring.published()


def make_token(home: Path, random: RandomBytes) -> None:
    """Make the operator's token where there is none."""
    path = home / TOKEN_FILE
    if path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(random(TOKEN_BYTES).hex() + "\n")


def operator_token(home: Path) -> str:
    """Read the operator token that ``init`` made.

    Raises:
        CustodyError: The file is missing or open to others.
    """
    return read_private_file(home / TOKEN_FILE).decode("ascii", "replace").strip()
