"""Whom a document is about: a name and a masked ID number, under an id made for one export.

The identity objects are not hashed: a hash of a name or of four characters can be guessed at once,
and would only look like protection.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.credentials.jsonld import Document
from ledger.credentials.shape import check_uuid_urn, not_ours, text_of
from ledger.errors import MalformedError

_MASKED_ID: Final = "ext:MaskedNationalIdentityNumber"
_MASK: Final = "*" * 14
_LAST4: Final = re.compile(r"[0-9]{3}[0-9X]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a document is about, as far as a reader needs it to compare.

    Attributes:
        subject: ``urn:uuid:`` id made at random for one export, so that two exports cannot be
            linked.
        name: The holder's name.
        id_last4: The last four characters of the ID number.

    Raises:
        MalformedError: A field is not in its form.
    """

    subject: str
    name: str
    id_last4: str

    def __post_init__(self) -> None:
        check_uuid_urn(self.subject)
        if not self.name or not _LAST4.fullmatch(self.id_last4):
            raise MalformedError("holder: expected a name and the last four of an ID number")

    def to_json(self) -> list[Document]:
        """Give the identity objects: the name, and the ID number masked but for its last four."""
        return [
            _identity("name", self.name),
            _identity(_MASKED_ID, _MASK + self.id_last4),
        ]


def read_holder(subject: Mapping[str, Any]) -> Holder:
    """Read the holder out of a subject. The caller builds the document again and compares.

    Raises:
        MalformedError: The identity objects are not two in the form of ``Holder.to_json``.
    """
    try:
        name, masked = subject["identifier"]
        return Holder(
            text_of(subject["id"]),
            text_of(name["identityHash"]),
            text_of(masked["identityHash"]).removeprefix(_MASK),
        )
    except (KeyError, TypeError, ValueError):
        raise not_ours() from None


def _identity(kind: str, value: str) -> Document:
    return {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": value,
        "identityType": kind,
    }
