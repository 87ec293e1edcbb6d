"""The JSON-LD contexts that a document may name, pinned by URL and SHA-256 and never fetched.

The files travel in the wheel of ``openbadgeslib``; they are found through the installed
distribution's list of files, so that none of that package's code runs. A file whose hash differs is
refused when it is loaded: another context under the same URL would give the same signed bytes
another meaning (VCDM 2.0, B.1).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, Final

from pyld import ContextResolver

from ledger.core.digest import sha256
from ledger.errors import MalformedError, UnavailableError, VerificationError

CREDENTIALS_V2: Final = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES: Final = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CLR: Final = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"

CARRIER: Final = "openbadgeslib"
_FOLDER: Final = "openbadgeslib/ob3/contexts/"
_PROCESSED_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Pin:
    """One context: the carrier's file that holds it, and the hex SHA-256 its bytes must have."""

    file: str
    sha256: str


PINS: Final[Mapping[str, Pin]] = {
    CREDENTIALS_V2: Pin(
        "credentials-v2.json", "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"
    ),
    OPEN_BADGES: Pin(
        "ob-v3p0-context-3.0.3.json",
        "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84",
    ),
    CLR: Pin(
        "clr_context_2.0.1.json", "880f1902d4158f2f33ce06af41b90719977cd1ea337a9de2e41edb3ff5e543d6"
    ),
}


class _ProcessedContexts:
    """Bounded store of processed contexts. Unlike PyLD's own LRU cache it is thread-safe."""

    def __init__(self) -> None:
        self._kept: dict[str, object] = {}

    def get(self, key: str) -> object:
        return self._kept.get(key)

    def __setitem__(self, key: str, value: object) -> None:
        if len(self._kept) >= _PROCESSED_MAX:
            self._kept.clear()
        self._kept[key] = value


class _Resolver(ContextResolver):  # type: ignore[misc]  # PyLD has no types
    """PyLD's resolver with a cache that several threads may share."""

    def _cache_resolved_context(self, key: str, resolved: Any, tag: str | None) -> Any:  # noqa: ANN401  as in PyLD
        for one in resolved if isinstance(resolved, list) else [resolved]:
            if not isinstance(one.cache, _ProcessedContexts):
                one.cache = _ProcessedContexts()
        return super()._cache_resolved_context(key, resolved, tag)


class Contexts:
    """A closed set of contexts that PyLD may load, with the cache of their processed forms."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._documents = dict(documents)
        self._resolver = _Resolver({}, self.load)

    @property
    def urls(self) -> frozenset[str]:
        """URLs of the contexts that a document may name."""
        return frozenset(self._documents)

    def load(self, url: str, _options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give a context in the form PyLD expects from a document loader.

        Raises:
            MalformedError: The URL is not in the set; nothing is ever fetched.
        """
        if url not in self._documents:
            raise MalformedError("@context: not one of the pinned contexts", code="context-unknown")
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": self._documents[url],
            "tag": "static",
        }

    def options(self) -> dict[str, Any]:
        """Give the PyLD options that tie an operation to this set; no base, no fetching."""
        return {"base": None, "documentLoader": self.load, "contextResolver": self._resolver}


def load_contexts(pins: Mapping[str, Pin], read: Callable[[str], bytes]) -> Contexts:
    """Read the pinned contexts with ``read(file name)`` and check each hash.

    Raises:
        VerificationError: A file is not the one that was pinned.
    """
    documents = {}
    for url, pin in pins.items():
        data = read(pin.file)
        if sha256(data).hex() != pin.sha256:
            raise VerificationError(
                f"context {pin.file}: expected another hash", code="context-altered"
            )
        documents[url] = json.loads(data)
    return Contexts(documents)


@cache
def pinned_contexts() -> Contexts:
    """Give the contexts of production, loaded and checked once per process.

    Raises:
        UnavailableError: The carrier package or one of its files is not installed.
        VerificationError: A file is not the one that was pinned.
    """
    return load_contexts(PINS, _read_from_carrier)


def _read_from_carrier(name: str) -> bytes:
    try:
        files = metadata.files(CARRIER) or []
        found = next(file for file in files if str(file) == _FOLDER + name)
        return found.read_binary()
    except (metadata.PackageNotFoundError, StopIteration, OSError):
        raise UnavailableError(f"context {name}: package {CARRIER} does not hold it") from None
