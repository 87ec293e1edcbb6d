"""The quick reading of bodies gives what the careful one gives, and takes nothing else."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.canonical import encode
from ledger.domain.credits import Award
from ledger.domain.recorded_facts import RecordedFactsReader, read_with_care
from ledger.domain.records import Assessment
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.errors import MalformedError
from tests.domain.specimens import SUBJECT, body_with, certificate, completion

SEVEN = Award(Fraction(7), "7.0")
OTHER = "ab" * 32


def body(subject: str = SUBJECT, corrects: int | None = None, **changes: object) -> bytes:
    """Write the body of a completion, of this subject's tag."""
    value = body_with(replace(completion(), **changes), SEVEN, EXAMPLE_SCHEDULE, corrects)
    return encode({**value, "subject": subject})


BODIES = [
    body(),
    body(OTHER),
    body(attendance=None),
    body(certificate=None),
    body(certificate=replace(certificate().certificate, assessor="某评价机构")),
    body(certificate=replace(certificate().certificate, number='"编号"')),
    body(assessment=Assessment(None, passed=False, scores={})),
    body(assessment=Assessment(None, passed=True, scores={"a": "1", "b": "2"})),
    body(corrects=7),
    body(level=2),
]


@pytest.mark.parametrize("first", range(len(BODIES)))
def test_a_body_reads_the_same_whatever_was_read_before(first: int) -> None:
    for data in BODIES:
        reader = RecordedFactsReader()
        reader.read(BODIES[first], SUBJECT)
        careful = read_with_care(data)
        subject = str(careful.subject)
        for _ in range(2):
            read = reader.read(data, subject)
            assert read is not None
            known, content, number = read
            assert (content, number) == (careful.content, careful.certificate_number)
            assert known.corrects == careful.corrects
            assert (known.kind, known.identity, known.event_on) == (
                careful.kind, careful.identity, careful.event_on,
            )  # fmt: skip
        assert reader.read(data, "cd" * 32) is None


@given(which=st.integers(0, len(BODIES) - 1), at=st.integers(0), byte=st.integers(0, 255))
def test_a_changed_byte_reads_as_it_does_with_care(which: int, at: int, byte: int) -> None:
    """A reader that knows the body takes of another what the careful reading takes, no more."""
    data = bytearray(BODIES[which])
    data[at % len(data)] = byte
    changed = bytes(data)
    reader = RecordedFactsReader()
    reader.read(BODIES[which], str(read_with_care(BODIES[which]).subject))
    try:
        careful = read_with_care(changed)
    except (MalformedError, AttributeError, LookupError, TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            reader.read(changed, str(read_with_care(BODIES[which]).subject))
        return
    read = reader.read(changed, str(careful.subject))
    assert read is not None
    known, content, number = read
    assert (content, number) == (careful.content, careful.certificate_number)
    assert (known.kind, known.identity, known.event_on, known.corrects) == (
        careful.kind, careful.identity, careful.event_on, careful.corrects,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"scores":{', '"scores":{"zz":"1",'),
        ('"attendance":"', '"attendance":"\\u0031'),
        ('"passed":true', '"passed":true '),
        ('"type":"', '"type":"e\u0301'),
        ('"assessor":null', '"assessor":null,"assessor":null'),
    ],
)
def test_what_is_not_canonical_is_refused_by_a_reader_that_knows_its_like(
    old: str, new: str
) -> None:
    text = body().decode()
    assert old in text
    reader = RecordedFactsReader()
    reader.read(text.encode(), SUBJECT)
    with pytest.raises(MalformedError):
        reader.read(text.replace(old, new).encode(), SUBJECT)
