"""What the authority sets: organisations, occupations, credit schedules; each is an entry."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ledger.core.digest import sha256
from ledger.core.entry import LEDGER_ISSUER
from ledger.domain.bodies import schedule_body
from ledger.domain.body_reading import parse_schedule_body
from ledger.domain.identifiers import read_uscc
from ledger.domain.occupations import OccupationTable, read_occupation_table
from ledger.domain.organisations import (
    Organisation,
    Scope,
    organisation_body,
    parse_organisation_body,
)
from ledger.domain.schedule_terms import CreditSchedule
from ledger.errors import ConflictError, RefusedError
from ledger.services.batch import Batch
from ledger.services.context import Ledger
from ledger.services.record import write
from ledger.services.registry import Registry
from ledger.storage.engine import reading

# Each occupation entry stays well below the 65,535 bytes of a body.
OCCUPATIONS_PER_ENTRY = 500


def read_registry(ledger: Ledger) -> Registry:
    """Read what the log says of organisations, occupations and schedules."""
    with reading(ledger.engine) as connection:
        return ledger.registry.read(connection)


def add_organisation(
    ledger: Ledger, name: str, uscc: str, type_: str, scope: Iterable[Scope]
) -> Organisation:
    """Register an organisation with its accredited scope, one for each 統一社會信用代碼.

    Raises:
        RefusedError: The code is not one (GB 32100).
        ConflictError: The code is registered already.
        MalformedError: Another field is outside its form.
    """
    reading_of_code = read_uscc(uscc)
    if reading_of_code.value is None:
        raise RefusedError(
            "organisation: expected a 統一社會信用代碼 of 18 characters with a right check "
            "character",
            code="uscc",
        )
    organisation = Organisation(
        ledger.new_id("org"), name, reading_of_code.value, type_, tuple(scope)
    )
    body = organisation_body(organisation)
    # What cannot be read back must never enter: every later reader of the log would stop at it.
    parse_organisation_body(body)

    def work(batch: Batch) -> None:
        known = batch.ledger.registry.read(batch.connection).organisations.values()
        if any(other.uscc == organisation.uscc for other in known):
            raise ConflictError(
                "organisation: its 統一社會信用代碼 is registered already",
                code="organisation-exists",
            )
        batch.add_public("organisation", LEDGER_ISSUER, body)

    write(ledger, work)
    return organisation


def change_organisation(
    ledger: Ledger,
    organisation_id: str,
    *,
    name: str | None = None,
    status: str | None = None,
    scope: Iterable[Scope] | None = None,
) -> Organisation:
    """Record an organisation as it is from now on, with what is given changed; give it.

    What it issued before stays, and is verified against what it was registered for then. Where
    nothing differs, nothing is recorded.

    Raises:
        NotFoundError: No organisation has that id.
        MalformedError: A field is outside its form.
    """
    given = {"name": name, "status": status, "scope": None if scope is None else tuple(scope)}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    changed: Organisation

    def work(batch: Batch) -> None:
        nonlocal changed
        known = batch.ledger.registry.read(batch.connection).organisation(organisation_id)
        changed = replace(known, **changes)
        if changed == known:
            return
        body = organisation_body(changed)
        parse_organisation_body(body)
        batch.add_public("organisation", LEDGER_ISSUER, body)

    write(ledger, work)
    return changed


def add_schedule(ledger: Ledger, schedule: CreditSchedule) -> int:
    """Publish a version of a credit schedule; give its entry.

    Raises:
        ConflictError: That id and version are published already; a published version never changes.
    """
    index = -1
    body = schedule_body(schedule)
    parse_schedule_body(body)

    def work(batch: Batch) -> None:
        nonlocal index
        if (schedule.schedule_id, schedule.version) in batch.ledger.registry.read(
            batch.connection
        ).schedule_entries:
            raise ConflictError(
                "schedule: this version is published; give the change a new version",
                code="schedule-exists",
            )
        index = batch.add_public("schedule", LEDGER_ISSUER, body)

    write(ledger, work)
    return index


def import_occupations(ledger: Ledger, data: bytes) -> int:
    """Publish an occupation table (CSV with code, name, flags); give the number of its rows.

    Raises:
        MalformedError: The table has a row that is not one; its number is named.
    """
    read = read_occupation_table(data)
    rows = [[o.code, o.name, o.flags] for o in read]
    table = sha256(data)[:8].hex()

    def work(batch: Batch) -> None:
        known = {o.code: o for o in batch.ledger.registry.read(batch.connection).occupations}
        # Refuses here, not in every later reader, what would be too many together.
        OccupationTable((known | {o.code: o for o in read}).values())
        for part, start in enumerate(range(0, len(rows), OCCUPATIONS_PER_ENTRY)):
            body: dict[str, Any] = {
                "v": 1,
                "table": table,
                "version": part + 1,
                "rows": rows[start : start + OCCUPATIONS_PER_ENTRY],
            }
            batch.add_public("occupations", LEDGER_ISSUER, body)

    write(ledger, work)
    return len(rows)
