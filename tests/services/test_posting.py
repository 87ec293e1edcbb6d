"""How one batch is decided: what a request is known by, and what became of each command."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.services.posting import Outcome, request_of, with_facts
from tests.ledgers import codes, make_command, make_ledger, make_person, post, verify_whole


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("rejected", "issuer-scope", "why", 7),
        Outcome("accepted", None, None, 4, "5.5", ("late-record", "replaces-revoked")),
        Outcome("duplicate", "duplicate-row", None, 0),
    ],
)
def test_an_outcome_survives_being_stored_as_an_answer(outcome: Outcome) -> None:
    assert Outcome.from_json(outcome.to_json()) == outcome


def test_a_request_is_known_by_the_person_and_by_every_fact() -> None:
    command = make_command()
    changed = [
        command,
        make_command(1),
        replace(command, person=replace(command.person, name="另一人")),
        replace(command, level=2),
        replace(command, attendance=None),
        replace(command, certificate=None),
    ]
    assert len({request_of(with_facts([each])) for each in changed}) == len(changed)
    assert request_of(with_facts([make_command()])) == request_of(with_facts([command]))


def test_a_name_cannot_borrow_characters_from_the_number_behind_it() -> None:
    person = make_person()
    shifted = replace(
        person, name=person.name + person.id_number[0], id_number=person.id_number[1:]
    )
    one, other = (make_command(person=each) for each in (person, shifted))
    assert request_of(with_facts([one])) != request_of(with_facts([other]))


def test_a_request_of_two_rows_is_none_of_one_row_that_spells_both() -> None:
    """A name is free text: it must not be able to stand for a row's end and another's beginning."""
    two = with_facts([make_command(n, certificate=None) for n in (0, 1)])
    first, second = (each.command.person for each in two)
    assert two[0].facts is not None
    spelled = f"{first.name}\0{first.id_number}\0{two[0].facts.content.decode()}{second.name}"
    one = make_command(person=replace(second, name=spelled), certificate=None)
    assert request_of(with_facts([one])) != request_of(two)


def test_a_command_whose_facts_cannot_be_written_is_refused_alone(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    unwritable = make_command(
        1, training_class=replace(make_command().training_class, number=" JL "), certificate=None
    )
    assert with_facts([unwritable])[0].facts is None
    outcomes = post(ledger, make_command(0), unwritable, make_command(2)).outcomes
    assert codes(outcomes) == [("accepted", None), ("rejected", "malformed"), ("accepted", None)]
    verify_whole(ledger)
