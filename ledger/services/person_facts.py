"""What the vault keeps of a person: name, ID number, phones and categories, never shown whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from ledger.domain.masking import mask_name, mask_number
from ledger.domain.records import Person


def facts_of_new(person: Person) -> bytes:
    """Write what an issuer said of a new person, as ``PersonFacts.encode`` would."""
    phones = (person.phone,) if person.phone else ()
    return _encode(person.name, person.id_number, phones, person.categories)


def _encode(name: str, id_number: str, phones: Sequence[str], categories: Sequence[str]) -> bytes:
    # The encoder's own bytes sit in a block of a kilobyte. A copy gives it back at once; a thousand
    # of them, kept, have the heap grow and shrink with each.
    return b"%b" % orjson.dumps((name, id_number, phones, categories))


@dataclass(slots=True)
class PersonFacts:
    """A person's facts in the clear, for as long as one use needs them.

    Nobody changes one; frozen it would take four times as long to make.
    """

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    categories: tuple[str, ...] = field(default=(), repr=False)

    def joined(self, person: Person) -> "PersonFacts":
        """Add a phone or category that was not known yet."""
        phones = (
            self.phones
            if not person.phone or person.phone in self.phones
            else (*self.phones, person.phone)
        )
        new = tuple(c for c in person.categories if c not in self.categories)
        return PersonFacts(self.name, self.id_number, phones, self.categories + new)

    def encode(self) -> bytes:
        """Write the JSON bytes that are sealed."""
        return _encode(self.name, self.id_number, self.phones, self.categories)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what ``encode`` wrote and the vault kept sealed."""
        name, id_number, phones, categories = orjson.loads(data)
        return cls(name, id_number, tuple(phones), tuple(categories))

    def masked(self) -> dict[str, Any]:
        """Name and ID number as a list may show them: 张*, 330***********2154."""
        return {"name": mask_name(self.name), "id_number": mask_number(self.id_number)}
