import pytest

from ledger.credentials.holder import Holder, read_holder
from ledger.errors import MalformedError

SUBJECT = "urn:uuid:00000000-0000-4000-8000-00000000ffff"


def test_the_id_number_leaves_masked_but_for_its_last_four() -> None:
    told = Holder(SUBJECT, "欧阳测试", "123X").to_json()
    assert [one["identityHash"] for one in told] == ["欧阳测试", "**************123X"]
    assert not any(one["hashed"] for one in told)


@pytest.mark.parametrize(
    ("subject", "name", "last4"),
    [
        (SUBJECT, "", "1234"),
        (SUBJECT, "某", "12345"),
        (SUBJECT, "某", "12a4"),
        (SUBJECT, "某", "123x"),
        (SUBJECT, "某", "١٢٣٤"),
        ("urn:uuid:1", "某", "1234"),
        ("did:key:z6Mk", "某", "1234"),
        (SUBJECT.upper(), "某", "1234"),
    ],
)
def test_a_holder_out_of_form_is_refused(subject: str, name: str, last4: str) -> None:
    with pytest.raises(MalformedError):
        Holder(subject, name, last4)


def test_a_holder_is_read_back() -> None:
    holder = Holder(SUBJECT, "欧阳测试", "1234")
    assert read_holder({"id": SUBJECT, "identifier": holder.to_json()}) == holder


@pytest.mark.parametrize("identifier", [None, [], [{}], [{}, {}], "ab", 7])
def test_a_subject_without_both_identities_is_refused(identifier: object) -> None:
    with pytest.raises(MalformedError):
        read_holder({"id": SUBJECT, "identifier": identifier})
