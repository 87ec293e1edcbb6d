"""How a record's projection row follows from its body, in the write path and in the audit."""

from typing import Final

from ledger.domain.record_facts import RecordFacts
from ledger.storage.projections import RecordRow
from ledger.storage.sealing import Sealer, frame

IDENTITY: Final = "record identity"
CONTENT: Final = "record content"
CERTIFICATE: Final = "certificate"


def record_row(
    sealer: Sealer,
    index: int,
    issuer: str,
    subject: str,
    facts: RecordFacts,
    certificate: bytes | None,
) -> RecordRow:
    """Work out the row of a record that nothing has superseded or revoked.

    ``certificate`` is the tag of the certificate's number, which the write path has made before.
    """
    # As ``identity_tag`` and ``content_tag`` make them, with the subject framed once.
    named, tag = frame(subject.encode()), sealer.tag_of_framed
    return RecordRow(
        index,
        subject,
        issuer,
        facts.kind,
        facts.event_on,
        tag(IDENTITY, named + frame(facts.identity)),
        tag(CONTENT, named + frame(facts.content)),
        certificate,
    )


def identity_tag(sealer: Sealer, subject: str, identity: bytes) -> bytes:
    """Tag by which two postings are known to be of the same record, whoever posts them."""
    return sealer.tag(IDENTITY, subject.encode(), identity)


def content_tag(sealer: Sealer, subject: str, content: bytes) -> bytes:
    """Tag by which a repeat is known to say the same."""
    return sealer.tag(CONTENT, subject.encode(), content)


def certificate_tag(sealer: Sealer, number: str) -> bytes:
    """Tag by which a certificate number is known to be taken."""
    return sealer.tag_of_framed(CERTIFICATE, frame(number.encode()))


def id_number_tag(sealer: Sealer, id_number: str) -> bytes:
    """Tag by which a person is found."""
    return sealer.tag_of_framed("id number", frame(id_number.encode()))
