"""The vault: a person is found by a tag and in no other way, and everything of them is sealed."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ledger.errors import DamagedError, NotFoundError
from ledger.storage import vault
from ledger.storage.engine import reading, writing
from ledger.storage.sealing import facts_context
from tests.databases import sql, stored_bytes
from tests.storage.log_fixture import make_engine, make_key, make_sealer

FACTS = '["胡芳雨","330199199505192154"]'.encode()


def _subject(n: int) -> vault.SubjectRow:
    sealer, subject = make_sealer(seed=n), f"person{n:020}"
    cipher, wrapped = make_key(sealer, subject)
    facts = cipher.seal(FACTS, facts_context(subject.encode()))
    return subject, b"tag %d" % n, sealer.version, wrapped, facts


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(tmp_path)
    with writing(made) as connection:
        vault.insert_subjects(connection, [_subject(n) for n in range(3)])
    return made


def test_a_person_is_found_by_their_tag(engine: Engine) -> None:
    with reading(engine) as connection:
        found = vault.find_by_tags(connection, make_sealer(), [b"tag 1", b"tag 9"])
    assert list(found) == [b"tag 1"]
    assert found[b"tag 1"].id == f"person{1:020}"
    assert found[b"tag 1"].open_facts() == FACTS


def test_many_tags_are_looked_up_at_once(engine: Engine) -> None:
    with writing(engine) as connection:
        vault.insert_subjects(connection, [_subject(n) for n in range(3, 1_100)])
    tags = [b"tag %d" % n for n in range(2_000)]
    with reading(engine) as connection:
        assert len(vault.find_by_tags(connection, make_sealer(), tags)) == 1_100
        assert vault.find_by_tags(connection, make_sealer(), []) == {}


def test_nothing_of_the_facts_stands_in_the_database(engine: Engine, tmp_path: Path) -> None:
    engine.dispose()
    data = stored_bytes(tmp_path / "ledger.sqlite3")
    assert b"person0" in data
    assert b"330199199505192154" not in data
    assert "胡芳雨".encode() not in data


def test_two_persons_never_share_a_tag(engine: Engine) -> None:
    subject, _, *sealed = _subject(7)
    twin = (subject, b"tag 1", *sealed)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        vault.insert_subjects(connection, [twin])


def test_new_facts_are_sealed_anew_under_the_same_key(engine: Engine) -> None:
    with writing(engine) as connection:
        stored = vault.read_subject(connection, make_sealer(), f"person{1:020}")
        before = stored.facts
        vault.reseal_facts(stored, b"more")
        vault.update_facts(connection, [stored])
    with reading(engine) as connection:
        again = vault.read_subject(connection, make_sealer(), stored.id)
        others = vault.read_subject(connection, make_sealer(), f"person{2:020}")
    assert again.open_facts() == b"more"
    assert again.facts != before
    assert others.open_facts() == FACTS


def test_facts_and_keys_swapped_between_persons_are_noticed(engine: Engine) -> None:
    for column in ("facts", "wrapped_key"):
        with writing(engine) as connection:
            connection.execute(
                sql(
                    f"UPDATE subject SET {column} = (SELECT {column} FROM subject AS s "  # noqa: S608
                    f"WHERE s.id = 'person{2:020}') WHERE id = 'person{1:020}'"
                )
            )
        with reading(engine) as connection, pytest.raises(DamagedError):
            vault.read_subject(connection, make_sealer(), f"person{1:020}").open_facts()


def test_after_a_vault_rotation_every_key_is_wrapped_anew_once(engine: Engine) -> None:
    rotated = make_sealer(version=2)
    with writing(engine) as connection:
        assert vault.rewrap_all(connection, rotated) == 3
        assert vault.rewrap_all(connection, rotated) == 0
    with reading(engine) as connection:
        rows = list(vault.read_rows(connection))
        assert [row.key_version for row in rows] == [2, 2, 2]
        assert all(vault.open_row(rotated, row).open_facts() == FACTS for row in rows)
        with pytest.raises(DamagedError):
            vault.open_row(make_sealer(version=1), rows[0])


def test_a_deleted_person_is_gone(engine: Engine) -> None:
    with writing(engine) as connection:
        vault.delete_subject(connection, f"person{1:020}")
    with reading(engine) as connection:
        assert vault.find_by_tags(connection, make_sealer(), [b"tag 1"]) == {}
        with pytest.raises(NotFoundError, match="erased"):
            vault.read_subject(connection, make_sealer(), f"person{1:020}")


def test_the_keys_of_many_are_opened_at_once(engine: Engine) -> None:
    sealer = make_sealer()
    with reading(engine) as connection:
        found = vault.read_ciphers(connection, sealer, [_subject(0)[0], _subject(2)[0], "nobody"])
    assert found.keys() == {_subject(0)[0], _subject(2)[0]}
    facts = _subject(0)[4]
    assert found[_subject(0)[0]].open(facts, facts_context(_subject(0)[0].encode())) == FACTS
