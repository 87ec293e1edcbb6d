"""What a batch collects is sealed, chained and stored in the order in which it was added."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.core.canonical import Json
from ledger.core.entry import decode_entry
from ledger.domain.withdrawals import erasure_body
from ledger.services.batch import Batch
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.person_facts import PersonFacts
from ledger.services.posting import Posting, with_facts
from ledger.services.record import write
from ledger.services.transcripts import read_transcript
from ledger.storage import log, vault
from ledger.storage.engine import reading
from tests.ledgers import (
    TODAY,
    codes,
    make_command,
    make_ledger,
    make_person,
    post,
    query,
    school_of,
    subject_of,
    verify_whole,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = make_ledger(tmp_path)
    yield made
    made.close()


def _facts(ledger: Ledger) -> PersonFacts:
    with reading(ledger.engine) as connection:
        stored = vault.read_subject(connection, ledger.sealer, subject_of(ledger))
    return PersonFacts.decode(stored.open_facts())


def test_two_records_of_a_new_person_in_one_batch_open_under_one_key(ledger: Ledger) -> None:
    post(ledger, make_command(), make_command(number="JL2025002", certificate=None))
    assert query(ledger, "SELECT count(*) FROM subject") == [(1,)]
    transcript = read_transcript(ledger, subject_of(ledger), TODAY)
    assert len(transcript["records"]) == 2
    verify_whole(ledger)


def test_what_a_later_row_adds_to_a_new_person_is_kept(ledger: Ledger) -> None:
    second = replace(make_person(), phone="19000000002", categories=("退役军人",))
    later = make_command(number="JL2025002", certificate=None, person=second)
    post(ledger, make_command(person=replace(make_person(), phone="19000000001")), later)
    facts = _facts(ledger)
    assert facts.phones == ("19000000001", "19000000002")
    assert facts.categories[-1] == "退役军人"


def test_public_and_personal_entries_of_one_batch_keep_their_order(ledger: Ledger) -> None:
    command, issuer = make_command(), school_of(ledger)

    def work(batch: Batch) -> Json:
        batch.know([command])
        posting = Posting(batch, issuer, correcting=False)
        first = batch.add_public("erasure", "ledger", erasure_body([1]))
        between = posting.decide(with_facts([command])[0]).entry_index
        return [first, between, batch.add_public("erasure", "ledger", erasure_body([0]))]

    places = write(ledger, work).answer
    assert isinstance(places, list)
    with reading(ledger.engine) as connection:
        kinds = [decode_entry(log.read_entry(connection, n).bytes).kind for n in places]
    assert kinds == ["erasure", "completion", "erasure"]
    assert places == list(range(places[0], places[0] + 3))


def test_a_batch_of_many_blocks_is_one_chain(ledger: Ledger) -> None:
    commands = [make_command(n, number=f"B{n % 7}") for n in range(620)]
    answer = record(ledger, school_of(ledger), commands)
    assert set(codes(answer.outcomes)) == {("accepted", None)}
    assert [outcome.entry_index for outcome in answer.outcomes] == list(range(4, 624))
    verify_whole(ledger)


def test_a_correction_inside_a_batch_supersedes_the_row_before_it(ledger: Ledger) -> None:
    rows = [make_command(), make_command(attendance=None)]
    answer = record(ledger, school_of(ledger), rows, correcting=True)
    first, second = (outcome.entry_index for outcome in answer.outcomes)
    assert query(ledger, "SELECT status, related FROM record ORDER BY 1 DESC") == [
        ("superseded", second),
        ("active", None),
    ]
    assert first is not None
    verify_whole(ledger)


def test_work_that_adds_nothing_writes_nothing(ledger: Ledger) -> None:
    before = query(ledger, "SELECT * FROM head")
    assert write(ledger, lambda _batch: "nothing").answer == "nothing"
    assert query(ledger, "SELECT * FROM head") == before
