"""A masked name or number still tells two persons of one list apart, and names neither."""

import pytest

from ledger.domain.masking import mask_name, mask_number


@pytest.mark.parametrize(
    ("name", "masked"),
    [("", ""), ("胡", "胡*"), ("胡芳", "胡*"), ("胡芳雨", "胡*"), ("阿·买买提", "阿*")],
)
def test_a_name_keeps_its_first_character_and_tells_no_length(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("1", "*"),
        ("1234567", "*******"),
        ("12345678", "123*5678"),
        ("330199199505192154", "330***********2154"),
        ("18035746282", "180****6282"),
        ("1" * 107, "111" + "*" * 100 + "1111"),
        ("1" * 5_000, "111" + "*" * 100 + "1111"),
    ],
)
def test_a_number_keeps_its_first_three_and_last_four(text: str, masked: str) -> None:
    assert mask_number(text) == masked
