"""The part of an audit that holds statuses in the projection against the entries that made them.

Both ways, and each with what is at hand, so that nothing is remembered: a row that says it was
superseded or revoked must have an entry that did it, and an entry that supersedes or revokes must
show in its record's row, or in the row something that goes before it. The first correction or
issuer revocation counts, and the last revocation of that record before all of them. Where every
entry and every row agree in this way, the rows are those that the whole log makes.
"""

from collections.abc import Container
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.digest import commitment
from ledger.core.entry import decode_entry
from ledger.domain.record_status import (
    REVOKED,
    SUPERSEDED,
    OneRecord,
    RecordsOfPeriod,
    Withdrawal,
    withdrawal_by,
)
from ledger.errors import LedgerError
from ledger.services.audit_report import UNREADABLE, AddFinding
from ledger.services.context import Ledger
from ledger.storage import bodies, log, projections, scanning, vault

KEPT: Final = 1_024
ISSUER_REVOCATION: Final = "issuer-revocation"


class Kept(dict[int, Withdrawal | None]):
    """The issuer revocations read so far, by their entries; None for one that cannot be read."""


class WithdrawalAudit:
    """Checks statuses within one state of the database.

    ``kept`` is handed on from state to state: issuer revocations are few, and each matters to every
    record.
    """

    def __init__(
        self,
        ledger: Ledger,
        connection: Connection,
        add: AddFinding,
        kept: Kept,
    ) -> None:
        self._ledger = ledger
        self._connection = connection
        self._add = add
        self._entry = lru_cache(maxsize=KEPT)(self._read)
        self._of_issuers: dict[str, list[tuple[int, RecordsOfPeriod]]] = {}
        kinds = (ISSUER_REVOCATION,)
        for index, _ in projections.public_entries(connection, after=-1, kinds=kinds):
            if index not in kept:
                kept[index] = self._read(index)
            read = kept[index]
            if isinstance(read, RecordsOfPeriod):
                self._of_issuers.setdefault(read.issuer, []).append((index, read))

    @property
    def issuers(self) -> Container[str]:
        """The issuers of whom records of a period were revoked."""
        return self._of_issuers

    def check_row(self, row: scanning.RecordTuple) -> None:
        """Check the status that a record's row bears."""
        index, status, related = row[0], row[8], row[9]
        if (status, related) != ("active", None) and not self._made(row):
            self._add(
                index, "record", f"the projection says {status}, but the log does not", related
            )
        for revocation, covering in self._of_issuers.get(row[2], ()):
            if (
                index < revocation
                and covering.start <= row[4] <= covering.end
                and not self._goes_before(related, revocation)
            ):
                self._not_shown(index, REVOKED, revocation)

    def check_target(self, entry: int, status: str, target: object) -> None:
        """Check that the record of a withdrawal bears ``status``, or what goes before it."""
        if type(target) is not int or not 0 <= target < entry:
            self._add(
                entry, "record", f"the entry names {target!r:.20}, which is no record before it"
            )
            return
        shown = scanning.status_of(self._connection, target)
        if shown is None:
            # Without a body its person was erased, or else that body is missed where it should be.
            if scanning.has_body(self._connection, target):
                self._not_shown(target, status, entry)
            return
        related = shown[1]
        if status == SUPERSEDED:
            shows = self._goes_before(related, entry)
        else:
            shows = related == entry or (
                _is_behind(related, entry) and self._is_revocation(related)
            )
        if not shows:
            self._not_shown(target, status, entry)

    def _not_shown(self, index: int, status: str, entry: int) -> None:
        self._add(index, "record", f"entry {entry} made it {status}; the projection does not")

    def _goes_before(self, related: object, entry: int) -> bool:
        """Tell whether a row with this ``related`` is not for ``entry`` to change."""
        return isinstance(related, int) and (related <= entry or self._is_revocation(related))

    def _is_revocation(self, index: int) -> bool:
        read = self._entry(index)
        return isinstance(read, OneRecord) and read.status == REVOKED

    def _made(self, row: scanning.RecordTuple) -> bool:
        index, issuer, event_on, status, related = itemgetter(0, 2, 4, 8, 9)(row)
        read = self._entry(related) if type(related) is int else None
        if read is None or not index < related:
            return False
        shows: bool
        if isinstance(read, OneRecord):
            shows = (read.index, read.status) == (index, status)
            return shows
        covered = read.start <= event_on <= read.end
        shows = covered and (read.issuer, read.status) == (issuer, status)
        return shows

    def _read(self, index: int) -> Withdrawal | None:
        """Read a withdrawing entry and its body; None if it is none, or is not as committed."""
        try:
            entry = decode_entry(log.read_entry(self._connection, index).bytes)
            stored = bodies.read_body(self._connection, index)
            if entry.index != index:
                return None
            if stored.subject is None:
                opened = bodies.OpenBody(stored.salt or b"", stored.content)
            else:
                sealer = self._ledger.sealer
                person = vault.read_subject(self._connection, sealer, stored.subject)
                opened = bodies.open_body(person.cipher, stored.subject, entry.body, stored.content)
            if commitment(opened.salt, opened.content) != entry.body:
                return None
            body: Any = decode(opened.content)
            return withdrawal_by(entry.kind, body)
        except (LedgerError, *UNREADABLE):
            return None


def _is_behind(related: object, entry: int) -> bool:
    return isinstance(related, int) and related > entry
