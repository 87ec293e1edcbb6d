"""One cell at a time: each spelling that is read, and each that is not guessed at."""

from datetime import date, datetime, time, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.intake.cells import (
    HOURS_MAX,
    SCORE_MAX,
    TEXT_MAX,
    Parsed,
    Raw,
    decimal_text,
    is_blank,
    plain_text,
    read_attendance,
    read_date,
    read_hours,
    read_range,
    read_result,
    read_score,
    read_text,
)
from ledger.intake.messages import MESSAGES

DAY = date(2021, 3, 5)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("文", "文"),
        (48.0, "48"),
        (-1.0, "-1"),
        (0.5, "0.5"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1000000000000000.0"),
        (1e22, "1e+22"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (True, "TRUE"),
        (False, "FALSE"),
        (DAY, "2021-03-05"),
    ],
)
def test_a_cell_is_written_as_a_person_would_see_it(raw: Raw, text: str) -> None:
    assert plain_text(raw) == text


@pytest.mark.parametrize(
    "raw", ["", " ", "\u3000\t", "\u200b", "\ufeff", "-", "--", "—", "/", "无", "無"]
)
def test_blanks_and_signs_for_nothing_are_blank(raw: str) -> None:
    assert is_blank(raw)
    assert read_hours(raw).value is None
    assert read_hours(raw).reason is None
    assert read_attendance(raw).reason is None
    assert read_score(raw).reason is None
    assert read_date(raw).reason == "date-missing"


@pytest.mark.parametrize("raw", ["0", "---", "没有", "x", 0.0, False])
def test_what_says_something_is_not_blank(raw: Raw) -> None:
    assert not is_blank(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("电工班", Parsed("电工班", cleaned=False)),
        (" 电工\n班 ", Parsed("电工 班", cleaned=True)),
        ("e\u0301", Parsed("é", cleaned=True)),
        ("\ufeff班", Parsed("班", cleaned=True)),
        ("", Parsed(None, cleaned=False)),
        ("  ", Parsed(None, cleaned=True)),
        (12.0, Parsed("12", cleaned=False)),
        ("长" * (TEXT_MAX - 1), Parsed("长" * (TEXT_MAX - 1))),
        ("长" * TEXT_MAX, Parsed("长" * TEXT_MAX)),
        ("长" * (TEXT_MAX + 1), Parsed(None, reason="text-too-long")),
        (" " * (4 * TEXT_MAX - 1) + "a", Parsed("a", cleaned=True)),
        (" " * (4 * TEXT_MAX) + "a", Parsed(None, reason="text-too-long")),
        ("a\x07b", Parsed(None, reason="text-invalid")),
        ("a\u202eb", Parsed(None, reason="text-invalid")),
        ("a\ue000b", Parsed(None, reason="text-invalid")),
        ("a\ud800b", Parsed(None, reason="text-invalid")),
    ],
)
def test_text_is_kept_in_one_form(raw: Raw, expected: Parsed[str | None]) -> None:
    assert read_text(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "2021-3-5", "2021.3.5", "2021/03/05", "2021年3月5日", "2021年3月5",
        "2021 年 3 月 5 日", "20210305", "20210305.0", "44260", "44260.00",
        "２０２１－０３－０５", "2021—03—05", "2021–03–05", " 2021-03-05 ", "'2021-03-05",
        "2021-03-05 00:00", "2021-03-05 08:30:00", "2021-03-05T08:30:00.000",
    ],
)  # fmt: skip
def test_each_spelling_of_a_day_in_text_is_read_and_noted(raw: str) -> None:
    assert read_date(raw) == Parsed(DAY, cleaned=True)


@pytest.mark.parametrize(
    "raw",
    ["2021-03-05", DAY, datetime(2021, 3, 5, 8, 30), 44260.0, 44260, 20210305.0],  # noqa: DTZ001 - cells have no zone
)
def test_iso_text_and_real_cells_are_not_cleaned(raw: Raw) -> None:
    assert read_date(raw) == Parsed(DAY, cleaned=False)


@pytest.mark.parametrize(
    "raw",
    [
        "2021-02-29",
        "2021-13-01",
        "2021-00-10",
        "5/3/2021",
        "3-5",
        "2021-3",
        "210305",
        "soon",
        "2021-03-05 8点",
        "2021-03-05" + " " * 60,
        True,
        44260.5,
        float("nan"),
        time(8, 30),
        timedelta(days=3),
    ],
)
def test_what_is_no_day_is_not_guessed(raw: Raw) -> None:
    assert read_date(raw) == Parsed(None, reason="date-impossible")


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("1949-12-31", None),
        ("1950-01-01", date(1950, 1, 1)),
        ("2099-12-31", date(2099, 12, 31)),
        ("2100-01-01", None),
        (date(1949, 12, 31), None),
        (date(2100, 1, 1), None),
        ("18263", None),
        ("18264", date(1950, 1, 1)),
        ("73050", date(2099, 12, 31)),
        ("73051", None),
    ],
)
def test_days_from_1950_to_2099_are_read(raw: Raw, day: date | None) -> None:
    assert read_date(raw).value == day


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_from_each_of_its_forms(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    for raw in (day, day.isoformat(), f"{day:%Y%m%d}", f"{day.year}.{day.month}.{day.day}"):
        assert read_date(raw).value == day
    assert read_date(float(serial)).value == day
    assert read_date(str(serial)).value == day


@pytest.mark.parametrize(
    "raw",
    [
        "2021-3-5至3-20",
        "2021.3.5-2021.3.20",
        "2021年3月5日至2021年3月20日",
        "2021年3月5日—3月20日",
        "2021/3/5~2021/3/20",
        "2021-03-05 到 2021-03-20",
        "2021-03-05--2021-03-20",
    ],
)
def test_two_days_in_one_cell_are_read(raw: str) -> None:
    assert read_range(raw) == (DAY, date(2021, 3, 20))


@pytest.mark.parametrize(
    "raw",
    [
        "2021-03-05",
        "2021-3-5至",
        "2021-2-30至3-5",
        "2021-3-5至3-32",
        "",
        44260.0,
        DAY,
        "2021-3-5至3-20" + " " * 60,
    ],
)
def test_what_is_no_pair_of_days_is_none(raw: Raw) -> None:
    assert read_range(raw) is None


@pytest.mark.parametrize(
    ("raw", "value", "cleaned"),
    [
        ("40", Fraction(40), False),
        ("0", Fraction(0), False),
        ("7.5", Fraction(15, 2), False),
        ("7.25", Fraction(29, 4), False),
        ("7.50", Fraction(15, 2), True),
        ("040", Fraction(40), True),
        ("1,200", Fraction(1200), True),
        ("４０", Fraction(40), True),
        ("40课时", Fraction(40), True),
        ("40課時", Fraction(40), True),
        ("40学时", Fraction(40), True),
        ("40 节", Fraction(40), True),
        ("四十", Fraction(40), True),
        ("十六", Fraction(16), True),
        ("一百二十课时", Fraction(120), True),
        ("一千零二", Fraction(1002), True),
        ("两百", Fraction(200), True),
        (40.0, Fraction(40), False),
        (7.5, Fraction(15, 2), False),
        (str(HOURS_MAX - 1), Fraction(HOURS_MAX - 1), False),
        (str(HOURS_MAX), Fraction(HOURS_MAX), False),
        (float(HOURS_MAX), Fraction(HOURS_MAX), False),
    ],
)
def test_each_spelling_of_class_hours_is_read(raw: Raw, value: Fraction, *, cleaned: bool) -> None:
    assert read_hours(raw) == Parsed(value, cleaned=cleaned)


@pytest.mark.parametrize(
    "raw",
    [
        str(HOURS_MAX + 1), float(HOURS_MAX + 1), "9999.01", "7.125", "-8", "+8",
        "1e3", "NaN", "若干", "40+8", "二十十", "百十", "一二", "十百", 0.125, -1.0,
        float("nan"), float("inf"), True, DAY,
    ],
)  # fmt: skip
def test_what_is_no_number_of_class_hours_is_refused(raw: Raw) -> None:
    assert read_hours(raw) == Parsed(None, reason="hours-invalid")


@pytest.mark.parametrize(
    "raw", ["5天", "5日", "2周", "40小时", "40 h", "40H", "90分钟", "3d", "5時"]
)
def test_days_and_clock_hours_are_never_converted(raw: str) -> None:
    assert read_hours(raw) == Parsed(None, reason="hours-invalid:unit")


@pytest.mark.parametrize(
    ("raw", "value", "cleaned"),
    [
        ("86%", Fraction(86, 100), False),
        ("86.5%", Fraction(865, 1000), False),
        ("0.86", Fraction(86, 100), False),
        ("86", Fraction(86, 100), True),
        ("８６％", Fraction(86, 100), True),
        (" 86 % ", Fraction(86, 100), True),
        ("0%", Fraction(0), False),
        ("5%", Fraction(5, 100), False),
        ("100%", Fraction(1), False),
        ("1.0", Fraction(1), False),
        ("1", Fraction(1), True),
        ("10", Fraction(1, 10), True),
        ("100", Fraction(1), True),
        (0.86, Fraction(86, 100), False),
        (0.8600000000000001, Fraction(86, 100), False),
        (86.0, Fraction(86, 100), False),
    ],
)
def test_each_spelling_of_a_share_is_read(raw: Raw, value: Fraction, *, cleaned: bool) -> None:
    assert read_attendance(raw) == Parsed(value, cleaned=cleaned)


@pytest.mark.parametrize(
    "raw",
    [
        "100.01%",
        "100.01",
        "101%",
        "1.01",
        "9.99",
        "5",
        "-5%",
        "86%%",
        "%",
        "全勤",
        "1e1",
        True,
        1.5,
        -0.1,
        float("nan"),
    ],
)
def test_a_share_past_all_or_of_two_meanings_is_refused(raw: Raw) -> None:
    assert read_attendance(raw) == Parsed(None, reason="attendance-invalid")


@pytest.mark.parametrize(
    ("raw", "value", "cleaned"),
    [
        ("72", "72", False),
        ("72.5", "72.5", False),
        ("72.50", "72.5", True),
        ("72分", "72", True),
        ("７２", "72", True),
        (72.0, "72", False),
        (72.25, "72.25", False),
        ("缺考", None, False),
        ("免考", None, False),
        (str(SCORE_MAX), str(SCORE_MAX), False),
    ],
)
def test_each_spelling_of_a_score_is_read(raw: Raw, value: str | None, *, cleaned: bool) -> None:
    assert read_score(raw) == Parsed(value, cleaned=cleaned)


@pytest.mark.parametrize(
    "raw", [str(SCORE_MAX + 1), "1000.01", "-1", "好", "A", "72.125", True, DAY]
)
def test_what_is_no_score_is_refused(raw: Raw) -> None:
    assert read_score(raw) == Parsed(None, reason="score-invalid")


@given(st.integers(0, 1_000_000))
def test_decimal_text_is_the_shortest_that_gives_the_number_back(hundredths: int) -> None:
    value = Fraction(hundredths, 100)
    text = decimal_text(value)
    assert Fraction(text) == value
    assert text == "0" or not text.startswith("00")
    assert "." not in text or not text.endswith(("0", "."))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("合格", Parsed(value=True)),
        ("不合格", Parsed(value=False)),
        ("通過", Parsed(value=True, cleaned=True)),
        (" 合 格 ", Parsed(value=True, cleaned=True)),
        ("PASS", Parsed(value=True, cleaned=True)),
        ("１", Parsed(value=True, cleaned=True)),
        (1.0, Parsed(value=True, cleaned=True)),
        ("未通過", Parsed(value=False, cleaned=True)),
        ("缺考", Parsed(value=False, cleaned=True)),
        (2.0, Parsed(value=False, cleaned=True)),
        ("", Parsed(None, reason="result-missing")),
        ("—", Parsed(None, reason="result-missing")),
        ("也许", Parsed(None, reason="result-unknown")),
        ("合格?", Parsed(None, reason="result-unknown")),
        (0.0, Parsed(None, reason="result-unknown")),
    ],
)
def test_words_for_passed_and_failed_are_told_apart(
    raw: Raw, expected: Parsed[bool | None]
) -> None:
    assert read_result(raw) == expected


raw_cells = st.one_of(
    st.text(max_size=30),
    st.text("0123456789.-/年月日时课至%十百天 ", max_size=14),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)


@given(raw_cells)
def test_any_cell_gives_a_value_or_a_reason_that_has_a_message(raw: Raw) -> None:
    for read in (read_text, read_date, read_hours, read_attendance, read_score, read_result):
        parsed = read(raw)
        assert parsed.reason is None or (parsed.value is None and parsed.reason in MESSAGES)
    found = read_range(raw)
    assert found is None or len(found) == 2
