"""Bring the database to the newest migration, or tell that it is there."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from ledger.errors import DamagedError

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"
MIGRATIONS_TABLE: Final = "alembic_version"


def migrate(connection: Connection, to: str = "head") -> None:
    """Apply the migrations that the database lacks, inside the caller's transaction.

    Args:
        connection: Of the transaction.
        to: The migration to stop at; the newest if left out.

    Raises:
        DamagedError: The database was made by a newer version of the ledger, or ``to`` is of one.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in (current_migration(connection), to):
        if revision not in known | {None, "head"}:
            raise DamagedError(
                f"database: at migration {revision}, which this version does not know; run the "
                f"newer version"
            )
    command.upgrade(config, to)


def current_migration(connection: Connection) -> str | None:
    """Name the migration that the database is at; None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def tables_made(connection: Connection) -> dict[str, list[str]]:
    """Name the tables of the database and their columns, but for the migrations' own."""
    inspector = inspect(connection)
    names = set(inspector.get_table_names()) - {MIGRATIONS_TABLE}
    return {
        name: [column["name"] for column in inspector.get_columns(name)] for name in sorted(names)
    }


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
