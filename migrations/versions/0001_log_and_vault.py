"""The log, the vault and the projections, with the triggers that keep the log append-only.

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


def _refuse(name: str, verb: str, table: str, when: str = "1") -> str:
    return f"""CREATE TRIGGER {name} BEFORE {verb} ON {table} WHEN {when}
        BEGIN SELECT RAISE(ABORT, '{table}: the log only grows, {verb} is refused'); END"""


TRIGGERS = (
    _refuse("entry_no_update", "UPDATE", "entry"),
    _refuse("entry_no_delete", "DELETE", "entry"),
    _refuse("checkpoint_no_update", "UPDATE", "checkpoint"),
    _refuse("checkpoint_no_delete", "DELETE", "checkpoint"),
    _refuse("body_no_update", "UPDATE", "body"),
    # A personal body may go only after the person's key has gone.
    _refuse(
        "body_no_delete",
        "DELETE",
        "body",
        "OLD.subject IS NULL OR EXISTS (SELECT 1 FROM subject WHERE id = OLD.subject)",
    ),
    _refuse("tile_no_delete", "DELETE", "tile"),
    # A tile at the right edge is widened; the hashes it had stay where they are.
    _refuse(
        "tile_no_update",
        "UPDATE",
        "tile",
        "NEW.level <> OLD.level OR NEW.n <> OLD.n OR length(NEW.hashes) < length(OLD.hashes) "
        "OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes",
    ),
    _refuse("head_no_delete", "DELETE", "head"),
    _refuse("head_no_shrink", "UPDATE", "head", "NEW.size < OLD.size OR NEW.time_ms < OLD.time_ms"),
)


def upgrade() -> None:
    """Create every table and trigger."""
    for statement in TABLES + TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse."""
    raise RuntimeError("the log only grows: restore a backup instead")
