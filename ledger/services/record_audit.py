"""The part of an audit that holds what is derived from bodies against them.

That is the projection: of each record the row that its body makes, of each withdrawal the status
that it gave, of each public entry its place in the list. And of each record's person, the first
time that they are met, the row in the vault.
"""

from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.domain.bodies import PERSONAL_KINDS
from ledger.domain.record_status import SUPERSEDED, OneRecord, withdrawal_by
from ledger.domain.recorded_facts import RecordedFactsReader, read_with_care
from ledger.domain.recoveries import KIND as RECOVERY
from ledger.domain.recoveries import parse_recovery
from ledger.errors import LedgerError
from ledger.services.audit_report import UNREADABLE, AddFinding, reported
from ledger.services.context import Ledger
from ledger.services.leaf_audit import SeenEntry
from ledger.services.projection import (
    CERTIFICATE,
    CONTENT,
    IDENTITY,
    certificate_tag,
    content_tag,
    identity_tag,
)
from ledger.services.vault_audit import check_person
from ledger.services.withdrawal_audit import Kept, WithdrawalAudit
from ledger.storage import scanning
from ledger.storage.sealing import framed

PERSONS_KEPT: Final = 5_000
NOT_OF_ITS_KIND: Final = "the body is not one of the entry's kind"
UNTOUCHED: Final = ("active", None)
_AS_RECORDED: Final = slice(0, 8)

Opened: TypeAlias = tuple[bytes, str]
"""A body in the clear, and the hex of its subject's tag; that is empty for a public one."""


class RecordAudit:
    """Checks what is derived from the bodies of runs of entries, within one state of the database.

    A run begins with ``begin``, then come its entries, each with its body's row and that body where
    it opened, then what only the whole run shows.
    """

    def __init__(
        self,
        ledger: Ledger,
        connection: Connection,
        add: AddFinding,
        reader: RecordedFactsReader,
        kept: Kept,
    ) -> None:
        self._sealer = ledger.sealer
        self._identity = ledger.sealer.tagger(IDENTITY)
        self._content = ledger.sealer.tagger(CONTENT)
        self._certificate = ledger.sealer.tagger(CERTIFICATE)
        self._connection = connection
        self._add = add
        self._reader = reader
        self._withdrawals = WithdrawalAudit(ledger, connection, add, kept)
        self._met: set[Any] = set()
        self._framed = lru_cache(maxsize=PERSONS_KEPT)(framed)
        self._range = (0, 0)
        self._rows: dict[int, scanning.RecordTuple] = {}

    def begin(self, start: int, stop: int) -> None:
        """Read the rows of a range of entries."""
        self._range = (start, stop)
        lists = scanning.record_rows(self._connection, start, stop)
        self._rows = {row[0]: row for rows in lists for row in rows}

    def check(
        self, entry: SeenEntry, stored: scanning.BodyRow | None, opened: Opened | None
    ) -> None:
        """Check what hangs on one entry.

        Args:
            entry: The entry.
            stored: Its body's row; None if there is none.
            opened: That body; None if it did not open or is not the entry's.
        """
        record = self._rows.get(entry[0])
        if stored is None:
            if record is not None:
                self._add(entry[0], "record", "the projection shows a record whose body is gone")
            return
        subject = stored[1]
        if subject is not None and subject not in self._met:
            self._meet(stored)
        if opened is not None and not self._is_as_made(entry, subject, opened, record):
            self._name_what_is_wrong(entry, subject, opened, record)
        if record is not None and (
            record[8:] != UNTOUCHED or entry[2] in self._withdrawals.issuers
        ):
            with reported(self._add, entry[0], "record"):
                self._withdrawals.check_row(record)

    def _meet(self, stored: scanning.BodyRow) -> None:
        """Check the row in the vault of a person who was not met yet, if there is one."""
        _, subject, _, _, version, wrapped, tag, facts = stored
        if wrapped is not None:
            check_person(self._sealer, (subject, tag, version, wrapped, facts), self._add)
        if len(self._met) >= PERSONS_KEPT:
            self._met.clear()
        self._met.add(subject)

    def _is_as_made(
        self,
        entry: SeenEntry,
        subject: str | None,
        opened: Opened,
        record: scanning.RecordTuple | None,
    ) -> bool:
        """Tell whether body and row of a record are as a writer made them, and no more."""
        if subject is None or record is None:
            return False
        try:
            read = self._reader.read(*opened)
        except (LedgerError, *UNREADABLE):
            return False
        if read is None:
            return False
        known, content, number = read
        named = framed(subject.encode())
        made = (
            entry[0], subject, entry[2], entry[1], known.event_on,
            self._identity(named + self._framed(known.identity)),
            self._content(named + len(content).to_bytes(4, "big") + content),
            None if number is None else self._certificate(framed(number.encode())),
        )  # fmt: skip
        if record[_AS_RECORDED] != made or known.kind != entry[1]:
            return False
        if known.corrects is not None:
            self._withdrawals.check_target(entry[0], SUPERSEDED, known.corrects)
        return True

    def _name_what_is_wrong(
        self,
        entry: SeenEntry,
        subject: str | None,
        opened: Opened,
        record: scanning.RecordTuple | None,
    ) -> None:
        try:
            if subject is None:
                self._follow(entry, opened[0])
            else:
                self._check_record(entry, subject, opened[0], record)
        except LedgerError as error:
            self._add(entry[0], "body", error.message)
        except UNREADABLE:
            self._add(entry[0], "body", NOT_OF_ITS_KIND)

    def _check_record(
        self, entry: SeenEntry, subject: str, content: bytes, record: scanning.RecordTuple | None
    ) -> None:
        read, sealer = read_with_care(content), self._sealer
        if read.kind != entry[1]:
            self._add(entry[0], "body", NOT_OF_ITS_KIND)
        number = read.certificate_number
        expected = (
            entry[0],
            subject,
            entry[2],
            read.kind,
            read.event_on,
            identity_tag(sealer, subject, read.identity),
            content_tag(sealer, subject, read.content),
            None if number is None else certificate_tag(sealer, number),
        )
        if record is None or record[_AS_RECORDED] != expected:
            self._add(entry[0], "record", "the projection's row is not the one that the body makes")
        if read.corrects is not None:
            self._withdrawals.check_target(entry[0], SUPERSEDED, read.corrects)

    def _follow(self, entry: SeenEntry, content: bytes) -> None:
        """Look at what a public entry does to others."""
        body: Any = decode(content)
        withdrawal = withdrawal_by(entry[1], body)
        # Of an issuer's period each record is held against it when its own row comes by.
        if isinstance(withdrawal, OneRecord):
            self._withdrawals.check_target(entry[0], withdrawal.status, withdrawal.index)
        if entry[1] == RECOVERY:
            parse_recovery(body)

    def check_listed(self, entries: Sequence[SeenEntry], missing: Container[int]) -> None:
        """Check the list of public entries; ``missing``: the entries that have no body."""
        made = {entry[:2] for entry in entries if entry[1] not in PERSONAL_KINDS}
        for rows in scanning.public_rows(self._connection, *self._range):
            for row in rows:
                if row not in made:
                    self._differs(row[0])
                made.discard((row[0], row[1]))
        # Where a recovery brought an entry back without its body, nothing is left to list.
        for index in sorted({index for index, _ in made if index not in missing}):
            self._differs(index)

    def _differs(self, index: int) -> None:
        self._add(
            index, "public-entry", "the list of public entries is not the one that the log makes"
        )
