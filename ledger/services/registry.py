"""The registry: organisations, occupations and credit schedules, as the log's public entries say.

There is no table of them: the entries are the truth, and this reads them once and then only what is
new. A registry is a value; a write loads it inside its transaction, so that a rule of a minute ago
is never applied by mistake.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.domain.body_reading import parse_schedule_body
from ledger.domain.occupations import OccupationTable, policy_table
from ledger.domain.organisations import Organisation, parse_organisation_body
from ledger.domain.records import Occupation
from ledger.domain.schedule_terms import CreditSchedule
from ledger.domain.schedules import ScheduleBook
from ledger.errors import NotFoundError
from ledger.storage import bodies, projections

KINDS = ("organisation", "occupations", "schedule")


@dataclass(frozen=True, slots=True)
class Registry:
    """What the log says at one size.

    Attributes:
        seen: Index of the newest public entry that was read; -1 for none.
        organisations: By id; the newest entry for an id holds.
        organisation_entries: Indices of an organisation's entries, oldest first, by id.
        schedule_entries: Index of the entry of each (schedule id, version).
    """

    seen: int = -1
    organisations: dict[str, Organisation] = field(default_factory=dict)
    organisation_entries: dict[str, tuple[int, ...]] = field(default_factory=dict)
    schedules: tuple[CreditSchedule, ...] = ()
    schedule_entries: dict[tuple[str, int], int] = field(default_factory=dict)
    occupations: OccupationTable = field(default_factory=policy_table)
    book: ScheduleBook = field(default_factory=lambda: ScheduleBook(()))

    def organisation(self, organisation_id: str) -> Organisation:
        """Find an organisation.

        Raises:
            NotFoundError: None has that id.
        """
        if organisation_id not in self.organisations:
            raise NotFoundError(
                f"organisation {organisation_id[:40]}: not registered; 'organisation list' shows "
                f"those that are",
                code="issuer-unknown",
            )
        return self.organisations[organisation_id]


class RegistryCache:
    """The registry as this process last read it: an append-only log only ever adds to it."""

    def __init__(self) -> None:
        self._known = Registry()

    def read(self, connection: Connection) -> Registry:
        """Give the registry at the state that ``connection`` sees.

        Costs the entries that are new.
        """
        self._known = _extended(self._known, connection)
        return self._known


def _extended(base: Registry, connection: Connection) -> Registry:
    fresh = projections.public_entries(connection, base.seen, KINDS)
    if not fresh:
        return base
    stored = bodies.read_bodies(connection, [index for index, _ in fresh])
    organisations, entries = dict(base.organisations), dict(base.organisation_entries)
    schedules, schedule_entries = list(base.schedules), dict(base.schedule_entries)
    occupations = base.occupations
    for index, kind in fresh:
        body: Any = decode(stored[index].content)
        if kind == "organisation":
            organisation = parse_organisation_body(body)
            organisations[organisation.id] = organisation
            entries[organisation.id] = (*entries.get(organisation.id, ()), index)
        elif kind == "schedule":
            schedule = parse_schedule_body(body)
            schedules.append(schedule)
            schedule_entries[schedule.schedule_id, schedule.version] = index
        else:
            rows = {row.code: row for row in occupations}
            rows.update((code, Occupation(code, name, flags)) for code, name, flags in body["rows"])
            occupations = OccupationTable(rows.values())
    return Registry(
        seen=fresh[-1][0],
        organisations=organisations,
        organisation_entries=entries,
        schedules=tuple(schedules),
        schedule_entries=schedule_entries,
        occupations=occupations,
        book=ScheduleBook(tuple(schedules)),
    )
