"""Erasing a person: key, facts, bodies, projections and kept exports go, the entries stay.

Every proof still verifies, for a leaf holds only a salted commitment; with the salt gone nothing
can be guessed from it. Copies that were handed out cannot be called back.

Exports are kept in the data folder as ``exports/SUBJECT.json``. Each is written under the write
lock while the person is in the vault (``erasures_held_off``), and an erasure deletes it under the
same lock before it commits. So whichever comes first, and wherever either is killed, what lies
there is of a person who is still in the vault, and goes when they are erased.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from ledger.core.canonical import Json
from ledger.core.entry import LEDGER_ISSUER
from ledger.domain.withdrawals import erasure_body
from ledger.errors import UnavailableError
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.record import write
from ledger.storage import bodies, projections, reports, vault
from ledger.storage.engine import purge, writing
from ledger.storage.handover import FOLDER

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
        entries = erase_stored(ledger, batch.connection, subject)
        index = (
            batch.add_public("erasure", LEDGER_ISSUER, erasure_body(entries)) if entries else None
        )
        return {"entry": index, "entries": entries}

    answer: Any = write(ledger, work).answer
    finish_erasure(ledger)
    return dict(answer)


def erase_stored(ledger: Ledger, connection: Connection, subject: str) -> list[int]:
    """Delete all that is kept of a person, in a transaction of the caller, who holds the lock.

    Gives the entries whose bodies are gone, for the caller to record.

    Raises:
        NotFoundError: No such person, or erased before.
    """
    stored = vault.read_subject(connection, ledger.sealer, subject)
    # Before the commit: a stop after it would leave a name in a file that nobody looks for.
    _delete_exports(ledger, subject)
    # The key goes first: the database refuses to delete a body whose key is still there.
    vault.delete_subject(connection, subject)
    entries = bodies.delete_bodies_of(connection, subject)
    projections.delete_records_of(connection, subject)
    reports.delete_reports_about(connection, stored.tag)
    return entries


@contextmanager
def erasures_held_off(ledger: Ledger, subject: str) -> Iterator[None]:
    """Let nobody be erased, nor anything else be written, while an export is written to be kept.

    Raises:
        NotFoundError: No such person, or erased; a transcript that was read before proves nothing.
    """
    with writing(ledger.engine) as connection:
        # Under the lock, for a rotation may have wrapped the person's key anew while this waited.
        ledger.renew_keys()
        vault.read_subject(connection, ledger.sealer, subject)
        yield


def _delete_exports(ledger: Ledger, subject: str) -> None:
    """Delete the kept exports of a person, and what a killed one left half written.

    The lock that the caller holds keeps others from writing one. On return they are gone from the
    disk, so that a power cut after the commit brings none back.
    """
    folder = ledger.home / EXPORTS
    if not folder.exists():
        return
    for path in folder.glob(f"*{subject}*"):
        path.unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def finish_erasure(ledger: Ledger) -> None:
    """Overwrite what erasures freed, in the write-ahead log too.

    Raises:
        UnavailableError: A reader still sees the old pages, or what a dead process left cannot be
            taken away; the erasure is recorded, and this must be repeated when that is mended.
    """
    if not ledger.handover.forget_dead():
        raise UnavailableError(
            f"erasure: it is recorded, but in {ledger.home / FOLDER} lies something that cannot be "
            "overwritten, perhaps of a process that was killed; take it away or make it writable, "
            "and run 'python -m ledger erase --finish'",
            code="erasure-unfinished",
        )
    if not purge(ledger.engine):
        raise UnavailableError(
            "erasure: it is recorded, but a reader still keeps old pages of the database; end that"
            " reader and run 'python -m ledger erase --finish'",
            code="erasure-unfinished",
        )
