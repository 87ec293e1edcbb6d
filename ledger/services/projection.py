"""How a record's projection row follows from its body.

One function, for the write path, the audit and a rebuild.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ledger.core.canonical import encode
from ledger.domain.bodies import NOT_FACTS, identity_of
from ledger.storage.projections import RecordRow
from ledger.storage.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Stated:
    """The facts of a record, with the canonical bytes by which it is compared."""

    facts: Mapping[str, Any]
    identity: bytes
    content: bytes

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Encode facts.

        Raises:
            MalformedError: They cannot be written as canonical JSON.
        """
        return cls(facts, identity_of(facts), encode(facts))

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Self:
        """Take the facts out of a body."""
        return cls.of({key: value for key, value in body.items() if key not in NOT_FACTS})


def record_row(
    sealer: Sealer, index: int, kind: str, issuer: str, subject: str, stated: Stated
) -> RecordRow:
    """Work out the row of a record that nothing has superseded or revoked."""
    facts = stated.facts
    certificate = facts["certificate"]
    return RecordRow(
        index=index,
        subject=subject,
        issuer=issuer,
        kind=kind,
        event_on=facts["class"]["end"] if kind == "completion" else certificate["issued"],
        identity=identity_tag(sealer, subject, stated.identity),
        content=content_tag(sealer, subject, stated.content),
        certificate=None if certificate is None else certificate_tag(sealer, certificate["number"]),
    )


def identity_tag(sealer: Sealer, subject: str, identity: bytes) -> bytes:
    """Tag by which two postings are known to be of the same record, whoever posts them."""
    return sealer.tag("record identity", subject.encode(), identity)


def content_tag(sealer: Sealer, subject: str, content: bytes) -> bytes:
    """Tag by which a repeat is known to say the same."""
    return sealer.tag("record content", subject.encode(), content)


def certificate_tag(sealer: Sealer, number: str) -> bytes:
    """Tag by which a certificate number is known to be taken."""
    return sealer.tag("certificate", number.encode())


def id_number_tag(sealer: Sealer, id_number: str) -> bytes:
    """Tag by which a person is found."""
    return sealer.tag("id number", id_number.encode())
