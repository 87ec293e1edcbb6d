"""The records of this ledger: what an issuer orders to be recorded.

Commands are orders from an issuer; a body (see docs/architecture.md) is the fact that was recorded.
The person in a command goes to the vault alone; nothing of it enters a body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction


class _Plain:
    # What a dataclass with slots does for itself when it is pickled takes ten times as long.
    __slots__ = ()

    def __reduce__(  # type: ignore[explicit-override]  # typing has it from 3.12 on
        self,
    ) -> tuple[type, tuple[object, ...]]:
        names: tuple[str, ...] = type(self).__slots__
        return type(self), tuple([getattr(self, name) for name in names])


@dataclass(frozen=True, slots=True)
class Person(_Plain):
    """Whom a record is about, as the issuer names them. For the vault only."""

    name: str
    id_number: str
    phone: str | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occupation(_Plain):
    """A row of the occupation table.

    Code ``d-dd-dd-dd``, its name, and its flags (``S`` digital, ``L`` green).
    """

    code: str
    name: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class TrainingClass(_Plain):
    """One class (班級) of a training, with its first and last day."""

    number: str
    name: str | None
    training_type: str | None
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Assessment(_Plain):
    """How the class was examined.

    Scores are decimal texts by part (``theory``, ``practice``, ``overall``).
    """

    on: date | None
    passed: bool
    scores: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Certificate(_Plain):
    """A certificate as its issuer states it; a right form proves nothing by itself."""

    type: str
    number: str
    issued: date
    assessor: str | None = None


@dataclass(frozen=True, slots=True)
class RecordCompletion(_Plain):
    """Record that a person completed a class. ``level`` is the rank, ``hours`` are 課時 by mode."""

    person: Person
    training_class: TrainingClass
    occupation: Occupation
    level: int
    hours: Mapping[str, Fraction]
    attendance: Fraction | None
    assessment: Assessment
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class RecordCertificate(_Plain):
    """Record a certificate that a person gained, with or without a class on this ledger."""

    person: Person
    certificate: Certificate
    occupation: Occupation
    level: int
