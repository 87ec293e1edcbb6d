"""How each signing suite makes a key and signs: the private side of ``ledger.core.suite``.

    SCL-1   Ed25519; private form: the 32-byte seed of RFC 8032, 5.1.5

The two tables have the same rows. What a suite *checks* stands in the core, so that a verifier
carries no signing code; a new suite is a row there and a row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.core.suite import SCL_1
from ledger.errors import MalformedError

Sign: TypeAlias = Callable[[bytes], bytes]
"""Signs a message with a key that it holds and does not show."""


@dataclass(frozen=True, slots=True)
class SigningSuite:
    """One suite, as the holder of a private key sees it.

    Attributes:
        id: The name it has in ``ledger.core.suite``.
        generate: Makes a new private key from the system's random source.
        open: Turns the private form into the public key and a function that signs. Callers check
            the length first.
    """

    id: str
    generate: Callable[[], bytes]
    open: Callable[[bytes], tuple[bytes, Sign]]


def _open_ed25519(private_key: bytes) -> tuple[bytes, Sign]:
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return key.public_key().public_bytes_raw(), key.sign


def _generate_ed25519() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()


SIGNING_SUITES: Final[Mapping[str, SigningSuite]] = MappingProxyType(
    {SCL_1.id: SigningSuite(SCL_1.id, _generate_ed25519, _open_ed25519)}
)


def signing_suite(id: str) -> SigningSuite:  # noqa: A002  the word of docs/architecture.md
    """Find a suite by its name.

    Raises:
        MalformedError: No suite has this name.
    """
    try:
        return SIGNING_SUITES[id]
    except KeyError:
        raise MalformedError("suite: expected one of " + ", ".join(SIGNING_SUITES)) from None
