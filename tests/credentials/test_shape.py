import pytest

from ledger.credentials.shape import check_rebuilt, check_uuid_urn, text_of
from ledger.errors import MalformedError


def test_the_proof_alone_may_differ_from_what_is_built_again() -> None:
    check_rebuilt({"a": 1, "proof": {"x": 1}}, {"a": 1})


@pytest.mark.parametrize(
    "document", [{}, {"a": True}, {"a": 1, "b": 1}, {"a": 2}, {"a": [1]}, {"a": "1"}]
)
def test_any_other_difference_is_refused_even_true_for_one(document: dict[str, object]) -> None:
    with pytest.raises(MalformedError) as caught:
        check_rebuilt(document, {"a": 1})
    assert caught.value.code == "not-in-writers-form"


def test_text_is_text() -> None:
    assert text_of("x") == "x"
    with pytest.raises(MalformedError):
        text_of(7)


@pytest.mark.parametrize(
    "text",
    ["", "00000000-0000-4000-8000-000000000001", "urn:uuid:00000000-0000-4000-8000-00000000000A"],
)
def test_an_id_is_a_lower_case_uuid_urn(text: str) -> None:
    check_uuid_urn("urn:uuid:00000000-0000-4000-8000-000000000001")
    with pytest.raises(MalformedError):
        check_uuid_urn(text)
