"""${message}

Rules: log tables (entry, tile, body, checkpoint) are never altered or dropped, and no migration
    rewrites a stored byte. A migration works with the running version. Each trigger has a test that
    tries UPDATE and DELETE and is refused. Downgrading a log table raises.
"""

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    raise RuntimeError("the log only grows: restore a backup instead")
