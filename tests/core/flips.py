"""Flips bits, for tests in which no single one may go unnoticed."""

from collections.abc import Iterator


def every_flip(data: bytes) -> Iterator[bytes]:
    """Give the bytes once for each of their bits, with that bit flipped."""
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)
