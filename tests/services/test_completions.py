"""What an issuer posts: accepted, refused or known as a repeat, each on its own."""

import threading
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from ledger.domain.organisations import Scope
from ledger.domain.records import RecordCompletion
from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import ConflictError, NotFoundError, RefusedError
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.transcripts import find_subject, list_subjects, read_transcript
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.ledgers import (
    ELECTRICIAN,
    TODAY,
    add_other_school,
    codes,
    make_certificate,
    make_command,
    make_ledger,
    make_number,
    make_person,
    post,
    post_one,
    query,
    reopen,
    school_of,
    subject_of,
    verify_whole,
)


def _size(ledger: Ledger) -> int:
    return int(str(query(ledger, "SELECT size FROM head")[0][0]))


def _total(ledger: Ledger, n: int = 0) -> str:
    return str(read_transcript(ledger, subject_of(ledger, n), TODAY)["total_credits"])


def test_a_completed_class_becomes_credits(ledger: Ledger) -> None:
    outcome = post_one(ledger, make_command())
    # 40 / 16 + 80 / 24 = 35/6, rounded down to half a credit.
    assert (outcome.outcome, outcome.credits) == ("accepted", "5.5")
    assert outcome.entry_index == _size(ledger) - 1
    assert _total(ledger) == "5.5"
    verify_whole(ledger)


def test_rows_that_state_one_class_otherwise_are_judged_each_for_itself(tmp_path: Path) -> None:
    rows = [
        make_command(0),
        make_command(1, hours={"theory": Fraction(8)}),
        make_command(2, level=5),
        make_command(3, occupation=ELECTRICIAN),
        make_command(4, attendance=Fraction(1, 2)),
        make_command(5, assessment=replace(make_command().assessment, passed=False)),
        make_command(6),
    ]

    def judged(name: str, *some: RecordCompletion) -> list[tuple[str, str | None, str | None]]:
        ledger = make_ledger(tmp_path / name)
        found = [(each.outcome, each.code, each.credits) for each in post(ledger, *some).outcomes]
        ledger.close()
        return found

    alone = [judged(str(n), row)[0] for n, row in enumerate(rows)]
    assert judged("together", *rows) == alone
    assert judged("backwards", *reversed(rows)) == alone[::-1]
    assert len(set(alone)) == 3


def test_a_certificate_without_a_class_is_a_record_too(ledger: Ledger) -> None:
    outcome = post_one(ledger, make_certificate())
    assert outcome.outcome == "accepted"
    assert post_one(ledger, make_certificate()).outcome == "duplicate"
    verify_whole(ledger)


def test_one_refused_record_does_not_touch_its_neighbours(ledger: Ledger) -> None:
    future = make_command(1, training_class=replace(make_command().training_class, end=TODAY))
    later = replace(future, training_class=replace(future.training_class, end=date(2026, 1, 16)))
    outcomes = post(ledger, make_command(0), later, make_command(2)).outcomes
    assert codes(outcomes) == [
        ("accepted", None), ("rejected", "event-in-future"), ("accepted", None),
    ]  # fmt: skip
    assert find_subject(ledger, make_person(1).id_number) is None
    verify_whole(ledger)


def test_all_or_nothing_records_nothing_if_one_is_refused(ledger: Ledger) -> None:
    size = _size(ledger)
    bad = make_command(1, certificate=make_number(0))
    with pytest.raises(RefusedError) as caught:
        record(ledger, school_of(ledger), [make_command(0), bad], all_or_nothing=True)
    assert caught.value.code == "all-or-nothing"
    assert "certificate-number-taken" in caught.value.message
    assert _size(ledger) == size
    assert list_subjects(ledger) == []
    good = record(ledger, school_of(ledger), [make_command(0)], all_or_nothing=True)
    assert codes(good.outcomes) == [("accepted", None)]
    verify_whole(ledger)


def test_a_repeat_in_the_same_batch_or_a_later_one_names_the_first(ledger: Ledger) -> None:
    first, repeat = post(ledger, make_command(), make_command()).outcomes
    later = post_one(reopen(ledger), make_command())
    assert (repeat.outcome, repeat.code) == ("duplicate", "duplicate-row")
    assert first.entry_index == repeat.entry_index == later.entry_index
    assert later.outcome == "duplicate"
    verify_whole(ledger)


def test_the_same_key_gets_the_first_answer_and_other_records_a_conflict(ledger: Ledger) -> None:
    school, commands = school_of(ledger), [make_command(0), make_command(1)]
    first = record(ledger, school, commands, key="k")
    again = record(reopen(ledger), school, commands, key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert first.outcomes == again.outcomes
    for other in (commands[::-1], commands[:1], [make_command(0), make_command(2)]):
        with pytest.raises(ConflictError):
            record(ledger, school, other, key="k")
    verify_whole(ledger)


@pytest.mark.parametrize("key", ["k", None])
def test_twenty_parallel_identical_posts_make_one_record(ledger: Ledger, key: str | None) -> None:
    """Notes, security A5; without a key they are known as repeats by what they say."""
    school, doors, outcomes = school_of(ledger), [ledger, reopen(ledger)], []

    def work(n: int) -> None:
        outcomes.extend(record(doors[n % 2], school, [make_command()], key=key).outcomes)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.entry_index for one in outcomes}) == 1
    assert len(outcomes) == 20
    assert query(ledger, "SELECT count(*) FROM record") == [(1,)]
    verify_whole(ledger)


def test_a_row_that_differs_is_refused_unless_it_is_a_correction(ledger: Ledger) -> None:
    first = post_one(ledger, make_command())
    changed = make_command(
        hours={**make_command().hours, "practice": make_command().hours["theory"]}
    )
    refused = post_one(ledger, changed)
    assert (refused.code, refused.entry_index) == ("record-differs", first.entry_index)
    corrected = post_one(ledger, changed, correcting=True)
    assert corrected.outcome == "accepted"
    # 40 / 16 + 40 / 24 = 25/6, rounded down; the old record counts no more.
    assert _total(ledger) == corrected.credits == "4.0"
    assert query(ledger, "SELECT status, related FROM record ORDER BY 1 DESC") == [
        ("superseded", corrected.entry_index), ("active", None),
    ]  # fmt: skip
    verify_whole(ledger)


def test_a_correction_of_a_correction_supersedes_the_newest(ledger: Ledger) -> None:
    batch = [make_command(attendance=None), make_command(), make_command(certificate=None)]
    outcomes = record(ledger, school_of(ledger), batch, correcting=True).outcomes
    assert codes(outcomes) == [("accepted", None)] * 3
    indices = [one.entry_index for one in outcomes]
    assert query(ledger, 'SELECT related FROM record ORDER BY "index"') == [
        (indices[1],), (indices[2],), (None,),
    ]  # fmt: skip
    verify_whole(ledger)


def test_a_correction_frees_the_certificate_number_it_replaces(ledger: Ledger) -> None:
    wrong = make_command(0, certificate=make_number(7))
    post_one(ledger, wrong)
    taken = post_one(ledger, make_command(7))
    assert taken.code == "certificate-number-taken"
    corrected = record(
        ledger, school_of(ledger), [make_command(0), make_command(7)], correcting=True
    )
    assert codes(corrected.outcomes) == [("accepted", None)] * 2
    verify_whole(ledger)


def test_another_name_for_a_known_id_number_is_refused(ledger: Ledger) -> None:
    person = make_person()
    post_one(ledger, make_command())
    other = replace(person, name="另一人")
    command = make_command(number="JL2025002", person=other, certificate=None)
    outcome = post_one(ledger, command)
    assert outcome.code == "id-name-conflict"
    assert person.name not in str(outcome.message)
    renamed = replace(make_person(5), name="另一人")
    in_batch = post(ledger, make_command(5), make_command(5, number="X", person=renamed))
    assert in_batch.outcomes[1].code == "id-name-conflict"
    verify_whole(ledger)


def test_a_new_phone_is_kept_beside_the_old_one(ledger: Ledger) -> None:
    post_one(ledger, make_command())
    moved = replace(make_person(), phone="19011112222")
    post(
        ledger,
        make_command(number="A", person=moved, certificate=None),
        make_command(1),
        make_command(1, number="B", person=replace(make_person(1), phone="19033334444"),
                     certificate=None),
    )  # fmt: skip
    assert len(list_subjects(ledger)) == 2
    verify_whole(ledger)


def test_nobody_outside_their_scope_records_anything(ledger: Ledger) -> None:
    narrow = add_other_school(
        ledger, Scope("4-10-01-05", frozenset({2}), date(2021, 1, 1), date(2025, 4, 1))
    )
    outcomes = record(
        ledger, narrow.id,
        [make_command(0), make_command(1, level=2), make_command(2, occupation=ELECTRICIAN)],
    ).outcomes  # fmt: skip
    assert {one.code for one in outcomes} == {"issuer-scope"}
    with pytest.raises(NotFoundError) as caught:
        record(ledger, "org-" + "z" * 26, [make_command()])
    assert caught.value.code == "issuer-unknown"
    verify_whole(ledger)


def test_another_schools_record_cannot_be_corrected(ledger: Ledger) -> None:
    post_one(ledger, make_command())
    other = add_other_school(ledger)
    changed = make_command(attendance=None)
    outcome = record(ledger, other.id, [changed], correcting=True).outcomes[0]
    assert outcome.code == "not-your-record"
    assert record(ledger, other.id, [make_command()]).outcomes[0].outcome == "duplicate"
    verify_whole(ledger)


def test_a_revoked_record_comes_back_only_on_purpose(ledger: Ledger) -> None:
    school = school_of(ledger)
    first = post_one(ledger, make_command())
    assert first.entry_index is not None
    revoke_record(ledger, school, RevokeRecord(first.entry_index, "entered-in-error"))
    assert _total(ledger) == "0.0"
    assert post_one(ledger, make_command()).code == "already-revoked"
    anew = post_one(ledger, make_command(), correcting=True)
    assert (anew.outcome, anew.notices) == ("accepted", ("replaces-revoked",))
    assert _total(ledger) == "5.5"
    assert post_one(ledger, make_command()).entry_index == anew.entry_index
    verify_whole(ledger)


def test_what_the_operator_revoked_no_issuer_brings_back(ledger: Ledger) -> None:
    school = school_of(ledger)
    post_one(ledger, make_command())
    revoke_issuer(
        ledger,
        RevokeIssuer(school, date(2025, 1, 1), date(2025, 12, 31), "issuer-misconduct"),
    )
    for correcting in (False, True):
        outcome = post_one(ledger, make_command(), correcting=correcting)
        assert outcome.code == "already-revoked"
    assert post_one(ledger, make_command(number="JL2025009", certificate=None)).outcome == (
        "accepted"
    )
    verify_whole(ledger)


def test_any_order_and_batching_of_the_same_postings_gives_the_same_totals(
    tmp_path: Path,
) -> None:
    """Seeded: 12 people, three classes, repeats, split into batches at random."""
    commands = [
        make_command(n, number=f"C{c}", certificate=None) for n in range(12) for c in range(3)
    ] * 2
    totals = []
    for seed in range(3):
        random, ledger = Random(seed), make_ledger(tmp_path / str(seed))
        waiting = random.sample(commands, len(commands))
        while waiting:
            size = random.randint(1, 20)
            post(ledger, *waiting[:size])
            waiting = waiting[size:]
        totals.append([_total(ledger, n) for n in range(12)])
        assert verify_whole(ledger).bodies == 36 + 4
    assert totals[0] == totals[1] == totals[2] == ["5.5"] * 12


def test_a_refusal_names_nobody(ledger: Ledger) -> None:
    post_one(ledger, make_command())
    others = [
        make_command(person=replace(make_person(), name="另一人")),
        make_command(attendance=None),
        make_command(1, certificate=make_number(0)),
    ]
    for outcome in post(ledger, *others).outcomes:
        assert outcome.outcome == "rejected"
        assert outcome.message is not None
        for person in (make_person(0), make_person(1)):
            assert person.name not in outcome.message
            assert person.id_number not in outcome.message
