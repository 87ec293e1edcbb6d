"""Runs of entries: read quickly where they are as written, and not at all where they are not."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ledger.core.digest import EMPTY_ROOT, leaf_hash
from ledger.core.entry import Entry, decode_entry
from ledger.core.entry_run import EntryReader
from ledger.errors import MalformedError

ISSUERS = ("ledger", "org-" + "a" * 26)
KINDS = ("completion", "certificate", "erasure")


def made(marks: list[tuple[int, int, int]], first: int = 0) -> list[Entry]:
    """Make a chain; each mark picks kind and issuer and says by how much time went on."""
    entries: list[Entry] = []
    prev, time_ms = EMPTY_ROOT, 1_700_000_000_000
    for place, (kind, issuer, passed) in enumerate(marks):
        time_ms += passed
        body = leaf_hash(b"%d" % place)
        entry = Entry(first + place, time_ms, KINDS[kind], ISSUERS[issuer], body, prev)
        entries.append(entry)
        prev = leaf_hash(entry.encode())
    return entries


SINGLE = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.sampled_from([0, 0, 0, 1])),
    min_size=1,
    max_size=12,
)
# Whole batches of one kind and issuer too, which are read otherwise than single entries.
BATCHES = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 1), st.sampled_from([0, 1]), st.sampled_from([2, 8, 11])
    ),
    min_size=1,
    max_size=3,
).map(
    lambda batches: [
        (kind, issuer, passed if first else 0)
        for kind, issuer, passed, number in batches
        for first in (True, *[False] * (number - 1))
    ]
)
MARKS = SINGLE | BATCHES


@given(marks=MARKS, first=st.sampled_from([0, 7, 95, 9_995]))
def test_a_run_says_what_its_entries_say(marks: list[tuple[int, int, int]], first: int) -> None:
    entries = made(marks, first)
    data = tuple(entry.encode() for entry in entries)
    run = EntryReader().read(first, data, EMPTY_ROOT)
    assert run is not None
    assert run.leaves == b"".join(map(leaf_hash, data))
    assert run.commitments == b"".join(entry.body for entry in entries)
    assert run.kinds == [entry.kind for entry in entries]
    assert run.issuers == [entry.issuer for entry in entries]
    assert run.times_ms == [entry.time_ms for entry in entries]


@given(marks=MARKS, place=st.integers(0), at=st.integers(0), byte=st.integers(0, 255))
def test_one_other_byte_is_never_taken(
    marks: list[tuple[int, int, int]], place: int, at: int, byte: int
) -> None:
    """Unless it makes another entry that may stand there: another body, kind, issuer or time."""
    entries = made(marks)
    place %= len(entries)
    changed = bytearray(entries[place].encode())
    changed[at % len(changed)] = byte
    data = [entry.encode() for entry in entries]
    # What follows is chained anew, so that nothing but the byte itself can be what is wrong.
    data[place] = bytes(changed)
    for behind in range(place + 1, len(entries)):
        data[behind] = replace(entries[behind], prev=leaf_hash(data[behind - 1])).encode()
    reader = EntryReader()
    reader.read(0, tuple(entry.encode() for entry in entries), EMPTY_ROOT)  # it knows the pieces
    run = reader.read(0, tuple(data), EMPTY_ROOT)
    try:
        entry = decode_entry(data[place])
    except MalformedError:
        assert run is None
        return
    prev = leaf_hash(data[place - 1]) if place else EMPTY_ROOT
    times = [decode_entry(each).time_ms for each in data]
    fits = entry.index == place and entry.prev == prev and times == sorted(times)
    assert (run is not None) == fits


def test_a_run_that_does_not_continue_the_entry_before_is_given_up() -> None:
    data = tuple(entry.encode() for entry in made([(0, 0, 0)] * 3))
    reader = EntryReader()
    assert reader.read(0, data, EMPTY_ROOT) is not None
    assert reader.read(0, data, bytes(32)) is None
    assert reader.read(1, data, EMPTY_ROOT) is None
    assert reader.read(0, data[::-1], EMPTY_ROOT) is None


def test_hashes_in_capitals_or_with_blanks_are_given_up() -> None:
    (entry,) = made([(0, 0, 0)])
    data = entry.encode()
    body = entry.body.hex().encode()
    reader = EntryReader()
    assert reader.read(0, (data,), EMPTY_ROOT) is not None
    for other in (body.upper(), body[:-2] + b"  ", body[:-1] + b"g", body[:-2] + b"%b"):
        assert reader.read(0, (data.replace(body, other),), EMPTY_ROOT) is None
