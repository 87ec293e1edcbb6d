"""Erasing a person: key, facts, bodies, projections and kept exports go, the entries stay.

Every proof still verifies, for a leaf holds only a salted commitment; with the salt gone nothing
can be guessed from it. Copies that were handed out cannot be called back.
"""

from typing import Any

from ledger.core.canonical import Json
from ledger.core.entry import LEDGER_ISSUER
from ledger.domain.withdrawals import erasure_body
from ledger.errors import UnavailableError
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.record import write
from ledger.storage import bodies, projections, reports, vault
from ledger.storage.engine import purge

EXPORTS = "exports"


def erase(ledger: Ledger, subject: str) -> dict[str, Any]:
    """Erase a person; give the index of the erasure's entry and the entries whose bodies are gone.

    The import reports in which a row of theirs was refused or warned about go too: these are
    masked, but a name in a wrong column is no name to them.

    Raises:
        NotFoundError: No such person, or erased before.
        UnavailableError: It is recorded, and must be finished (see ``finish_erasure``).
    """

    def work(batch: Batch) -> Json:
        stored = vault.read_subject(batch.connection, ledger.sealer, subject)
        # Before the commit: a stop after it would leave a name in a file that nobody looks for.
        (ledger.home / EXPORTS / f"{subject}.json").unlink(missing_ok=True)
        # The key goes first: the database refuses to delete a body whose key is still there.
        vault.delete_subject(batch.connection, subject)
        entries = bodies.delete_bodies_of(batch.connection, subject)
        projections.delete_records_of(batch.connection, subject)
        reports.delete_reports_about(batch.connection, stored.tag)
        index = (
            batch.add_public("erasure", LEDGER_ISSUER, erasure_body(entries)) if entries else None
        )
        return {"entry": index, "entries": entries}

    answer: Any = write(ledger, work).answer
    finish_erasure(ledger)
    return dict(answer)


def finish_erasure(ledger: Ledger) -> None:
    """Overwrite what erasures freed, in the write-ahead log too.

    Raises:
        UnavailableError: A reader still sees the old pages; the erasure is recorded, and this must
            be repeated when the reader has gone.
    """
    if not purge(ledger.engine):
        raise UnavailableError(
            "erasure: it is recorded, but a reader still keeps old pages of the database; end that"
            " reader and run 'python -m ledger erase --finish'",
            code="erasure-unfinished",
        )
