"""The part of an audit that opens bodies: each is the one that its entry commits to.

A personal body opens under its person's key; a public one is kept in the clear. If it is asked for,
a body must bear the tag of that person's id, too, and ``record_audit`` holds against it what is
derived from it. Of a run nothing is remembered but whose bodies are not there and which of them
erasures name: what is missing by right only the whole log can tell.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.digest import SALT_BYTES, commitment, commitment_and_subject, subject_tag
from ledger.domain.bodies import PERSONAL_KINDS, ends_with_subject
from ledger.errors import LedgerError
from ledger.services.audit_report import UNREADABLE, AddFinding
from ledger.services.context import Ledger
from ledger.services.leaf_audit import SeenEntry
from ledger.services.record_audit import NOT_OF_ITS_KIND, Opened, RecordAudit
from ledger.services.vault_audit import person_cipher
from ledger.storage import bodies, scanning

ERASURE: Final = "erasure"


class BodyAudit:
    """Checks the bodies of runs of entries within one state of the database.

    ``records``, where it is given, is handed each of them.

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
        records: RecordAudit | None,
    ) -> None:
        self.opened = 0
        self.missing: list[int] = []
        self.erased: list[int] = []
        self._sealer = ledger.sealer
        self._connection = connection
        self._add = add
        self._records = records

    def check(self, entries: Sequence[SeenEntry], start: int, stop: int) -> None:
        """Check the bodies of the entries of a range, and what hangs on them if it is asked for."""
        records = self._records
        lists = scanning.body_rows(self._connection, start, stop, with_facts=records is not None)
        stored = {row[0]: row for rows in lists for row in rows}
        if records is not None:
            records.begin(start, stop)
        for entry in entries:
            row = stored.get(entry[0])
            if row is None:
                self.missing.append(entry[0])
                opened = None
            else:
                opened = self._open_as_made(entry, row) or self._open_with_care(entry, row)
            if records is not None:
                records.check(entry, row, opened)
        if records is not None:
            records.check_listed(entries, self.missing)

    def _open_as_made(self, entry: SeenEntry, row: scanning.BodyRow) -> Opened | None:
        """Open a personal body that is as its writer made it; None for any other."""
        committed = entry[3]
        try:
            name = row[1].encode()
            plain = self._sealer.open_body(name, row[4], row[5], row[3], committed)
            body, tag = plain[SALT_BYTES:], ""
            if self._records is None:
                made = commitment(plain[:SALT_BYTES], body)
            else:
                made, tag = commitment_and_subject(plain[:SALT_BYTES], body, name)
        except (LedgerError, *UNREADABLE):
            return None
        if made != committed or entry[1] not in PERSONAL_KINDS:
            return None
        if tag and not ends_with_subject(body, tag):
            return None
        self.opened += 1
        return body, tag

    def _open_with_care(self, entry: SeenEntry, row: scanning.BodyRow) -> Opened | None:
        """Open any body, or say why it is not the entry's."""
        try:
            return self._open(entry, row)
        except LedgerError as error:
            self._add(entry[0], "body", error.message)
        except UNREADABLE:
            self._add(entry[0], "body", NOT_OF_ITS_KIND)
        return None

    def _open(self, entry: SeenEntry, row: scanning.BodyRow) -> Opened | None:
        index, kind, _, committed = entry
        _, subject, salt, content, version, wrapped, *_ = row
        if (subject is not None) != (kind in PERSONAL_KINDS):
            self._add(
                index,
                "body",
                "the body is kept as personal, or as public, against the entry's kind",
            )
            return None
        if subject is not None:
            cipher = person_cipher(self._sealer, subject, version, wrapped)
            opened = bodies.open_body(cipher, subject, committed, content)
            salt, content = opened.salt, opened.content
        if commitment(salt or b"", content) != committed:
            self._add(index, "body", "the body is not the one that the entry commits to")
            return None
        self.opened += 1
        if subject is None and kind == ERASURE:
            named: Any = decode(content)
            self.erased.extend(i for i in named["entries"] if 0 <= i < index)
        if subject is None or self._records is None:
            return content, ""
        tag = subject_tag(salt, subject.encode()).hex()
        if not ends_with_subject(content, tag):
            self._add(index, "body", "the body is about another subject than the row says")
        return content, tag
