"""Alembic's entry.

Runs on the connection that ledger.storage.schema hands over, never on one of its own.
"""

from alembic import context

from ledger.storage.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
