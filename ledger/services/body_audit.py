"""The part of an audit that opens bodies: commitments, subjects, vault and projections.

Works on runs of entries, so that memory stays flat; only what is withdrawn or erased is remembered
to the end.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.digest import commitment, subject_tag
from ledger.core.entry import Entry
from ledger.domain.bodies import PERSONAL_KINDS
from ledger.domain.record_facts import RecordFacts, facts_of_body
from ledger.errors import LedgerError
from ledger.services.context import Ledger
from ledger.services.facts import PersonFacts
from ledger.services.projection import certificate_tag, id_number_tag, record_row
from ledger.services.recovery_audit import Recoveries
from ledger.storage import bodies, projections, vault
from ledger.storage.projections import RecordRow

SUBJECTS_KEPT: Final = 5_000
# What a stored value of another type or form than was written comes out as.
UNREADABLE: Final = (AttributeError, LookupError, TypeError, ValueError)


class AddFinding(Protocol):
    """Notes a finding; see ``Finding`` for the fields."""

    def __call__(
        self, index: int | None, what: str, message: str, cause: int | None = None
    ) -> None:
        """Note it."""


class BodyAudit:
    """Checks bodies, run by run; ``finish`` checks what only the whole log can tell."""

    def __init__(self, ledger: Ledger, connection: Connection, add: AddFinding) -> None:
        self._ledger = ledger
        self._connection = connection
        self._add = add
        self._opened = 0
        self._missing: list[int] = []
        self._erased: set[int] = set()
        self.recoveries = Recoveries()
        self._withdrawn: dict[int, tuple[str, int]] = {}
        self._public: list[tuple[int, str]] = []
        self._subjects: dict[str, vault.StoredSubject] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._subjects.clear()

    def check(self, entries: Sequence[Entry]) -> None:
        """Check the bodies and projection rows of a run of entries."""
        indices = [entry.index for entry in entries]
        stored = bodies.read_bodies(self._connection, indices)
        records = projections.read_records(self._connection, indices)
        for entry in entries:
            body = stored.get(entry.index)
            if body is None:
                self._missing.append(entry.index)
                if entry.index in records:
                    self._add(
                        entry.index, "record", "the projection shows a record whose body is gone"
                    )
                continue
            try:
                self._check_body(entry, body, records.get(entry.index))
            except LedgerError as error:
                self._add(entry.index, "body", error.message)
            except UNREADABLE:
                self._add(entry.index, "body", "the body is not one of the entry's kind")

    def _check_body(
        self, entry: Entry, stored: bodies.StoredBody, record: RecordRow | None
    ) -> None:
        if (stored.subject is not None) != (entry.kind in PERSONAL_KINDS):
            self._add(
                entry.index,
                "body",
                "the body is kept as personal, or as public, against the entry's kind",
            )
            return
        if stored.subject is None:
            opened = bodies.OpenBody(stored.salt or b"", stored.content)
        else:
            cipher = self._subject(stored.subject).cipher
            opened = bodies.open_body(cipher, stored.subject, entry.body, stored.content)
        if commitment(opened.salt, opened.content) != entry.body:
            self._add(entry.index, "body", "the body is not the one that the entry commits to")
            return
        self._opened += 1
        body: Any = decode(opened.content)
        if stored.subject is None:
            self._follow(entry, body)
            return
        if body["subject"] != subject_tag(opened.salt, stored.subject.encode()).hex():
            self._add(entry.index, "body", "the body is about another subject than the row says")
        if (corrected := body["corrects"]) is not None:
            # A record that was revoked and is posted anew stays revoked.
            self._withdrawn.setdefault(corrected, ("superseded", entry.index))
        self._check_record(entry, stored.subject, facts_of_body(body), record)

    def _check_record(
        self, entry: Entry, subject: str, facts: RecordFacts, record: RecordRow | None
    ) -> None:
        if facts.kind != entry.kind:
            self._add(entry.index, "body", "the body is not one of the entry's kind")
        number, sealer = facts.certificate_number, self._ledger.sealer
        tag = None if number is None else certificate_tag(sealer, number)
        expected = record_row(sealer, entry.index, entry.issuer, subject, facts, tag)
        if record is None or _as_recorded(record) != expected:
            self._add(
                entry.index, "record", "the projection's row is not the one that the body makes"
            )

    def _follow(self, entry: Entry, body: dict[str, Any]) -> None:
        """Remember what a public entry does to others."""
        self._public.append((entry.index, entry.kind))
        if entry.kind == "erasure":
            self._erased.update(body["entries"])
        elif entry.kind == "recovery":
            self.recoveries.add(entry.index, body)
        elif entry.kind == "revocation":
            self._withdrawn[body["entry"]] = ("revoked", entry.index)
        elif entry.kind == "issuer-revocation":
            for row in projections.records_of_issuer(
                self._connection, body["issuer"], body["from"], body["to"]
            ):
                if row.index < entry.index and row.index not in self._withdrawn:
                    self._withdrawn[row.index] = ("revoked", entry.index)

    def _subject(self, subject: str) -> vault.StoredSubject:
        if subject not in self._subjects:
            if len(self._subjects) > SUBJECTS_KEPT:
                self._subjects.clear()
            self._subjects[subject] = vault.read_subject(
                self._connection, self._ledger.sealer, subject
            )
        return self._subjects[subject]

    def finish(self, entries: int) -> tuple[int, int]:
        """Check what needs the whole log; give the numbers of bodies opened and gone by right."""
        for index in self._missing:
            if index not in self._erased and not self.recoveries.excuses_body(index):
                self._add(index, "body", "the body is missing, and no erasure or recovery says so")
        self._check_withdrawn()
        strays = [("body", index) for index in bodies.indices_from(self._connection, entries)]
        strays += [
            ("record", index)
            for index in projections.record_indices_from(self._connection, entries)
        ]
        for what, index in strays:
            place = min(max(index, 0), entries)
            self._add(place, what, f"there is a {what} row for entry {index}, but no such entry")
        listed = projections.public_entries(self._connection, after=-(2**62))
        if differing := set(listed).symmetric_difference(self._public):
            place = min(max(min(differing)[0], 0), entries)
            self._add(
                place,
                "public-entry",
                "the list of public entries is not the one that the log makes",
            )
        self._check_vault()
        return self._opened, len(self._missing)

    def _check_withdrawn(self) -> None:
        for row in projections.stream_withdrawn(self._connection):
            if self._withdrawn.pop(row.index, None) != (row.status, row.related):
                self._add(
                    row.index,
                    "record",
                    f"the projection says {row.status}, but the log does not",
                    row.related,
                )
        for index, (status, related) in self._withdrawn.items():
            if index not in self._erased:
                self._add(
                    index, "record", f"entry {related} made it {status}; the projection does not"
                )

    def _check_vault(self) -> None:
        for row in vault.read_rows(self._connection):
            try:
                stored = vault.open_row(self._ledger.sealer, row)
                facts = PersonFacts.decode(stored.open_facts())
                if id_number_tag(self._ledger.sealer, facts.id_number) != stored.tag:
                    self._add(
                        None, "vault", "a person's look-up tag is not that of their ID number"
                    )
            except LedgerError as error:
                self._add(None, "vault", error.message)
            except UNREADABLE:
                self._add(None, "vault", "a person's row is not in its form")


def _as_recorded(row: RecordRow) -> RecordRow:
    """The row as it was before anything superseded or revoked it."""
    return RecordRow(
        row.index,
        row.subject,
        row.issuer,
        row.kind,
        row.event_on,
        row.identity,
        row.content,
        row.certificate,
    )
