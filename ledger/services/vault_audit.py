"""The part of an audit that holds a person's row in the vault against itself.

The key must open under the ledger's, the facts under that key, and the look-up tag must be that of
the ID number among them. Persons are met with their records; those without come by themselves.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.services.audit_report import UNREADABLE, AddFinding
from ledger.services.context import Ledger
from ledger.services.person_facts import PersonFacts
from ledger.services.projection import id_number_tag
from ledger.storage import scanning
from ledger.storage.sealing import Cipher, Sealer, facts_context


def person_cipher(sealer: Sealer, subject: Any, version: Any, wrapped: Any) -> Cipher:  # noqa: ANN401 - columns as they are stored
    """Open a person's key as the vault keeps it.

    Raises:
        NotFoundError: The vault has none.
        DamagedError: It does not open, or its row is not in its form.
    """
    if wrapped is None:
        raise NotFoundError("subject: no such person in the vault (never there, or erased)")
    try:
        return sealer.unwrap(subject, version, wrapped)
    except UNREADABLE as error:
        raise DamagedError("subject: their row in the vault is not in its form") from error


def check_person(sealer: Sealer, row: Sequence[Any], add: AddFinding) -> None:
    """Check a person's row in the vault, its columns in the table's order."""
    subject, tag, version, wrapped, sealed = row
    try:
        cipher = person_cipher(sealer, subject, version, wrapped)
        facts = PersonFacts.decode(cipher.open(sealed, facts_context(subject.encode())))
        if id_number_tag(sealer, facts.id_number) != tag:
            add(None, "vault", "a person's look-up tag is not that of their ID number")
    except LedgerError as error:
        add(None, "vault", error.message)
    except UNREADABLE:
        add(None, "vault", "a person's row is not in its form")


def check_persons_without_record(ledger: Ledger, connection: Connection, add: AddFinding) -> None:
    """Check the persons in the vault whom no record leads to; the others are met with theirs."""
    for row in scanning.persons_without_record(connection):
        check_person(ledger.sealer, row, add)
