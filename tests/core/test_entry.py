"""An entry has one spelling, and it is canonical JSON."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import canonical
from ledger.core.canonical import INTEGER_MAX
from ledger.core.digest import EMPTY_ROOT, leaf_hash
from ledger.core.entry import KINDS, Entry, EntryWriter, decode_entry, is_issuer
from ledger.core.instant import INSTANT_MAX, format_instant
from ledger.errors import MalformedError
from tests.core.flips import every_flip

hashes = st.binary(min_size=32, max_size=32)
issuers = st.just("ledger") | st.text("abcxyz234567", min_size=26, max_size=26).map("org-".__add__)
entries = st.builds(
    Entry,
    index=st.integers(0, INTEGER_MAX),
    time_ms=st.integers(0, INSTANT_MAX),
    kind=st.sampled_from(sorted(KINDS)),
    issuer=issuers,
    body=hashes,
    prev=hashes,
)
FIRST = Entry(0, 1_795_334_400_123, "completion", "org-" + "a" * 26, b"\x0b" * 32, EMPTY_ROOT)
TEXT = (
    '{"body":"' + "0b" * 32 + '","index":0,"issuer":"org-' + "a" * 26 + '","kind":"completion",'
    '"prev":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",'
    '"suite":"SCL-1","time":"2026-11-22T08:00:00.123Z","v":1}'
)


@given(entries)
def test_an_entry_is_written_as_canonical_json_and_comes_back(entry: Entry) -> None:
    data = entry.encode()
    assert data == canonical.encode(
        {
            "v": 1,
            "suite": "SCL-1",
            "index": entry.index,
            "time": format_instant(entry.time_ms),
            "kind": entry.kind,
            "issuer": entry.issuer,
            "body": entry.body.hex(),
            "prev": entry.prev.hex(),
        }
    )
    assert decode_entry(data) == entry


def test_the_entry_of_the_architecture_is_written_so() -> None:
    assert FIRST.encode().decode() == TEXT
    assert decode_entry(TEXT.encode()) == FIRST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"index":0', '"index":00'),
        ('"index":0', '"index":-0'),
        ('"index":0', '"index":+1'),
        ('"index":0', '"index":1_0'),
        ('"index":0', '"index": 0'),
        ('"index":0', '"index":"0"'),
        ('"index":0', '"index":0.0'),
        ('"index":0', '"index":9007199254740992'),
        ('"index":0', '"index":٤'),
        ('"index":0', '"index":0,"index":0'),
        ('"v":1', '"v":2'),
        ('"v":1', '"v":true'),
        ('"v":1', '"v":1,"x":1'),
        (',"v":1', ""),
        ("0b0b", "0B0b"),
        ("0b0b", "0b"),
        ("SCL-1", "SCL-2"),
        ("SCL-1", "scl-1"),
        ("completion", "Completion"),
        ("completion", "completions"),
        ("completion", "comp\\u006cetion"),
        ("org-aaa", "org-aa1"),
        ("org-aaa", "org-AAA"),
        ("org-aaa", "org-aa"),
        ("org-aaa", "org-aaaa"),
        ("org-aaa", "gro-aaa"),
        ("08:00", "8:00"),
        ("08:00", "24:00"),
        (".123Z", ".12Z"),
        (".123Z", ".123+00:00"),
        ("2026-11-22", "2026-11-31"),
        ("2026-11-22", "1926-11-22"),
        ('{"body"', '{ "body"'),
        ('{"body"', '\ufeff{"body"'),
        ('"v":1}', '"v":1}\n'),
        ('"v":1}', '"v":1} '),
        ('"v":1}', '"v":1'),
    ],
)
def test_another_spelling_of_an_entry_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(MalformedError):
        decode_entry(TEXT.replace(old, new, 1).encode())


def test_another_order_of_keys_is_refused() -> None:
    with pytest.raises(MalformedError):
        decode_entry(TEXT.replace('"v":1', "").replace(",}", "}").replace("{", '{"v":1,').encode())


def test_every_flipped_bit_gives_another_entry_or_none() -> None:
    for changed in every_flip(FIRST.encode()):
        try:
            entry = decode_entry(changed)
        except MalformedError:
            continue
        assert entry != FIRST
        assert entry.encode() == changed


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": INTEGER_MAX + 1},
        {"time_ms": -1},
        {"time_ms": INSTANT_MAX + 1},
        {"kind": "award"},
        {"issuer": ""},
        {"issuer": "org-" + "a" * 25},
        {"issuer": "org-" + "a" * 26 + "\n"},
        {"issuer": "org-" + "1" * 26},
        {"body": b""},
        {"body": bytes(31)},
        {"prev": bytes(33)},
        {"suite": "SCL-0"},
    ],
    ids=str,
)
def test_a_wrong_entry_cannot_be_made(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        replace(FIRST, **change)


def test_an_issuer_is_the_ledger_or_an_organisation() -> None:
    assert is_issuer("ledger")
    assert is_issuer("org-" + "7" * 26)
    assert not is_issuer("ledger\n")
    assert not is_issuer("org-ledger")


@given(
    st.integers(0, 2**53 - 3),
    st.integers(0, 253402300799999),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["ledger", "org-" + "a" * 26]),
    st.binary(min_size=32, max_size=32),
)
def test_a_batch_writer_writes_what_each_entry_would(
    first: int, time_ms: int, kind: str, issuer: str, digest: bytes
) -> None:
    drafts = [(kind, issuer, digest), ("key", "ledger", bytes(32)), (kind, issuer, digest[::-1])]
    prev = digest[::-1]
    for index, leaf, written in EntryWriter(time_ms).chain(first, drafts, prev):
        assert written == Entry(index, time_ms, *drafts[index - first], prev).encode()
        assert leaf == leaf_hash(written)
        prev = leaf
    assert index == first + 2


@pytest.mark.parametrize(
    "fields",
    [
        (-1, "key", "ledger", bytes(32), bytes(32)),
        (0, "card", "ledger", bytes(32), bytes(32)),
        (0, "key", 'led"ger', bytes(32), bytes(32)),
        (0, "key", "ledger", bytes(31), bytes(32)),
        (0, "key", "ledger", bytes(32), bytes(33)),
        (2**53, "key", "ledger", bytes(32), bytes(32)),
    ],
)
def test_a_batch_writer_refuses_what_an_entry_refuses(
    fields: tuple[int, str, str, bytes, bytes],
) -> None:
    writer = EntryWriter(0)
    writer.chain(0, [("key", "ledger", bytes(32))], bytes(32))
    first, kind, issuer, body, prev = fields
    with pytest.raises(MalformedError):
        writer.chain(first, [(kind, issuer, body)], prev)
