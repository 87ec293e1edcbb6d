"""Bodies of entries: what an entry commits to.

    {"corrects":null,"credit":{...},"facts":{...},"subject":"<hex>","v":1}

The shapes are in docs/architecture.md, Bodies. ``facts`` are the issuer's, the rest is the ledger's
doing. Readers (``body_reading``) take exactly what writers make.
"""

from functools import lru_cache
from typing import Any, Final

from ledger.core.canonical import BYTES_MAX, encode
from ledger.domain.body_reading import VERSION
from ledger.domain.credits import Award
from ledger.domain.number_text import format_fraction
from ledger.domain.schedule_terms import CreditSchedule
from ledger.domain.schedules import schedule_hash
from ledger.errors import MalformedError

PERSONAL_KINDS: Final = frozenset({"completion", "certificate"})
"""Kinds of entry whose bodies are about a person."""


def encode_record_body(
    content: bytes,
    award: Award,
    schedule: CreditSchedule,
    corrects: int | None,
    subject: bytes,
) -> bytes:
    """Write the body of a completion or certificate.

    The members are written in their sorted order around bytes that are canonical already, which a
    property test holds to ``canonical.encode`` of the whole.

    Args:
        content: ``RecordFacts.content``.
        award: What the record earned.
        schedule: Under which schedule.
        corrects: Index of the entry that this one supersedes, or None.
        subject: The subject's tag under this body's salt.

    Raises:
        MalformedError: The body is longer than an entry bundle can hold.
    """
    body = b'{"corrects":%s,"credit":%s,"facts":%s,"subject":"%s","v":%d}' % (
        b"null" if corrects is None else b"%d" % corrects,
        _credit(award, schedule),
        content,
        subject.hex().encode(),
        VERSION,
    )
    if len(body) > BYTES_MAX:
        raise MalformedError(f"body: found {len(body)} bytes, expected at most {BYTES_MAX}")
    return body


def schedule_body(schedule: CreditSchedule) -> dict[str, Any]:
    """Make the body that publishes a credit schedule."""
    return {"v": VERSION, **schedule.to_json()}


@lru_cache(maxsize=4_096)
def _credit(award: Award, schedule: CreditSchedule) -> bytes:
    return encode(
        {
            "schedule": schedule.schedule_id,
            "version": schedule.version,
            "schedule_hash": schedule_hash(schedule),
            "exact": format_fraction(award.exact),
            "granted": award.granted,
            "reasons": list(award.reasons),
        }
    )
