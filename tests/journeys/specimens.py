"""A ledger in which everything happened once, and copies of it to edit behind its back.

It has over 300 entries: completions, certificates, a correction, a revocation of one record and one
of an issuer's, an erasure, an imported roster, and checkpoints along the way.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.services.auditing import AuditReport, audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import record
from ledger.services.erasure import erase
from ledger.services.rosters import import_roster
from ledger.services.transcripts import find_subject
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.databases import RawDatabase, past_triggers
from tests.journeys.ledgers import make_ledger, opened
from tests.journeys.people import certificate, completion, id_number
from tests.journeys.rosters import csv_bytes, row

BATCH = 20
BATCHES = 14
CHECKPOINT_EVERY = 3


@dataclass
class Specimen:
    """The ledger that is edited, and where in it the edits go."""

    home: Path
    size: int = 0
    checkpoints: list[int] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)

    @property
    def middle(self) -> int:
        """A record in the middle of the log that nothing touched."""
        return self.records[len(self.records) // 2]


def write_history(specimen: Specimen, batches: int = BATCHES, batch: int = BATCH) -> None:
    """Record, correct, revoke, erase, and sign checkpoints along the way."""
    ledger, issuer = make_ledger(specimen.home)
    for number in range(batches):
        first = number * batch
        posted: list[Any] = [completion(first + place) for place in range(batch)]
        posted.append(certificate(first))
        outcomes = record(ledger, issuer, posted, key=f"batch-{number}").outcomes
        specimen.records += [o.entry_index for o in outcomes if o.entry_index is not None]
        if number % CHECKPOINT_EVERY == 0:
            specimen.checkpoints.append(sign_checkpoint(ledger).checkpoint.size)
    revoke_record(ledger, issuer, RevokeRecord(specimen.records[5], "scores-altered", None))
    record(ledger, issuer, [completion(7, level=2)], correcting=True)
    subject = find_subject(ledger, id_number(batch))
    assert subject is not None
    specimen.erased = erase(ledger, subject)["entries"]
    late = RevokeIssuer(issuer, date(2025, 5, 12), date(2025, 5, 12), "issuer-misconduct", "9")
    assert len(revoke_issuer(ledger, late)["revoked"]) == batches - 1
    record(ledger, issuer, [completion(n) for n in range(300, 310)], key="after")
    import_roster(ledger, issuer, csv_bytes([row("赵安安", id_number(400))]), key="roster")
    specimen.size = sign_checkpoint(ledger).checkpoint.size
    ledger.close()


@dataclass
class Copy:
    """A copy of the specimen, to edit."""

    specimen: Specimen
    home: Path

    def audited(self) -> AuditReport:
        """Audit it as it stands."""
        with opened(self.home) as ledger:
            return audit(ledger)

    def edit(self, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
        """Edit the database with the triggers gone."""
        with self.database() as database:
            for statement in statements:
                words, values = (statement, ()) if isinstance(statement, str) else statement
                assert database.execute(words, values).rowcount != 0, "the edit changed nothing"

    def database(self) -> AbstractContextManager[RawDatabase]:
        """Open the database plainly, past the triggers."""
        return past_triggers(self.home)
