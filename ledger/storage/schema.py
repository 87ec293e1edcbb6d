"""Bring the database to the newest migration, or tell that it is there."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ledger.errors import DamagedError

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"

# The triggers that keep the log append-only; an audit misses any that is gone.
TRIGGERS: Final = frozenset(
    {
        *("entry_no_update", "entry_no_delete", "body_no_update", "body_no_delete"),
        *("checkpoint_no_update", "checkpoint_no_delete", "tile_no_update", "tile_no_delete"),
        *("head_no_delete", "head_no_shrink"),
    }
)


def migrate(connection: Connection) -> None:
    """Apply the migrations that the database lacks, inside the caller's transaction.

    Raises:
        DamagedError: The database was made by a newer version of the ledger.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise DamagedError(
            f"database: at migration {current}, which this version does not know; run the newer "
            f"version"
        )
    command.upgrade(config, "head")
