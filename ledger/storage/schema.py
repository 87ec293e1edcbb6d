"""Bring the database to the newest migration, or tell that it is there."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from ledger.errors import DamagedError

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"


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


def unlike_made(connection: Connection) -> list[str]:
    """Name the tables, indexes and triggers that are not as the migrations make them."""
    made = create_engine("sqlite://")
    with made.connect() as fresh, fresh.begin():
        migrate(fresh)
        expected = _definitions(fresh)
    made.dispose()
    found = _definitions(connection)
    names = expected.keys() | found.keys()
    return sorted(name for name in names if expected.get(name) != found.get(name))


def _definitions(connection: Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master")
    revision = MigrationContext.configure(connection).get_current_revision()
    return {f"{kind} {name}": sql for kind, name, sql in rows} | {"migration": str(revision)}
