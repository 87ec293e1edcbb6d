from datetime import date

from tests.domain.specimens import schedule


def test_a_schedule_holds_from_its_first_day_to_its_last() -> None:
    rule = schedule(effective_from=date(2024, 1, 1), effective_to=date(2024, 12, 31))
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]
    assert [rule.holds_on(day) for day in days] == [False, True, True, False]
    assert schedule().holds_on(date(2999, 1, 1))


def test_a_record_is_late_only_after_the_limit() -> None:
    rule = schedule(late_after_days=30)
    assert not rule.is_late(date(2024, 1, 1), date(2024, 1, 31))
    assert rule.is_late(date(2024, 1, 1), date(2024, 2, 1))
    assert not schedule().is_late(date(2000, 1, 1), date(2024, 1, 1))


def test_equal_schedules_have_equal_hashes() -> None:
    assert hash(schedule()) == hash(schedule())
    assert schedule() == schedule()
    assert schedule(rounding="ceil") != schedule()
