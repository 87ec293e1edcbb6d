"""Recoveries excuse what they tell of, and not one thing more."""

from dataclasses import replace

from ledger.domain.recoveries import Recovery, Span, recovery_body
from ledger.services.recovery_audit import Recoveries, superseded_of

MISSING = Recovery("checkpoint-missing", "file deleted", None, 0, "0" * 64)
NOTES = {3: b"three", 5: b"five", 9: b"nine"}


def _recoveries(index: int, recovery: Recovery) -> Recoveries:
    made = Recoveries()
    made.add(index, recovery_body(recovery))
    return made


def test_bodies_are_excused_that_came_back_before_the_recovery() -> None:
    told = replace(MISSING, restored=Span(7, 9))
    excuses = _recoveries(10, told)
    assert [excuses.excuses_body(index) for index in (6, 7, 9, 10)] == [False, True, True, False]
    assert not _recoveries(9, told).excuses_body(7), "it cannot tell of itself and of what follows"
    assert not Recoveries().excuses_body(0)


def test_checkpoints_are_excused_only_as_the_very_set_that_was_told_of() -> None:
    excuses = _recoveries(10, replace(MISSING, superseded=superseded_of(NOTES)))
    assert excuses.excused(NOTES) == {3, 5, 9}
    assert excuses.excused({**NOTES, 11: b"later"}) == {3, 5, 9}
    assert excuses.excused({**NOTES, 4: b"within"}) == set()
    assert excuses.excused({**NOTES, 5: b"other"}) == set()
    assert excuses.excused({3: b"three", 9: b"nine"}) == set()
    assert Recoveries().excused(NOTES) == set()


def test_nothing_is_told_of_no_checkpoints() -> None:
    assert superseded_of({}) is None
    told = superseded_of(NOTES)
    assert told is not None
    assert (told.first, told.last, told.count) == (3, 9, 3)
