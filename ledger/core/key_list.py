"""The key list: the public keys of one ledger, which a verifier pins as its trust.

    {"keys":[{"compromised_at":null,"id":"6a3f9c01","public_key":"<hex>","purpose":"log",
     "revoked_at":null,"suite":"SCL-1","valid_from":"2026-11-22T08:00:00.000Z","valid_until":null}],
     "origin":"ledger.example/2026","v":1}

Canonical JSON. A ``log`` key is named by its note key id (8 hex digits), any other by the first 16
hex digits of SHA-256(public key). The keys of purpose ``vault`` and ``lookup`` are secret and
never here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.core.canonical import Json, decode, encode
from ledger.core.digest import sha256
from ledger.core.instant import format_instant, parse_instant
from ledger.core.note import ED25519, VerifierKey, is_key_name, key_id
from ledger.core.spelling import parse_hex
from ledger.core.suite import suite
from ledger.errors import MalformedError, NotFoundError

LOG: Final = "log"
CREDENTIAL: Final = "credential"
PURPOSES: Final = frozenset({LOG, CREDENTIAL})
"""What a published key can be for: to sign checkpoints, or to sign exports."""

_KEY_FIELDS: Final = frozenset(
    {
        "id",
        "purpose",
        "suite",
        "public_key",
        "valid_from",
        "valid_until",
        "revoked_at",
        "compromised_at",
    }
)
_LIST_FIELDS: Final = frozenset({"v", "origin", "keys"})


def published_key_id(purpose: str, public_key: bytes, origin: str) -> str:
    """Name a key: the note key id for a ``log`` key, else the start of SHA-256, in hex."""
    if purpose == LOG:
        return key_id(origin, ED25519, public_key).hex()
    return sha256(public_key)[:8].hex()


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One public key and the time in which it may be believed.

    Attributes:
        id: Its name, see ``published_key_id``.
        purpose: One of ``PURPOSES``.
        suite: The suite that it signs under.
        public_key: The key's bytes.
        valid_from: First instant of its validity; like all here in milliseconds since 1970, UTC.
        valid_until: First instant after its validity, if an end is set.
        revoked_at: From when it was withdrawn, if it was.
        compromised_at: From when others may hold the private key, if so.

    Raises:
        MalformedError: A field is outside its form.
    """

    id: str
    purpose: str
    suite: str
    public_key: bytes
    valid_from: int
    valid_until: int | None = None
    revoked_at: int | None = None
    compromised_at: int | None = None

    def __post_init__(self) -> None:
        if self.purpose not in PURPOSES:
            raise MalformedError("published key: expected purpose log or credential")
        if len(self.public_key) != suite(self.suite).public_key_bytes:
            raise MalformedError("published key: public key not of the length of its suite")
        # A log key's id depends on the origin too: the key list checks that one.
        if self.purpose != LOG and self.id != published_key_id(self.purpose, self.public_key, ""):
            raise MalformedError("published key: the id belongs to another key")
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise MalformedError("published key: expected valid_until after valid_from")

    def valid_at(self, ms: int) -> bool:
        """Tell whether a signature made at this instant may be believed."""
        ends = (self.valid_until, self.revoked_at, self.compromised_at)
        return self.valid_from <= ms and all(end is None or ms < end for end in ends)

    def to_json(self) -> dict[str, Json]:
        """Give the key as the object that stands in the key list and in a ``key`` entry's body."""
        return {
            "id": self.id,
            "purpose": self.purpose,
            "suite": self.suite,
            "public_key": self.public_key.hex(),
            "valid_from": format_instant(self.valid_from),
            "valid_until": _format_end(self.valid_until),
            "revoked_at": _format_end(self.revoked_at),
            "compromised_at": _format_end(self.compromised_at),
        }


def published_key_from_json(value: Json) -> PublishedKey:
    """Read one published key.

    Raises:
        MalformedError: The value is not exactly what ``PublishedKey.to_json`` gives.
    """
    fields = _object(value, _KEY_FIELDS, "published key")
    name = _text(fields["suite"], "suite")
    return PublishedKey(
        id=_text(fields["id"], "id"),
        purpose=_text(fields["purpose"], "purpose"),
        suite=name,
        public_key=parse_hex(
            _text(fields["public_key"], "public_key"),
            "published key: public_key",
            length=suite(name).public_key_bytes,
        ),
        valid_from=parse_instant(_text(fields["valid_from"], "valid_from")),
        valid_until=_parse_end(fields["valid_until"], "valid_until"),
        revoked_at=_parse_end(fields["revoked_at"], "revoked_at"),
        compromised_at=_parse_end(fields["compromised_at"], "compromised_at"),
    )


@dataclass(frozen=True, slots=True)
class KeyList:
    """The published keys of the log of one origin.

    Raises:
        MalformedError: The origin cannot name a log, or a key's id is not its own or comes twice.
    """

    origin: str
    keys: tuple[PublishedKey, ...]

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise MalformedError("key list: expected an origin without spaces and plus")
        for key in self.keys:
            if key.id != published_key_id(key.purpose, key.public_key, self.origin):
                raise MalformedError("key list: a key's id belongs to another key or origin")
        if len({key.id for key in self.keys}) != len(self.keys):
            raise MalformedError("key list: expected each key once")

    def find(self, key_id: str, purpose: str) -> PublishedKey:
        """Find a key by id, for one purpose: a key for something else is as good as none.

        Raises:
            NotFoundError: The list has no such key.
        """
        for key in self.keys:
            if key.id == key_id and key.purpose == purpose:
                return key
        raise NotFoundError(f"key list: no {purpose} key of this id", code="key-not-found")

    def log_verifier_keys(self, *, at_ms: int | None = None) -> list[VerifierKey]:
        """Give the log's keys for checking notes.

        A checkpoint bears no time. Where the caller knows none that can be believed, every log key
        is given, retired and revoked ones too, so that old proofs stay good; a compromised one
        never is, since whoever has it can sign any past.

        Args:
            at_ms: Only keys valid at this instant, in milliseconds since 1970, UTC.
        """
        return [
            VerifierKey(self.origin, ED25519, key.public_key)
            for key in self.keys
            if key.purpose == LOG
            and (key.compromised_at is None if at_ms is None else key.valid_at(at_ms))
        ]

    def every_log_verifier_key(self) -> list[VerifierKey]:
        """Give all log keys there ever were, compromised ones too.

        For the ledger's own audit: it asks whether a checkpoint is one that this ledger signed, and
        holds it against the entries besides. A stranger must not ask so little.
        """
        return [
            VerifierKey(self.origin, ED25519, key.public_key)
            for key in self.keys
            if key.purpose == LOG
        ]

    def to_json(self) -> dict[str, Json]:
        """Give the list as a JSON value."""
        return {"v": 1, "origin": self.origin, "keys": [key.to_json() for key in self.keys]}

    def encode(self) -> bytes:
        """Write the list's bytes.

        Raises:
            MalformedError: The list is too long for canonical JSON's limit.
        """
        return encode(self.to_json())


def key_list_from_json(value: Json) -> KeyList:
    """Read a key list.

    Raises:
        MalformedError: The value is not exactly what ``KeyList.to_json`` gives.
    """
    fields = _object(value, _LIST_FIELDS, "key list")
    keys = fields["keys"]
    if type(fields["v"]) is not int or fields["v"] != 1 or not isinstance(keys, list):
        raise MalformedError("key list: expected v 1 and a list of keys")
    return KeyList(
        _text(fields["origin"], "origin"), tuple(published_key_from_json(key) for key in keys)
    )


def decode_key_list(data: bytes) -> KeyList:
    """Read a key list's bytes.

    Raises:
        MalformedError: The bytes are not exactly what ``KeyList.encode`` writes.
    """
    return key_list_from_json(decode(data))


def _object(value: Json, fields: frozenset[str], what: str) -> Mapping[str, Json]:
    if not isinstance(value, dict) or value.keys() != fields:
        raise MalformedError(f"{what}: expected an object of " + ", ".join(sorted(fields)))
    return value


def _text(value: Json, field: str) -> str:
    if not isinstance(value, str):
        raise MalformedError(f"{field}: expected text")
    return value


def _format_end(ms: int | None) -> str | None:
    return None if ms is None else format_instant(ms)


def _parse_end(value: Json, field: str) -> int | None:
    return None if value is None else parse_instant(_text(value, field))
