"""What the ledger knows of the persons and certificates that a batch is about.

Loaded in a few queries for all commands of a batch, whoever posts them, and kept in step while they
are decided, so that a repeat inside a file is seen like one of last year.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Connection

from ledger.domain.records import RecordCertificate, RecordCompletion
from ledger.services.person_facts import PersonFacts
from ledger.services.projection import certificate_tag, id_number_tag
from ledger.storage import projections, vault
from ledger.storage.sealing import Sealer

if TYPE_CHECKING:
    from ledger.domain.decisions import Terms

RecordCommand: TypeAlias = RecordCompletion | RecordCertificate


class KnownState:
    """Persons, records and certificates as one state of the database has them.

    Attributes:
        person_tags: Look-up tag of each ID number that a command names.
        certificate_tags: Tag of each certificate number that a command names.
        subjects: The persons who are known, by look-up tag.
        facts: Their facts in the clear, by subject, as far as they were asked for.
        records: Their newest record of an identity, by its tag.
        certificates: Entry of the standing record that holds a certificate, by its tag.
        terms: What follows from issuer and class alone, as far as it was worked out.
    """

    def __init__(
        self, connection: Connection, sealer: Sealer, commands: Sequence[RecordCommand]
    ) -> None:
        self.person_tags = {
            c.person.id_number: id_number_tag(sealer, c.person.id_number) for c in commands
        }
        numbers = {c.certificate.number for c in commands if c.certificate is not None}
        self.certificate_tags = {number: certificate_tag(sealer, number) for number in numbers}
        self.subjects: dict[bytes, vault.StoredSubject | vault.NewSubject] = {}
        self.facts: dict[str, PersonFacts] = {}
        self.records: dict[bytes, projections.RecordRow] = {}
        self.certificates: dict[bytes, int] = {}
        self.terms: dict[tuple[str, bytes], Terms] = {}
        if not commands:
            return
        stored = vault.find_by_tags(connection, sealer, set(self.person_tags.values()))
        self.subjects.update(stored)
        ids = [subject.id for subject in stored.values()]
        for row in projections.records_of_subjects(connection, ids):
            self.records[row.identity] = row
        tags = self.certificate_tags.values()
        for row in projections.records_of_certificates(connection, tags):
            if row.status == "active" and row.certificate is not None:
                self.certificates[row.certificate] = row.index

    def facts_of(self, subject: vault.StoredSubject | vault.NewSubject) -> PersonFacts:
        """Open a person's facts, once."""
        if subject.id not in self.facts:
            self.facts[subject.id] = PersonFacts.decode(subject.open_facts())
        return self.facts[subject.id]

    def touched_since(self, connection: Connection, size: int) -> bool:
        """Tell whether an entry from index ``size`` on touches anything that is known here.

        A public entry may touch everything: rules, issuers, revocations, erasures.
        """
        if projections.public_entries(connection, size - 1):
            return True
        # By their tags, for somebody who is new to this batch may have entered the vault meanwhile.
        persons, certificates = projections.touched_from(connection, size)
        return not (
            persons.isdisjoint(self.person_tags.values())
            and certificates.isdisjoint(self.certificate_tags.values())
        )
