"""Drop the projections and rebuild them from entries and bodies, with the same result to the byte.

They are rebuilt into passing tables, compared with the stored ones, and put in their place, all in
one transaction under the write lock: readers see the old rows until it commits, and whoever dies on
the way leaves them. What an entry does to records before it, ``domain.record_status`` says.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.digest import commitment
from ledger.core.entry import Entry, decode_entry
from ledger.domain.bodies import PERSONAL_KINDS
from ledger.domain.record_facts import facts_of_body
from ledger.domain.record_status import OneRecord, withdrawal_by
from ledger.errors import DamagedError, LedgerError
from ledger.services.context import Ledger
from ledger.services.projection import certificate_tag, record_row
from ledger.storage import bodies, log, rebuilt_projections, vault
from ledger.storage.engine import trying, writing
from ledger.storage.projections import RecordRow
from ledger.storage.sealing import Cipher, Sealer

CHUNK: Final = 1_000
# What a body of another form than was written comes out as.
UNREADABLE: Final = (AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild saw.

    Attributes:
        entries: Number of entries read.
        without_body: Of these, how many have no body: of erased persons, or lost.
        records: Number of rows that the records make.
        public_entries: Number of rows that the public entries make.
        differing: How many rows the stored tables had otherwise, too many or too few.
    """

    entries: int
    without_body: int
    records: int
    public_entries: int
    differing: int


def rebuild(ledger: Ledger, advance: Callable[[int], None] = lambda _count: None) -> Rebuilt:
    """Drop the projections and rebuild them. Others wait with writing until it is done.

    Memory does not grow with the log.

    Raises:
        DamagedError: An entry or body cannot be read; the projections are as they were.
        UnavailableError: The database cannot be written now; the projections are as they were.
    """
    ledger.renew_keys()
    with writing(ledger.engine) as connection, _rebuilt(connection):
        done = _compare(ledger, connection, advance)
        rebuilt_projections.replace(connection)
    return done


def check(ledger: Ledger, advance: Callable[[int], None] = lambda _count: None) -> Rebuilt:
    """Rebuild the projections beside the stored ones and compare; nothing changes, nobody waits.

    Raises:
        DamagedError: An entry or body cannot be read.
    """
    ledger.renew_keys()
    with trying(ledger.engine) as connection, _rebuilt(connection):
        return _compare(ledger, connection, advance)


def rebuild_in(ledger: Ledger, connection: Connection) -> Rebuilt:
    """Rebuild within a transaction of the caller, who holds the write lock.

    Raises:
        DamagedError: An entry or body cannot be read.
    """
    with _rebuilt(connection):
        done = _compare(ledger, connection, lambda _count: None)
        rebuilt_projections.replace(connection)
    return done


@contextmanager
def _rebuilt(connection: Connection) -> Iterator[None]:
    rebuilt_projections.create(connection)
    yield
    # Where something was raised, the rollback takes them back.
    rebuilt_projections.drop(connection)


def _compare(ledger: Ledger, connection: Connection, advance: Callable[[int], None]) -> Rebuilt:
    entries = without_body = 0
    stored = log.read_entries(connection)
    while chunk := list(islice(stored, CHUNK)):
        run = _Run(ledger.sealer, connection, [_decoded(each) for each in chunk])
        run.store()
        entries += len(chunk)
        without_body += run.without_body
        advance(len(chunk))
    records, public = rebuilt_projections.count(connection)
    differing = rebuilt_projections.count_differing(connection)
    return Rebuilt(entries, without_body, records, public, differing)


def _decoded(stored: log.StoredEntry) -> Entry:
    try:
        entry = decode_entry(stored.bytes)
    except LedgerError as error:
        raise _unreadable(stored.index, error.message) from error
    if entry.index != stored.index:
        raise _unreadable(stored.index, f"its bytes are those of entry {entry.index}")
    return entry


def _unreadable(index: int, why: str) -> DamagedError:
    return DamagedError(
        f"entry {index}: {why}; the projections were not rebuilt, run 'python -m ledger audit'"
    )


class _Run:
    """A run of entries: what they add to the projections, and what they do to what is there."""

    def __init__(self, sealer: Sealer, connection: Connection, entries: Sequence[Entry]) -> None:
        self._sealer = sealer
        self._connection = connection
        self._entries = entries
        stored = bodies.read_bodies(connection, [entry.index for entry in entries])
        people = {body.subject for body in stored.values() if body.subject is not None}
        self._ciphers: dict[str, Cipher] = vault.read_ciphers(connection, sealer, people)
        self._bodies = stored
        self.without_body = len(entries) - len(stored)

    def store(self) -> None:
        """Add the rows of the run, then withdraw what its entries withdraw, in their order."""
        records: list[RecordRow] = []
        public: list[tuple[int, str]] = []
        done: list[tuple[Entry, dict[str, Any]]] = []
        for entry in self._entries:
            stored = self._bodies.get(entry.index)
            if stored is None:
                continue
            try:
                body = self._open(entry, stored)
                if stored.subject is None:
                    public.append((entry.index, entry.kind))
                else:
                    records.append(self._record(entry, stored.subject, body))
            except LedgerError as error:
                raise _unreadable(entry.index, error.message) from error
            except UNREADABLE as error:
                raise _unreadable(entry.index, "its body is not one of its kind") from error
            done.append((entry, body))
        rebuilt_projections.insert_records(self._connection, records)
        rebuilt_projections.insert_public_entries(self._connection, public)
        for entry, body in done:
            self._withdraw(entry, body)

    def _open(self, entry: Entry, stored: bodies.StoredBody) -> dict[str, Any]:
        if (stored.subject is not None) != (entry.kind in PERSONAL_KINDS):
            raise DamagedError("its body is kept as personal, or as public, against its kind")
        if stored.subject is None:
            opened = bodies.OpenBody(stored.salt or b"", stored.content)
        elif stored.subject in self._ciphers:
            cipher = self._ciphers[stored.subject]
            opened = bodies.open_body(cipher, stored.subject, entry.body, stored.content)
        else:
            raise DamagedError("its body is about a person who is not in the vault")
        if commitment(opened.salt, opened.content) != entry.body:
            raise DamagedError("its body is not the one that it commits to")
        body: dict[str, Any] = decode(opened.content)  # type: ignore[assignment]  # an object, or UNREADABLE
        return body

    def _record(self, entry: Entry, subject: str, body: dict[str, Any]) -> RecordRow:
        facts = facts_of_body(body)
        if facts.kind != entry.kind:
            raise DamagedError("its body is not one of its kind")
        number, sealer = facts.certificate_number, self._sealer
        tag = None if number is None else certificate_tag(sealer, number)
        return record_row(sealer, entry.index, entry.issuer, subject, facts, tag)

    def _withdraw(self, entry: Entry, body: dict[str, Any]) -> None:
        try:
            withdrawal = withdrawal_by(entry.kind, body)
        except LedgerError as error:
            raise _unreadable(entry.index, error.message) from error
        if withdrawal is None:
            return
        connection, status = self._connection, withdrawal.status
        if isinstance(withdrawal, OneRecord):
            rebuilt_projections.withdraw(connection, entry.index, status, withdrawal.index)
            return
        period = (withdrawal.start, withdrawal.end)
        rebuilt_projections.withdraw_period(
            connection, entry.index, status, withdrawal.issuer, period
        )
