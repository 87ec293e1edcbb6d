"""The log, the vault and the projections, with the triggers that keep the log append-only.

One text for both engines, in SQLite's words; the few that PostgreSQL says otherwise are exchanged.

Rules: log tables (entry, tile, body, checkpoint) are never altered or dropped, and no migration
    rewrites a stored byte. A migration works with the running version. Each trigger has a test that
    tries UPDATE and DELETE and is refused. Downgrading a log table raises.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """CREATE TABLE entry ("index" INTEGER NOT NULL PRIMARY KEY, leaf_hash BLOB NOT NULL,
        bytes BLOB NOT NULL)""",
    """CREATE TABLE tile (level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL,
        PRIMARY KEY (level, n)) WITHOUT ROWID""",
    """CREATE TABLE body ("index" INTEGER NOT NULL PRIMARY KEY, subject VARCHAR(32), salt BLOB,
        content BLOB NOT NULL,
        CHECK ((subject IS NULL) <> (salt IS NULL)))""",
    """CREATE TABLE checkpoint (size INTEGER NOT NULL PRIMARY KEY, note BLOB NOT NULL)""",
    """CREATE TABLE head (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL,
        leaf_hash BLOB NOT NULL, time_ms INTEGER NOT NULL)""",
    """CREATE TABLE subject (id VARCHAR(32) NOT NULL PRIMARY KEY, tag BLOB NOT NULL UNIQUE,
        key_version INTEGER NOT NULL, wrapped_key BLOB NOT NULL,
        facts BLOB NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE record ("index" INTEGER NOT NULL PRIMARY KEY, subject VARCHAR(32) NOT NULL,
        issuer VARCHAR(32) NOT NULL, kind VARCHAR(16) NOT NULL, event_on VARCHAR(10) NOT NULL,
        identity BLOB NOT NULL, content BLOB NOT NULL, certificate BLOB,
        status VARCHAR(12) NOT NULL, related INTEGER)""",
    """CREATE INDEX record_subject ON record (subject)""",
    """CREATE INDEX record_certificate ON record (certificate) WHERE certificate IS NOT NULL""",
    """CREATE TABLE public_entry ("index" INTEGER NOT NULL PRIMARY KEY,
        kind VARCHAR(20) NOT NULL)""",
    """CREATE TABLE answer (issuer VARCHAR(32) NOT NULL, "key" VARCHAR(255) NOT NULL,
        request_tag BLOB NOT NULL,
        answer BLOB NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (issuer, "key"))""",
    """CREATE TABLE report (id VARCHAR(32) NOT NULL PRIMARY KEY, created_at_ms INTEGER NOT NULL,
        content BLOB NOT NULL)""",
    """CREATE TABLE report_part (report VARCHAR(32) NOT NULL, part INTEGER NOT NULL,
        content BLOB NOT NULL, PRIMARY KEY (report, part))""",
    """CREATE TABLE report_person (report VARCHAR(32) NOT NULL, tag BLOB NOT NULL,
        PRIMARY KEY (report, tag)) WITHOUT ROWID""",
    """CREATE INDEX report_person_tag ON report_person (tag)""",
)


TRIGGERS = (
    # name, verb, table, when
    ("entry_no_update", "UPDATE", "entry", ""),
    ("entry_no_delete", "DELETE", "entry", ""),
    ("checkpoint_no_update", "UPDATE", "checkpoint", ""),
    ("checkpoint_no_delete", "DELETE", "checkpoint", ""),
    ("body_no_update", "UPDATE", "body", ""),
    # A personal body may go only after the person's key has gone.
    (
        "body_no_delete",
        "DELETE",
        "body",
        "OLD.subject IS NULL OR EXISTS (SELECT 1 FROM subject WHERE id = OLD.subject)",
    ),
    ("tile_no_delete", "DELETE", "tile", ""),
    # A tile at the right edge is widened; the hashes it had stay where they are.
    (
        "tile_no_update",
        "UPDATE",
        "tile",
        (
            "NEW.level <> OLD.level OR NEW.n <> OLD.n OR length(NEW.hashes) < length(OLD.hashes) "
            "OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes"
        ),
    ),
    ("head_no_delete", "DELETE", "head", ""),
    ("head_no_shrink", "UPDATE", "head", "NEW.size < OLD.size OR NEW.time_ms < OLD.time_ms"),
)
# What PostgreSQL would copy samples of into its statistics, where no erasure finds them.
UNSAMPLED = {
    "subject": ("tag", "wrapped_key", "facts"),
    "body": ("salt", "content"),
    "record": ("identity", "content"),
    "answer": ("answer",),
    "report": ("content",),
    "report_part": ("content",),
    "report_person": ("tag",),
}
GROWING = ("entry", "checkpoint", "body", "tile", "head")


def _sqlite() -> list[str]:
    return [
        *TABLES,
        *(
            f"""CREATE TRIGGER {name} BEFORE {verb} ON {table} WHEN {when or "1"}
        BEGIN SELECT RAISE(ABORT, '{table}: the log only grows, {verb} is refused'); END"""
            for name, verb, table, when in TRIGGERS
        ),
    ]


def _postgresql() -> list[str]:
    words = {"INTEGER": "BIGINT", "BLOB": "BYTEA", " WITHOUT ROWID": ""}
    statements = []
    for table in TABLES:
        for word, other in words.items():
            table = table.replace(word, other)  # noqa: PLW2901 - the same table, further translated
        statements.append(table)
    for name, verb, table, when in TRIGGERS:
        # A trigger's own WHEN knows no subquery.
        statements += [
            f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF {when or "TRUE"} THEN
                    RAISE EXCEPTION '{table}: the log only grows, {verb} is refused'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN {"OLD" if verb == "DELETE" else "NEW"};
            END $$""",
            f"""CREATE TRIGGER {name} BEFORE {verb} ON {table}
                FOR EACH ROW EXECUTE FUNCTION {name}()""",
        ]
    statements += [
        f"ALTER TABLE {table} ALTER {column} SET STATISTICS 0"
        for table, columns in UNSAMPLED.items()
        for column in columns
    ]
    statements.append(
        """CREATE FUNCTION no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION '%: the log only grows, TRUNCATE is refused', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END $$"""
    )
    statements += [
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION no_truncate()"""
        for table in GROWING
    ]
    return statements


def upgrade() -> None:
    """Create every table and trigger."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite() if sqlite else _postgresql():
        op.execute(statement)


def downgrade() -> None:
    """Refuse."""
    raise RuntimeError("the log only grows: restore a backup instead")
