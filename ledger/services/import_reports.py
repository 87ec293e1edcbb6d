"""Import reports as they are kept: masked, sealed, in parts of one batch each."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ledger.errors import NotFoundError
from ledger.services.context import Ledger
from ledger.services.projection import id_number_tag
from ledger.storage import reports
from ledger.storage.engine import reading, writing


@dataclass(slots=True)
class ReportDraft:
    """A report while an import is under way; memory holds its compressed rows."""

    sizes: list[int] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    persons: set[bytes] = field(default_factory=set)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add the masked rows of one batch."""
        self.sizes.append(len(rows))
        self.parts.append(zlib.compress(b"\n".join(map(orjson.dumps, rows))))

    def add_person(self, ledger: Ledger, id_number: str) -> None:
        """Note that a row with a problem or a warning tells of this person."""
        self.persons.add(id_number_tag(ledger.sealer, id_number))


def keep_report(
    ledger: Ledger, report_id: str, draft: ReportDraft, head: Mapping[str, Any]
) -> None:
    """Keep a report under its id."""
    encoded = orjson.dumps({**head, "sizes": draft.sizes})
    kept = reports.KeptReport(report_id, encoded, draft.parts, draft.persons)
    with writing(ledger.engine) as connection:
        reports.store_report(connection, ledger.sealer, kept, ledger.clock())


def stored_report(
    ledger: Ledger, report_id: str, offset: int = 0, limit: int | None = None
) -> dict[str, Any]:
    """Give a kept report: issuer, summary, and ``limit`` of its masked rows from ``offset`` on.

    Costs opening the parts in which those rows lie.

    Raises:
        NotFoundError: No such report.
        DamagedError: It was changed.
    """
    ledger.renew_keys()
    with reading(ledger.engine) as connection:
        head: dict[str, Any] = orjson.loads(reports.read_head(connection, ledger.sealer, report_id))
        rows: list[Any] = []
        end = sum(head["sizes"]) if limit is None else offset + limit
        start = 0
        for part, size in enumerate(head.pop("sizes")):
            if start < end and start + size > offset:
                packed = reports.read_part(connection, ledger.sealer, report_id, part)
                if packed is None:
                    raise NotFoundError(f"report: its part {part} is gone")
                lines = zlib.decompress(packed).split(b"\n") if size else []
                rows += map(orjson.loads, lines[max(0, offset - start) : end - start])
            start += size
    return {**head, "total": start, "rows": rows}
