import pytest

from ledger.domain.fields import Fields
from ledger.errors import MalformedError


def one(value: object, **options: bool) -> Fields:
    return Fields("thing", {"field": value}, ("field",), **options)


def test_missing_and_added_fields_are_refused() -> None:
    with pytest.raises(MalformedError, match="'field'"):
        Fields("thing", {}, ("field",))
    with pytest.raises(MalformedError, match="found 2 fields, expected field only") as refused:
        Fields("thing", {"field": 1, "13800000000": 2}, ("field",))
    assert "13800000000" not in refused.value.message
    with pytest.raises(MalformedError, match="an array, expected an object"):
        Fields("thing", [], ())


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        ("text", ["", " a", "a" * 501, 1, None]),
        ("integer", [True, 1.0, "1", -1, 2**53]),
        ("boolean", [0, "true", None]),
        ("day", ["20230504", "2023-W18-4", "2023-02-30", "2023-5-4", 1]),
        ("number", ["7.0", 7, 0.5, None]),
        ("digest", ["a" * 63, "A" * 64, "g" * 64, 5]),
        ("items", [{}, "a", None]),
        ("mapping", [[], "a", None]),
    ],
)
def test_each_reader_takes_one_spelling(read: str, wrong: list[object]) -> None:
    for value in wrong:
        with pytest.raises(MalformedError, match=r"thing\.field: found .+, expected "):
            getattr(one(value), read)("field")


def test_closed_lists_are_closed() -> None:
    assert one("a").choice("field", ("a", "b")) == "a"
    assert one(["b", "a"]).words("field", ("a", "b")) == ("b", "a")
    assert set(one({"a": "0.5"}).numbers("field", ("a", "b"))) == {"a"}
    with pytest.raises(MalformedError, match="one of a, b"):
        one("c").choice("field", ("a", "b"))
    for words in (["c"], ["a", "a"], [1]):
        with pytest.raises(MalformedError, match="among a, b"):
            one(words).words("field", ("a", "b"))
    with pytest.raises(MalformedError, match="among a, b"):
        one({"c": "1"}).numbers("field", ("a", "b"))


def test_messages_quote_public_data_only() -> None:
    with pytest.raises(MalformedError, match="'floor '"):
        one("floor ", quoting=True).text("field")
    for personal in ("330199199505192154 ", 330199199505192154):
        with pytest.raises(MalformedError) as refused:
            one(personal).text("field")
        assert "330199" not in refused.value.message


def test_null_is_allowed_only_where_it_is_said() -> None:
    read = one(None)
    assert read.optional("field", read.text) is None
    with pytest.raises(MalformedError, match="found null"):
        read.text("field")
