"""Guards the tests that flip bits: a bit left out would let a change to it pass."""

from tests.core.flips import every_flip


def test_each_bit_is_flipped_once_and_alone() -> None:
    data = b"\x00\xa5\xff"
    whole = int.from_bytes(data)
    flipped = [int.from_bytes(changed) ^ whole for changed in every_flip(data)]
    assert sorted(flipped) == [1 << bit for bit in range(24)]
