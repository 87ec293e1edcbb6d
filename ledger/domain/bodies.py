"""Bodies of entries: what an entry commits to.

    {"corrects":null,"credit":{...},"facts":{...},"subject":"<hex>","v":1}

The shapes are in docs/architecture.md, Bodies. ``facts`` are the issuer's, the rest is the ledger's
doing. Readers (``body_reading``) take exactly what writers make.
"""

from functools import lru_cache
from typing import Any, Final

from ledger.core.canonical import BYTES_MAX, encode
from ledger.core.digest import HASH_BYTES
from ledger.domain.body_reading import VERSION
from ledger.domain.credits import Award
from ledger.domain.number_text import format_fraction
from ledger.domain.schedule_terms import CreditSchedule
from ledger.domain.schedules import schedule_hash
from ledger.errors import MalformedError

PERSONAL_KINDS: Final = frozenset({"completion", "certificate"})
"""Kinds of entry whose bodies are about a person."""
_CORRECTS: Final = b'{"corrects":'
_END: Final = b'","v":%d}' % VERSION


class RecordBodyWriter:
    """Writes the bodies of one batch; the credit that all of a class earn is written once."""

    def __init__(self) -> None:
        # What stands before the facts if nothing is corrected. By identity of the award, for speed;
        # each award is held, so that no other can take its place.
        self._credits: dict[int, tuple[Award, CreditSchedule, bytes]] = {}

    def around_subject(
        self, content: bytes, award: Award, schedule: CreditSchedule, corrects: int | None
    ) -> tuple[bytes, bytes]:
        """Write the body of a completion or certificate but for the hex of the subject's tag.

        The tag depends on the body's salt, so it comes last; give what stands before and behind it.
        The members are written in their sorted order around bytes that are canonical already, which
        a property test holds to ``canonical.encode`` of the whole.

        Args:
            content: ``RecordFacts.content``.
            award: What the record earned.
            schedule: Under which schedule.
            corrects: Index of the entry that this one supersedes, or None.

        Raises:
            MalformedError: The body is longer than an entry bundle can hold.
        """
        known = self._credits.get(id(award))
        if known is None or known[1] is not schedule:
            opening = _CORRECTS + b'null,"credit":' + _credit(award, schedule) + b',"facts":'
            known = self._credits[id(award)] = (award, schedule, opening)
        opening = known[2]
        if corrects is not None:
            opening = b"%b%d%b" % (_CORRECTS, corrects, opening.removeprefix(_CORRECTS + b"null"))
        before = b"".join((opening, content, b',"subject":"'))
        length = len(before) + 2 * HASH_BYTES + len(_END)
        if length > BYTES_MAX:
            raise MalformedError(f"body: found {length} bytes, expected at most {BYTES_MAX}")
        return before, _END


def ends_with_subject(body: bytes, tag: str) -> bool:
    """Tell whether a personal body ends as one does whose subject has this tag.

    ``subject`` and ``v`` are the last of its members, and neither can be spelt in another way.
    """
    return body.endswith(b'"subject":"' + tag.encode() + _END)


def schedule_body(schedule: CreditSchedule) -> dict[str, Any]:
    """Make the body that publishes a credit schedule."""
    return {"v": VERSION, **schedule.to_json()}


# Where a schedule looks at scores, each row has an award of its own, equal to others'.
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
