"""Bring the database to the newest migration, or tell that it is there."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect

from ledger.errors import DamagedError
from ledger.storage.bulk import SQLITE

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"
MIGRATIONS_TABLE: Final = "alembic_version"
ASIDE: Final = "jinlan_made_aside"

_SQLITE_CATALOG: Final = """
    SELECT type, name, tbl_name || ': ' || coalesce(sql, '') FROM sqlite_master
"""
# Definitions name the schema in which they stand; it is taken out, for one stands aside.
_POSTGRESQL_CATALOG: Final = """
    WITH here AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = current_schema())
    SELECT kind, name, replace(definition, here.nspname || '.', '') FROM here, LATERAL (
        SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
            concat(format_type(a.atttypid, a.atttypmod), a.attnotnull)
            || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS definition
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = here.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL SELECT 'table', c.relname, concat(c.relkind, c.relpersistence, c.relrowsecurity)
        FROM pg_class c
        WHERE c.relnamespace = here.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL SELECT 'index', i.indexname, i.indexdef FROM pg_indexes i
        WHERE i.schemaname = here.nspname
        UNION ALL SELECT 'constraint', c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = here.oid
        UNION ALL SELECT 'trigger', c.relname || '.' || t.tgname,
            concat(pg_get_triggerdef(t.oid), ' ', t.tgenabled)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = here.oid AND NOT t.tgisinternal
        UNION ALL SELECT 'function', p.proname, p.prosrc FROM pg_proc p
        WHERE p.pronamespace = here.oid
        UNION ALL SELECT 'rule', r.tablename || '.' || r.rulename, r.definition FROM pg_rules r
        WHERE r.schemaname = here.nspname
    ) AS definitions
"""


def migrate(connection: Connection, to: str = "head") -> None:
    """Apply the migrations that the database lacks, inside the caller's transaction.

    Args:
        connection: Of the transaction.
        to: The migration to stop at; the newest if left out.

    Raises:
        DamagedError: The database was made by a newer version of the ledger, or names no one
            version, or ``to`` is of a newer one.
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
    """Name the migration that the database is at; None before the first.

    Raises:
        DamagedError: The database names no one migration.
    """
    heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) > 1:
        raise DamagedError(f"database: found {len(heads)} migrations, expected one")
    return heads[0] if heads else None


def tables_made(connection: Connection) -> dict[str, list[str]]:
    """Name the tables of the database and their columns, but for the migrations' own."""
    inspector = inspect(connection)
    names = set(inspector.get_table_names()) - {MIGRATIONS_TABLE}
    return {
        name: [column["name"] for column in inspector.get_columns(name)] for name in sorted(names)
    }


def unlike_made(connection: Connection) -> list[str]:
    """Name the tables, indexes and triggers that are not as the migrations make them.

    Raises:
        DamagedError: The database names no one migration.
    """
    expected = (
        _made_in_memory() if connection.dialect.name == SQLITE else _made_aside(connection.engine)
    )
    found = _definitions(connection)
    names = expected.keys() | found.keys()
    return sorted(name for name in names if expected.get(name) != found.get(name))


def _made_in_memory() -> dict[str, str]:
    made = create_engine("sqlite://")
    with made.connect() as fresh, fresh.begin():
        migrate(fresh)
        expected = _definitions(fresh)
    made.dispose()
    return expected


def _made_aside(engine: Engine) -> dict[str, str]:
    """Migrate a schema of its own, on the same server, in a transaction that is rolled back."""
    with engine.connect() as fresh, fresh.begin() as transaction:
        fresh.exec_driver_sql(f"CREATE SCHEMA {ASIDE}")
        fresh.exec_driver_sql(f"SET LOCAL search_path TO {ASIDE}")
        migrate(fresh)
        expected = _definitions(fresh)
        transaction.rollback()
    return expected


def _definitions(connection: Connection) -> dict[str, str]:
    query = _SQLITE_CATALOG if connection.dialect.name == SQLITE else _POSTGRESQL_CATALOG
    rows = connection.exec_driver_sql(query)
    revision = current_migration(connection)
    return {f"{kind} {name}": sql for kind, name, sql in rows} | {"migration": str(revision)}
