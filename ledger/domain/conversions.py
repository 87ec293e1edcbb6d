"""Credits spent on something else, such as the exemption from a course, set against a transcript.

A source may fall after its credits were spent. The balance then says so: it is never negative
without a word, and the conversion that lost its source is flagged. Whether it falls too is the
schedule's to say (``revocation_cascade``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ledger.domain.number_text import format_number, parse_scaled
from ledger.domain.schedules import ScheduleBook
from ledger.domain.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Conversion:
    """Credits of the record at index ``source``, spent on ``target``."""

    credits: Fraction
    target: str
    source: int


@dataclass(frozen=True, slots=True)
class ConversionLine:
    """A conversion as a balance shows it.

    Attributes:
        conversion: What was spent.
        stands: False if it fell with its source; then it spends nothing.
        flag: ``source-revoked``, ``source-superseded``, ``source-expired``, ``source-missing``,
            ``source-exceeded`` (more spent than the source counts), or None.
    """

    conversion: Conversion
    stands: bool
    flag: str | None


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left, as decimal texts: ``available`` + spent = ``total`` + ``shortfall``.

    Attributes:
        total: Of the transcript.
        converted: Spent by the conversions that stand.
        available: What is left, zero at the least.
        shortfall: What was spent and is no longer covered.
        lines: The conversions, in the order given.
    """

    total: str
    converted: str
    available: str
    shortfall: str
    lines: tuple[ConversionLine, ...]


def balance(
    transcript: Transcript, conversions: Iterable[Conversion], book: ScheduleBook
) -> Balance:
    """Set conversions against a transcript.

    Raises:
        RefusedError: ``schedule-missing``: a source names a version that the book lacks.
    """
    spent_on: dict[int, Fraction] = {}
    lines = []
    for conversion in conversions:
        line = _judge(transcript, conversion, book, spent_on.get(conversion.source, Fraction()))
        if line.stands:
            spent_on[conversion.source] = (
                spent_on.get(conversion.source, Fraction()) + conversion.credits
            )
        lines.append(line)
    total = parse_scaled(transcript.total)
    converted = sum(spent_on.values(), Fraction())
    return Balance(
        transcript.total,
        format_number(converted),
        format_number(max(total - converted, Fraction())),
        format_number(max(converted - total, Fraction())),
        tuple(lines),
    )


def _judge(
    transcript: Transcript, conversion: Conversion, book: ScheduleBook, spent: Fraction
) -> ConversionLine:
    source = next((line for line in transcript.lines if line.index == conversion.source), None)
    if source is None:
        return ConversionLine(conversion, stands=True, flag="source-missing")
    if source.status != "active":
        credit = source.body["credit"]
        cascade = book.version(credit["schedule"], credit["version"]).revocation_cascade
        falls = source.status == "revoked" and "conversion" in cascade
        return ConversionLine(conversion, stands=not falls, flag=f"source-{source.status}")
    exceeded = spent + conversion.credits > parse_scaled(source.counted)
    return ConversionLine(conversion, stands=True, flag="source-exceeded" if exceeded else None)
