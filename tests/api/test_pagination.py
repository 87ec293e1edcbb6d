"""Pages by opaque cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pagination import format_cursor, link_next, next_cursor, parse_cursor
from ledger.errors import MalformedError


@given(st.integers(0, 10**9))
def test_a_cursor_leads_back_to_where_it_was_made(offset: int) -> None:
    assert parse_cursor(format_cursor(offset)) == offset


@given(
    st.one_of(
        st.text(alphabet="ABCMNOQTcghmvwxyz0123456789-_=", max_size=14),
        st.integers(0, 5000).map(lambda n: format_cursor(n) + "="),
        st.integers(0, 5000).map(lambda n: format_cursor(n)[:-1]),
        st.integers(0, 5000).map(lambda n: format_cursor(n) + "A"),
    )
)
def test_a_cursor_that_we_would_not_write_is_refused(text: str) -> None:
    try:
        offset = parse_cursor(text)
    except MalformedError:
        return
    assert format_cursor(offset) == text


@pytest.mark.parametrize("text", ["", "cm93OjAx", "cm93Oi0x", "cm93OsKy", "10", "é", "cm93OjE\n"])
def test_named_second_spellings_are_refused(text: str) -> None:
    """01, -1, a superscript two, plain digits, and a line feed at the end."""
    with pytest.raises(MalformedError):
        parse_cursor(text)


@given(st.integers(0, 50), st.integers(1, 20))
def test_the_pages_of_a_list_are_the_list(count: int, limit: int) -> None:
    items = list(range(count))
    seen: list[int] = []
    cursor: str | None = format_cursor(0)
    while cursor is not None:
        offset = parse_cursor(cursor)
        seen += items[offset : offset + limit]
        cursor = next_cursor(offset, limit, count)
    assert seen == items


def test_there_is_no_page_beyond_the_end() -> None:
    assert next_cursor(10, 5, 2) is None


def test_the_link_is_relative() -> None:
    """RFC 8288: rel="next"."""
    assert link_next("/v1/rosters/r", 3, "abc") == '</v1/rosters/r?limit=3&cursor=abc>; rel="next"'
