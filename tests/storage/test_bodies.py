"""Bodies: a sealed one opens for its subject and its entry, and for no other."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ledger.errors import DamagedError, NotFoundError
from ledger.storage import bodies, vault
from ledger.storage.bodies import OpenBody, StoredBody
from ledger.storage.engine import reading, writing
from ledger.storage.sealing import Cipher, body_context
from tests.storage.log_fixture import make_engine

SUBJECT, OTHER = "s" * 26, "t" * 26
BODY = OpenBody(bytes(range(32)), b'{"v":1}')
COMMITMENT = bytes(32)


def _sealed() -> tuple[Cipher, bytes]:
    cipher = Cipher(bytes([7]) * 32, os.urandom)
    context = body_context(SUBJECT.encode(), COMMITMENT)
    return cipher, cipher.seal(BODY.salt + BODY.content, context)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path)


def test_a_sealed_body_opens_to_salt_and_content() -> None:
    cipher, sealed = _sealed()
    assert BODY.content not in sealed
    assert bodies.open_body(cipher, SUBJECT, COMMITMENT, sealed) == BODY


@pytest.mark.parametrize(
    ("subject", "commitment"), [(OTHER, COMMITMENT), (SUBJECT, bytes([1]) + bytes(31))]
)
def test_a_body_moved_to_another_subject_or_entry_does_not_open(
    subject: str, commitment: bytes
) -> None:
    cipher, sealed = _sealed()
    with pytest.raises(DamagedError):
        bodies.open_body(cipher, subject, commitment, sealed)


def test_another_persons_key_opens_nothing() -> None:
    _, sealed = _sealed()
    with pytest.raises(DamagedError):
        bodies.open_body(Cipher(bytes([8]) * 32, os.urandom), SUBJECT, COMMITMENT, sealed)


def test_bodies_are_read_by_index_however_many_are_asked_for(engine: Engine) -> None:
    rows = [(i, None, b"salt", b"%d" % i) for i in range(1_200)]
    stored = [StoredBody(*row) for row in rows]
    with writing(engine) as connection:
        bodies.insert_bodies(connection, rows)
    with reading(engine) as connection:
        found = bodies.read_bodies(connection, range(2_000))
        assert [found[i] for i in sorted(found)] == stored
        assert bodies.read_body(connection, 7) == stored[7]
        with pytest.raises(NotFoundError, match="erased"):
            bodies.read_body(connection, 1_200)


def test_bodies_outside_the_log_are_found(engine: Engine) -> None:
    with writing(engine) as connection:
        bodies.insert_bodies(connection, [(i, None, b"s", b"c") for i in (-1, 0, 1, 2)])
    with reading(engine) as connection:
        assert sorted(bodies.indices_from(connection, 2)) == [-1, 2]


def test_an_erased_persons_bodies_go_and_their_indices_are_given(engine: Engine) -> None:
    with writing(engine) as connection:
        vault.insert_subjects(connection, [(SUBJECT, b"tag", 1, b"key", b"facts")])
        rows = [(i, SUBJECT if i % 2 else OTHER, None, b"c") for i in range(6)]
        bodies.insert_bodies(connection, rows)
        vault.delete_subject(connection, SUBJECT)
        assert bodies.delete_bodies_of(connection, SUBJECT) == [1, 3, 5]
    with reading(engine) as connection:
        assert sorted(bodies.read_bodies(connection, range(6))) == [0, 2, 4]
