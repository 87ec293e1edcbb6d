"""Erasing a person: the key, the facts, the bodies, the projections and the kept exports go.

The entries stay.

Every proof still verifies, for a leaf holds only a salted commitment; with the salt gone nothing
can be guessed from it. Copies that were handed out cannot be called back.
"""

from typing import Any

from ledger.core.canonical import Json
from ledger.domain.bodies import erasure_body
from ledger.services.context import Ledger
from ledger.services.record import Batch, write
from ledger.storage import bodies, projections, vault
from ledger.storage.engine import purge

EXPORTS = "exports"


def erase(ledger: Ledger, subject: str) -> dict[str, Any]:
    """Erase a person; give the index of the erasure's entry and the entries whose bodies are gone.

    Raises:
        NotFoundError: No such person, or erased before.
    """

    def work(batch: Batch) -> Json:
        vault.read_subject(batch.connection, ledger.sealer, subject)
        # The key goes first: the database refuses to delete a body whose key is still there.
        vault.delete_subject(batch.connection, subject)
        entries = bodies.delete_bodies_of(batch.connection, subject)
        projections.delete_records_of(batch.connection, subject)
        index = batch.add_public("erasure", "ledger", erasure_body(entries)) if entries else None
        return {"entry": index, "entries": entries}

    written = write(ledger, work)
    purge(ledger.engine)
    for kept in (ledger.home / EXPORTS).glob(f"*{subject}*"):
        kept.unlink()
    answer: Any = written.answer
    return dict(answer)
