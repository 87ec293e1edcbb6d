"""What the vault keeps of a person, and how little of it is shown."""

from dataclasses import replace

import pytest

from ledger.services.person_facts import PersonFacts, facts_of_new
from tests.ledgers import make_person

PERSON = make_person(7)
FACTS = PersonFacts.decode(facts_of_new(PERSON))


def test_facts_survive_writing_and_reading() -> None:
    assert PersonFacts.decode(FACTS.encode()) == FACTS
    assert (FACTS.name, FACTS.id_number) == (PERSON.name, PERSON.id_number)
    assert (FACTS.phones, FACTS.categories) == ((PERSON.phone,), PERSON.categories)
    bare = PersonFacts.decode(facts_of_new(replace(PERSON, phone=None, categories=())))
    assert PersonFacts.decode(bare.encode()) == bare
    assert bare.phones == bare.categories == ()


def test_a_phone_or_category_is_joined_once_and_none_is_lost() -> None:
    assert FACTS.joined(PERSON) == FACTS
    moved = FACTS.joined(replace(PERSON, phone="19000000001", categories=("退役军人",)))
    assert moved.phones == (PERSON.phone, "19000000001")
    assert moved.categories == ("企业职工", "退役军人")
    assert moved.joined(replace(PERSON, phone=None, categories=())) == moved


@pytest.mark.parametrize(
    ("name", "shown"), [("胡", "胡*"), ("胡芳", "胡*"), ("胡芳雨", "胡*"), ("阿·买买提", "阿*")]
)
def test_a_masked_name_shows_its_first_character(name: str, shown: str) -> None:
    assert PersonFacts(name, PERSON.id_number).masked()["name"] == shown


def test_a_masked_id_number_hides_birth_date_and_most_of_the_rest() -> None:
    masked = PersonFacts("胡芳", "330199199505192154").masked()["id_number"]
    assert masked == "330***********2154"


def test_facts_do_not_show_themselves_in_a_message() -> None:
    assert PERSON.name not in repr(FACTS)
    assert PERSON.id_number not in repr(FACTS)
    assert str(PERSON.phone) not in repr(FACTS)
