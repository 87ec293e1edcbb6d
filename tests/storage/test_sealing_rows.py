"""What is sealed for a batch opens by the vault's means, where it belongs and nowhere else."""

import os
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.digest import SALT_BYTES, commitment, subject_tag
from ledger.errors import DamagedError, MalformedError
from ledger.storage.bodies import open_body
from ledger.storage.sealing import (
    KEY_BYTES,
    NONCE_BYTES,
    Cipher,
    Sealer,
    body_context,
    facts_context,
    key_context,
)
from ledger.storage.sealing_rows import DRAW_BYTES, Job, Sealed, seal_rows

VAULT_KEY = bytes([1]) * 32
SEALER = Sealer({1: VAULT_KEY, 2: bytes([2]) * 32}, 1, bytes([3]) * 32, os.urandom)
SUBJECT, OTHER = "a" * 32, "b" * 32
PERSON_KEY = bytes(range(32))
FACTS = '{"name":"钱子墨"}'.encode()
DRAW = Random(5).randbytes(DRAW_BYTES)
BEFORE, BEHIND = b'{"subject":"', b'","v":1}'

JOBS = st.builds(
    Job,
    st.text("0123456789abcdef", min_size=1, max_size=32),
    st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES),
    st.none() | st.binary(max_size=200),
    st.binary(min_size=DRAW_BYTES, max_size=DRAW_BYTES),
    st.binary(max_size=200),
    st.binary(max_size=200),
)


def _seal(
    subject: str = SUBJECT,
    facts: bytes | None = FACTS,
    draw: bytes = DRAW,
    before: bytes = BEFORE,
) -> Sealed:
    return next(seal_rows(VAULT_KEY, [Job(subject, PERSON_KEY, facts, draw, before, BEHIND)]))


@given(JOBS)
def test_a_sealed_body_opens_to_its_salt_and_to_the_body_with_the_subjects_tag(job: Job) -> None:
    subject, key, _, draw, before, behind = job
    committed, sealed, _, _ = next(seal_rows(VAULT_KEY, [job]))
    body = open_body(Cipher(key, os.urandom), subject, committed, sealed)
    tag = subject_tag(body.salt, subject.encode())
    assert body.salt == draw[:SALT_BYTES]
    assert body.content == before + tag.hex().encode() + behind
    assert committed == commitment(body.salt, body.content)


@given(JOBS)
def test_a_new_persons_key_and_facts_open_as_those_of_a_stored_person_do(job: Job) -> None:
    subject, key, facts, *_ = job
    _, _, wrapped, sealed_facts = next(seal_rows(VAULT_KEY, [job]))
    if facts is None:
        assert (wrapped, sealed_facts) == (b"", b"")
        return
    cipher = SEALER.unwrap(subject, 1, wrapped)
    assert cipher.key == key
    assert cipher.open(sealed_facts, facts_context(subject.encode())) == facts


def test_a_known_persons_job_wraps_no_key_and_seals_no_facts() -> None:
    """Empty facts of a new person are yet facts: without the wrapped key all would be lost."""
    assert _seal(facts=None)[2:] == (b"", b"")
    assert all(_seal(facts=b"")[2:])
    assert _seal(facts=None)[:2] == _seal()[:2]


def test_nothing_of_it_opens_for_another_subject_or_commitment_or_key() -> None:
    committed, sealed, wrapped, facts = _seal()
    cipher = Cipher(PERSON_KEY, os.urandom)
    for open_wrongly in (
        lambda: open_body(cipher, OTHER, committed, sealed),
        lambda: open_body(cipher, SUBJECT, bytes(32), sealed),
        lambda: open_body(Cipher(VAULT_KEY, os.urandom), SUBJECT, committed, sealed),
        lambda: SEALER.unwrap(OTHER, 1, wrapped),
        lambda: SEALER.unwrap(SUBJECT, 2, wrapped),
        lambda: cipher.open(facts, facts_context(OTHER.encode())),
        lambda: Cipher(VAULT_KEY, os.urandom).open(facts, facts_context(SUBJECT.encode())),
    ):
        with pytest.raises(DamagedError):
            open_wrongly()


def test_no_sealed_part_can_be_taken_for_another() -> None:
    committed, sealed, wrapped, facts = _seal()
    subject = SUBJECT.encode()
    contexts = (body_context(subject, committed), key_context(subject), facts_context(subject))
    for place, part in enumerate((sealed, wrapped, facts)):
        for other, context in enumerate(contexts):
            if other == place:
                continue
            for key in (PERSON_KEY, VAULT_KEY):
                with pytest.raises(DamagedError):
                    Cipher(key, os.urandom).open(part, context)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_flipped_bit_in_a_sealed_part_is_noticed(part: int) -> None:
    made = _seal()
    for position in range(len(made[part])):
        parts = list(made)
        changed = bytearray(parts[part])
        changed[position] ^= 1
        parts[part] = bytes(changed)
        committed, sealed, wrapped, facts = parts
        with pytest.raises(DamagedError):  # noqa: PT012 - one of the three opens no more
            cipher = SEALER.unwrap(SUBJECT, 1, wrapped)
            cipher.open(facts, facts_context(SUBJECT.encode()))
            open_body(cipher, SUBJECT, committed, sealed)


def test_what_is_secret_does_not_stand_in_what_is_stored() -> None:
    stored = b"".join(_seal())
    for secret in (VAULT_KEY, PERSON_KEY, FACTS, SUBJECT.encode(), DRAW[:SALT_BYTES], BEFORE):
        assert secret not in stored


@given(st.binary(min_size=DRAW_BYTES, max_size=DRAW_BYTES), st.data())
def test_the_same_draw_seals_the_same_and_another_draw_shares_no_byte_string(
    draw: bytes, data: st.DataObject
) -> None:
    assert _seal(draw=draw) == _seal(draw=draw)
    changed = bytearray(draw)
    changed[data.draw(st.integers(0, DRAW_BYTES - 1))] ^= data.draw(st.integers(1, 255))
    assert _seal(draw=bytes(changed)) != _seal(draw=draw)
    fresh = bytes(byte ^ 255 for byte in draw)
    assert all(one != other for one, other in zip(_seal(draw=fresh), _seal(draw=draw), strict=True))


def _uses(draw: bytes) -> list[bytes]:
    committed, sealed, wrapped, facts = _seal(draw=draw)
    salt = open_body(Cipher(PERSON_KEY, os.urandom), SUBJECT, committed, sealed).salt
    return [salt, *(part[:NONCE_BYTES] for part in (sealed, wrapped, facts))]


def test_salt_and_the_three_nonces_share_no_byte_of_a_draw_and_leave_none_over() -> None:
    """Two things sealed under one key and one nonce would open both; each byte is used once."""
    places = [set[int](), set[int](), set[int](), set[int]()]
    plain = _uses(bytes(DRAW_BYTES))
    for position in range(DRAW_BYTES):
        draw = bytearray(DRAW_BYTES)
        draw[position] = 255
        for place, (one, other) in enumerate(zip(_uses(bytes(draw)), plain, strict=True)):
            if one != other:
                places[place].add(position)
    assert all(one.isdisjoint(other) for one, other in combinations(places, 2))
    assert [len(one) for one in places] == [SALT_BYTES, NONCE_BYTES, NONCE_BYTES, NONCE_BYTES]
    assert set.union(*places) == set(range(DRAW_BYTES))


@given(st.binary(min_size=DRAW_BYTES, max_size=DRAW_BYTES))
def test_salt_and_nonces_together_are_the_whole_draw(draw: bytes) -> None:
    assert b"".join(_uses(draw)) == draw


@given(st.lists(JOBS, max_size=8))
def test_jobs_are_done_in_their_order_and_do_not_touch_their_neighbours(jobs: list[Job]) -> None:
    alone = [next(seal_rows(VAULT_KEY, [job])) for job in jobs]
    assert list(seal_rows(VAULT_KEY, jobs)) == list(seal_rows(VAULT_KEY, iter(jobs))) == alone


def test_two_bodies_of_one_person_are_not_linked_by_what_they_show() -> None:
    """Docs, architecture, Bodies: a stranger with two disclosed bodies sees two subjects."""
    first, second = (_seal(draw=Random(seed).randbytes(DRAW_BYTES)) for seed in (1, 2))
    cipher = Cipher(PERSON_KEY, os.urandom)
    one, other = (open_body(cipher, SUBJECT, s[0], s[1]).content for s in (first, second))
    assert one.startswith(BEFORE)
    assert other.startswith(BEFORE)
    assert one[len(BEFORE) :][:64] != other[len(BEFORE) :][:64]


@pytest.mark.parametrize("length", [0, 31, 32, DRAW_BYTES - 12, DRAW_BYTES - 1, DRAW_BYTES + 1])
def test_too_few_random_bytes_seal_nothing(length: int) -> None:
    """A cipher takes a nonce of eight bytes too; what is sealed under it would never open."""
    with pytest.raises(MalformedError, match="random bytes"):
        _seal(draw=bytes(length))
