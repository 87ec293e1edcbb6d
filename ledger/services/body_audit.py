"""The part of an audit that opens bodies: commitments, subjects, vault and projections.

Works on runs of entries, and remembers of them only whose bodies are not there and which of them
erasures name: what is missing by right only the whole log can tell.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.digest import SALT_BYTES, commitment, subject_tag
from ledger.domain.bodies import PERSONAL_KINDS
from ledger.domain.recorded_facts import RecordedFactsReader, read_with_care
from ledger.domain.recoveries import KIND as RECOVERY
from ledger.domain.recoveries import parse_recovery
from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.services.audit_report import UNREADABLE, AddFinding, reported
from ledger.services.context import Ledger
from ledger.services.facts import PersonFacts
from ledger.services.leaf_audit import SeenEntry
from ledger.services.projection import (
    CONTENT,
    IDENTITY,
    certificate_tag,
    content_tag,
    id_number_tag,
    identity_tag,
)
from ledger.services.withdrawal_audit import Kept, WithdrawalAudit
from ledger.storage import scanning
from ledger.storage.sealing import Cipher, Sealer, body_context, facts_context, framed

PERSONS_KEPT: Final = 5_000
_AS_RECORDED: Final = slice(0, 8)
UNTOUCHED: Final = ("active", None)


class _Person(NamedTuple):
    # How their bodies open; their id, and that as it stands in tags and before a commitment.
    cipher: Cipher
    name: bytes
    named: bytes
    context: bytes


class BodyAudit:
    """Checks the bodies of runs of entries within one state of the database.

    Attributes:
        opened: Number of bodies opened.
        missing: Indices of the entries that have no body.
        erased: Indices that the erasures among the entries name.
    """

    def __init__(
        self,
        ledger: Ledger,
        connection: Connection,
        add: AddFinding,
        reader: RecordedFactsReader,
        kept: Kept,
    ) -> None:
        self.opened = 0
        self.missing: list[int] = []
        self.erased: list[int] = []
        self._sealer = ledger.sealer
        self._connection = connection
        self._add = add
        self._reader = reader
        self._withdrawals = WithdrawalAudit(ledger, connection, add, kept)
        self._persons: dict[str, _Person | LedgerError] = {}
        self._framed = lru_cache(maxsize=PERSONS_KEPT)(framed)

    def check(self, entries: Sequence[SeenEntry], start: int, stop: int) -> None:
        """Check what hangs on the entries of a range."""
        stored = _by_index(scanning.body_rows(self._connection, start, stop))
        records = _by_index(scanning.record_rows(self._connection, start, stop))
        touched = self._withdrawals.issuers
        for entry in entries:
            index = entry[0]
            body, record = stored.get(index), records.get(index)
            if body is None:
                self.missing.append(index)
                if record is not None:
                    self._add(index, "record", "the projection shows a record whose body is gone")
                continue
            if not self._is_as_made(entry, body, record):
                self._name_what_is_wrong(entry, body, record)
            if record is not None and (record[8:] != UNTOUCHED or entry[2] in touched):
                with reported(self._add, index, "record"):
                    self._withdrawals.check_row(record)
        self._check_listed(entries, start, stop)

    def _is_as_made(
        self, entry: SeenEntry, row: scanning.BodyRow, record: scanning.RecordTuple | None
    ) -> bool:
        """Tell whether body, person and row are as a writer made them, and no more than that."""
        try:
            return self._is_made(entry, row, record)
        except (LedgerError, *UNREADABLE):
            return False

    def _is_made(
        self, entry: SeenEntry, row: scanning.BodyRow, record: scanning.RecordTuple | None
    ) -> bool:
        index, kind, issuer, committed = entry
        subject = row[1]
        if subject is None or record is None:
            return False
        person = self._persons.get(subject) or self._person(row)
        if isinstance(person, LedgerError):
            return False
        cipher, name, named, context = person
        plain = cipher.open(row[3], context + committed)
        salt, content = plain[:SALT_BYTES], plain[SALT_BYTES:]
        read = self._reader.read(content, subject_tag(salt, name).hex())
        if read is None or commitment(salt, content) != committed:
            return False
        known, facts, number = read
        seal = self._sealer.tag_of_framed
        made = (
            index, subject, issuer, kind, known.event_on,
            seal(IDENTITY, named + self._framed(known.identity)),
            seal(CONTENT, named + len(facts).to_bytes(4, "big") + facts),
            None if number is None else certificate_tag(self._sealer, number),
        )  # fmt: skip
        if record[_AS_RECORDED] != made or known.kind != kind:
            return False
        self.opened += 1
        if known.corrects is not None:
            self._withdrawals.check_target(index, "superseded", known.corrects)
        return True

    def _name_what_is_wrong(
        self, entry: SeenEntry, row: scanning.BodyRow, record: scanning.RecordTuple | None
    ) -> None:
        try:
            self._check_body(entry, row, record)
        except LedgerError as error:
            self._add(entry[0], "body", error.message)
        except UNREADABLE:
            self._add(entry[0], "body", "the body is not one of the entry's kind")

    def _check_body(
        self, entry: SeenEntry, row: scanning.BodyRow, record: scanning.RecordTuple | None
    ) -> None:
        index, subject, salt, content = row[:4]
        if (subject is not None) != (entry[1] in PERSONAL_KINDS):
            self._add(
                index,
                "body",
                "the body is kept as personal, or as public, against the entry's kind",
            )
            return
        if subject is not None:
            context = body_context(subject.encode(), entry[3])
            person = self._persons.get(subject) or self._person(row)
            if isinstance(person, LedgerError):
                raise person
            plain = person.cipher.open(content, context)
            salt, content = plain[:SALT_BYTES], plain[SALT_BYTES:]
        if commitment(salt or b"", content) != entry[3]:
            self._add(index, "body", "the body is not the one that the entry commits to")
            return
        self.opened += 1
        if subject is None:
            self._follow(entry, content)
        else:
            self._check_record(entry, subject, (salt, content), record)

    def _check_record(
        self,
        entry: SeenEntry,
        subject: str,
        opened: tuple[bytes, bytes],
        record: scanning.RecordTuple | None,
    ) -> None:
        salt, content = opened
        read, sealer = read_with_care(content), self._sealer
        if read.subject != subject_tag(salt, subject.encode()).hex():
            self._add(entry[0], "body", "the body is about another subject than the row says")
        if read.kind != entry[1]:
            self._add(entry[0], "body", "the body is not one of the entry's kind")
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
            self._withdrawals.check_target(entry[0], "superseded", read.corrects)

    def _follow(self, entry: SeenEntry, content: bytes) -> None:
        """Look at what a public entry does to others."""
        body: Any = decode(content)
        if entry[1] == "erasure":
            self.erased.extend(index for index in body["entries"] if 0 <= index < entry[0])
        elif entry[1] == "revocation":
            self._withdrawals.check_target(entry[0], "revoked", body["entry"])
        elif entry[1] == RECOVERY:
            parse_recovery(body)

    def _person(self, row: scanning.BodyRow) -> "_Person | LedgerError":
        """Give a body's person, whose row in the vault is checked the first time."""
        subject: str = row[1]
        if len(self._persons) >= PERSONS_KEPT:
            self._persons.clear()
        if row[4] is None:
            found: _Person | LedgerError = NotFoundError(
                "subject: no such person in the vault (never there, or erased)"
            )
        else:
            cipher = check_person(self._sealer, (subject, *row[4:]), self._add)
            found = (
                cipher if isinstance(cipher, LedgerError) else _person_of(cipher, subject.encode())
            )
        self._persons[subject] = found
        return found

    def _check_listed(self, entries: Sequence[SeenEntry], start: int, stop: int) -> None:
        made = {entry[:2] for entry in entries if entry[1] not in PERSONAL_KINDS}
        for rows in scanning.public_rows(self._connection, start, stop):
            for row in rows:
                if row not in made:
                    self._differs(row[0])
                made.discard((row[0], row[1]))
        # Where a recovery brought an entry back without its body, nothing is left to list.
        for index in {index for index, _ in made}.difference(self.missing if made else ()):
            self._differs(index)

    def _differs(self, index: int) -> None:
        self._add(
            index, "public-entry", "the list of public entries is not the one that the log makes"
        )


def _person_of(cipher: Cipher, name: bytes) -> _Person:
    return _Person(cipher, name, framed(name), body_context(name, b""))


def check_person(sealer: Sealer, row: Sequence[Any], add: AddFinding) -> Cipher | LedgerError:
    """Check a person's row in the vault, its columns in the table's order.

    Gives their cipher, or why there is none.
    """
    subject, tag, version, wrapped, sealed = row
    try:
        cipher = sealer.unwrap(subject, version, wrapped)
    except LedgerError as error:
        add(None, "vault", error.message)
        return error
    except UNREADABLE:
        add(None, "vault", "a person's row is not in its form")
        return DamagedError("subject: their row in the vault is not in its form")
    try:
        facts = PersonFacts.decode(cipher.open(sealed, facts_context(subject.encode())))
        if id_number_tag(sealer, facts.id_number) != tag:
            add(None, "vault", "a person's look-up tag is not that of their ID number")
    except LedgerError as error:
        add(None, "vault", error.message)
    except UNREADABLE:
        add(None, "vault", "a person's row is not in its form")
    return cipher


def _by_index(lists: Iterable[list[tuple[Any, ...]]]) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row for rows in lists for row in rows}


def check_persons_without_record(ledger: Ledger, connection: Connection, add: AddFinding) -> None:
    """Check the persons in the vault whom no record leads to; the others are met with theirs."""
    for row in scanning.persons_without_record(connection):
        check_person(ledger.sealer, row, add)
