"""Organisations that may issue, and what each may issue for.

    {"v":1,"id":"org-...","name":"...","uscc":"...","type":"school",
     "scope":[{"occupation":"4-10-01-05","levels":[1,2,3],"from":"2023-01-01","to":null}],
     "status":"active"}

A later entry for one id replaces the earlier. No rule reads the type: 民辦 and 公辦 are equal
(policy M10), and what an organisation may do follows from its scope alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.core.entry import LEDGER_ISSUER, is_issuer
from ledger.domain.fields import Fields
from ledger.domain.identifiers import read_uscc
from ledger.domain.levels import RANK_MAX
from ledger.errors import MalformedError

ANY_OCCUPATION: Final = "*"
STATUSES: Final = frozenset({"active", "suspended", "closed"})
SCOPES_MAX: Final = 500

_OCCUPATION: Final = re.compile(r"[1-8]-[0-9]{2}-[0-9]{2}-[0-9]{2}")
_TYPE: Final = re.compile(r"[a-z]+(-[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Scope:
    """One part of what an organisation is filed for.

    Attributes:
        occupation: Occupation code, or ``*`` for all.
        levels: Ranks.
        start: First day.
        end: Last day, or None while it runs.

    Raises:
        MalformedError: A field is outside its form.
    """

    occupation: str
    levels: frozenset[int]
    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.occupation != ANY_OCCUPATION and not _OCCUPATION.fullmatch(self.occupation):
            raise MalformedError("scope: expected an occupation code such as 4-10-01-05, or *")
        if not self.levels or not self.levels <= set(range(RANK_MAX + 1)):
            raise MalformedError("scope: expected at least one level rank, 0 to 7")
        if self.end is not None and self.end < self.start:
            raise MalformedError("scope: expected the last day not before the first")

    def covers(self, occupation: str, level: int, on: date) -> bool:
        """Tell whether an occupation at a rank on a day lies in this part."""
        return (
            self.occupation in (ANY_OCCUPATION, occupation)
            and level in self.levels
            and self.start <= on
            and (self.end is None or on <= self.end)
        )


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as the ledger knows it.

    Attributes:
        id: ``org-`` and 26 of a-z2-7.
        name: Its registered name.
        uscc: 統一社會信用代碼 in its one form.
        type: What it does here, such as ``school`` or ``assessor``. For display; no rule reads it.
        scope: What it is filed for.
        status: ``active``, ``suspended`` or ``closed``.

    Raises:
        MalformedError: A field is outside its form.
    """

    id: str
    name: str
    uscc: str
    type: str
    scope: tuple[Scope, ...]
    status: str = "active"

    def __post_init__(self) -> None:
        if not is_issuer(self.id) or self.id == LEDGER_ISSUER:
            raise MalformedError("organisation id: expected org- and 26 characters of a-z2-7")
        if read_uscc(self.uscc).value != self.uscc:
            raise MalformedError("organisation uscc: expected 18 characters as in GB 32100")
        if not _TYPE.fullmatch(self.type):
            raise MalformedError("organisation type: expected lower-case words, as in school")
        if self.status not in STATUSES:
            raise MalformedError("organisation status: expected active, suspended or closed")
        if len(self.scope) > SCOPES_MAX:
            raise MalformedError(f"organisation scope: expected at most {SCOPES_MAX} parts")

    def covers(self, occupation_code: str, level: int, on: date) -> bool:
        """Tell whether the organisation is active and filed for an occupation and rank on a day."""
        if self.status != "active":
            return False
        for part in self.scope:  # noqa: SIM110 - any() takes twice as long on the write path
            if part.covers(occupation_code, level, on):
                return True
        return False


def organisation_body(organisation: Organisation) -> dict[str, Any]:
    """Give the body of the entry that records an organisation as it is now."""
    return {
        "v": 1,
        "id": organisation.id,
        "name": organisation.name,
        "uscc": organisation.uscc,
        "type": organisation.type,
        "scope": [
            {
                "occupation": part.occupation,
                "levels": sorted(part.levels),
                "from": part.start.isoformat(),
                "to": part.end.isoformat() if part.end else None,
            }
            for part in organisation.scope
        ],
        "status": organisation.status,
    }


def parse_organisation_body(body: Mapping[str, Any]) -> Organisation:
    """Read an organisation back from its body.

    Raises:
        MalformedError: The body is not exactly what ``organisation_body`` writes.
    """
    names = ("v", "id", "name", "uscc", "type", "scope", "status")
    fields = Fields("organisation", body, names, quoting=True)
    fields.integer("v", 1, 1)
    return Organisation(
        id=fields.text("id"),
        name=fields.text("name"),
        uscc=fields.text("uscc"),
        type=fields.text("type"),
        scope=tuple(_parse_scope(part) for part in fields.items("scope")),
        status=fields.choice("status", STATUSES),
    )


def _parse_scope(value: object) -> Scope:
    part = Fields("organisation.scope", value, ("occupation", "levels", "from", "to"), quoting=True)
    levels = part.items("levels")
    ranks = [rank for rank in levels if type(rank) is int]
    if len(ranks) != len(levels) or ranks != sorted(set(ranks)):
        raise part.fail("levels", "ranks in ascending order, each once")
    return Scope(
        occupation=part.text("occupation"),
        levels=frozenset(ranks),
        start=part.day("from"),
        end=part.optional("to", part.day),
    )
