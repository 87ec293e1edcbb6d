"""Rebuilt projections are those that the write path made, byte by byte, whatever happened."""

import tempfile
import threading
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import DamagedError, NotFoundError, RefusedError
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.erasure import erase
from ledger.services.rebuilding import check, rebuild
from ledger.services.transcripts import find_subject
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.ledgers import (
    add_other_school,
    edit,
    make_certificate,
    make_command,
    make_ledger,
    make_person,
    post,
    post_one,
    query,
    reopen,
    school_of,
    subject_of,
    verify_whole,
)

PERIODS = (
    (date(2025, 4, 11), date(2025, 4, 11)),
    (date(2025, 4, 12), date(2025, 12, 31)),
    (date(2020, 1, 1), date(2026, 1, 1)),
)
PEOPLE, SCHOOLS = st.integers(0, 3), st.integers(0, 1)
STEPS = st.one_of(
    st.tuples(st.just("completion"), SCHOOLS, PEOPLE, st.integers(0, 1), st.booleans()),
    st.tuples(st.just("certificate"), SCHOOLS, PEOPLE, st.integers(0, 1), st.booleans()),
    st.tuples(st.just("revoke"), st.integers(0, 2), st.integers(4, 20)),
    st.tuples(st.just("revoke-issuer"), SCHOOLS, st.integers(0, len(PERIODS) - 1)),
    st.tuples(st.just("erase"), PEOPLE),
)


class History:
    """A ledger to which steps happen through the services; a refused step changes nothing."""

    def __init__(self, folder: Path) -> None:
        self.ledger = make_ledger(folder)
        self.schools = (school_of(self.ledger), add_other_school(self.ledger).id)

    def take(self, step: tuple[object, ...]) -> None:
        with suppress(RefusedError, NotFoundError):
            getattr(self, str(step[0]).replace("-", "_"))(*step[1:])

    def completion(self, school: int, n: int, variant: int, *rest: bool) -> None:
        changes = {"attendance": None} if variant else {}
        posted = [make_command(n, **changes), make_command(n, number="B", certificate=None)]
        record(self.ledger, self.schools[school], posted, correcting=rest[0])

    def certificate(self, school: int, n: int, variant: int, *rest: bool) -> None:
        posted = [make_certificate(n, level=1 + variant), make_certificate(n, level=2)]
        record(self.ledger, self.schools[school], posted, correcting=rest[0])

    def revoke(self, actor: int, index: int) -> None:
        who = (*self.schools, "ledger")[actor]
        revoke_record(self.ledger, who, RevokeRecord(index, "entered-in-error"))

    def revoke_issuer(self, school: int, period: int) -> None:
        start, end = PERIODS[period]
        revoke_issuer(
            self.ledger, RevokeIssuer(self.schools[school], start, end, "issuer-misconduct")
        )

    def erase(self, n: int) -> None:
        subject = find_subject(self.ledger, make_person(n).id_number)
        if subject is not None:
            erase(self.ledger, subject)


def dump(ledger: Ledger) -> list[list[tuple[object, ...]]]:
    """Every column of every row, as the engine gives it."""
    records = 'SELECT * FROM record ORDER BY "index"'
    return [query(ledger, records), query(ledger, 'SELECT * FROM public_entry ORDER BY "index"')]


@given(st.lists(STEPS, max_size=14))
@settings(max_examples=25)
def test_a_rebuild_after_any_history_changes_no_byte(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder))
        for step in steps:
            history.take(step)
        ledger = history.ledger
        before = dump(ledger)
        assert check(ledger).differing == 0
        assert rebuild(ledger).differing == 0
        assert dump(ledger) == before
        ledger.close()


@pytest.fixture
def eventful(ledger: Ledger) -> Ledger:
    """A ledger with each kind of row: active, superseded, revoked alone or by period, erased."""
    post(ledger, *(make_command(n) for n in range(4)), make_certificate(1))
    post_one(ledger, make_command(0, attendance=None), correcting=True)
    revoke_record(ledger, school_of(ledger), RevokeRecord(5, "entered-in-error"))
    assert post_one(ledger, make_command(1), correcting=True).outcome == "accepted"
    start = make_command().training_class.end
    revoke_issuer(ledger, RevokeIssuer(school_of(ledger), start, start, "issuer-misconduct"))
    post(ledger, make_command(7), make_command(8))
    erase(ledger, subject_of(ledger, 2))
    states = {row[0] for row in query(ledger, "SELECT status FROM record")}
    assert states == {"active", "superseded", "revoked"}
    return ledger


BROKEN = {
    "emptied": "DELETE FROM record",
    "public entries emptied": "DELETE FROM public_entry",
    "all active": "UPDATE record SET status = 'active', related = NULL",
    "other cause": "UPDATE record SET related = 3 WHERE related IS NOT NULL",
    "moved to another person": "UPDATE record SET subject = (SELECT min(subject) FROM record)",
    "a row added": "INSERT INTO public_entry VALUES (4, 'key')",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_projection_is_found_and_mended(eventful: Ledger, kind: str) -> None:
    before = dump(eventful)
    assert edit(eventful, BROKEN[kind]) >= 1
    broken = dump(eventful)
    assert check(eventful).differing > 0
    assert dump(eventful) == broken, "a check changes nothing"
    assert rebuild(reopen(eventful)).differing > 0
    assert dump(eventful) == before
    assert rebuild(eventful).differing == 0
    verify_whole(eventful)


def test_the_counts_say_what_there_is(eventful: Ledger) -> None:
    seen: list[int] = []
    done = rebuild(eventful, seen.append)
    assert sum(seen) == done.entries == 16
    assert (done.without_body, done.records, done.public_entries) == (1, 8, 7)


@pytest.mark.parametrize(
    "harm",
    [
        'UPDATE body SET content = zeroblob(99) WHERE "index" = 4',
        'UPDATE body SET salt = zeroblob(32) WHERE "index" = 2',
        "UPDATE body SET subject = 'nobody' WHERE [index] = 4",
        "UPDATE entry SET bytes = x'7b7d' WHERE [index] = 4",
        'UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE "index" = 5) WHERE "index" = 4',
    ],
)  # fmt: skip
def test_over_entries_or_bodies_that_were_changed_nothing_is_rebuilt(
    eventful: Ledger, harm: str
) -> None:
    edit(eventful, harm)
    before = dump(eventful)
    for use in (check, rebuild):
        with pytest.raises(DamagedError, match=r"entry [24]: .*audit"):
            use(eventful)
    assert dump(eventful) == before


def test_who_writes_meanwhile_waits_and_who_reads_sees_the_old_rows(eventful: Ledger) -> None:
    edit(eventful, "DELETE FROM record")
    other = reopen(eventful)
    writer = threading.Thread(target=post_one, args=(other, make_command(20)))
    read: list[int] = []

    def meanwhile(_count: int) -> None:
        writer.start()
        writer.join(0.2)
        assert writer.is_alive()
        read.append(len(query(eventful, "SELECT * FROM record")))

    rebuild(eventful, meanwhile)
    writer.join()
    assert read == [0]
    assert check(eventful).records == 9
    assert check(eventful).differing == 0
