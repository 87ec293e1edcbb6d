"""The index of the keyring: which key file serves for what. Canonical JSON, replaced as a whole.

    {"files":{"6a3f9c01":"file:log-6a3f9c01.key", ...},
     "key_list":{...as published...},
     "secrets":[{"check":"<16 hex>","purpose":"vault","uri":"file:vault-1-<8 hex>.key",
                 "version":1}, ...],
     "v":1}

For each purpose one key is *current*: the signing key without an end, the secret of the highest
version. ``check`` is 8 bytes of a hash of the secret, so that a file put back from another time is
noticed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from ledger.core.canonical import Json, decode, encode
from ledger.core.digest import sha256
from ledger.core.key_list import CREDENTIAL, LOG, KeyList, PublishedKey, key_list_from_json
from ledger.errors import MalformedError, NotFoundError

VAULT: Final = "vault"
LOOKUP: Final = "lookup"
SIGNING: Final = (LOG, CREDENTIAL)
SECRET: Final = (VAULT, LOOKUP)

_FIELDS: Final = frozenset({"v", "key_list", "files", "secrets"})
_SECRET_FIELDS: Final = frozenset({"purpose", "version", "uri", "check"})


def secret_check(purpose: str, secret: bytes) -> str:
    """Give the 16 hex digits by which the index recognises a secret of 32 random bytes."""
    return sha256(b"jinlan-secret-check/v1\0" + purpose.encode() + b"\0" + secret)[:8].hex()


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One version of a secret: its purpose, its number from 1 on, where it is kept, its check."""

    purpose: str
    version: int
    uri: str
    check: str


@dataclass(frozen=True, slots=True)
class Index:
    """What the keyring holds, without a private byte.

    Attributes:
        key_list: The signing keys as they are published, oldest first.
        files: URI of each signing key, by its id.
        secrets: Every version of every secret.

    Raises:
        MalformedError: A purpose has no current key or two, or a key has no place or shares it.
    """

    key_list: KeyList
    files: Mapping[str, str]
    secrets: tuple[SecretVersion, ...]

    def __post_init__(self) -> None:
        if self.files.keys() != {key.id for key in self.key_list.keys}:
            raise MalformedError("key index: expected one file for each key")
        uris = [*self.files.values(), *(one.uri for one in self.secrets)]
        if len(set(uris)) != len(uris):
            raise MalformedError("key index: expected each file to hold one key")
        for purpose in SIGNING:
            if sum(_is_current(key, purpose) for key in self.key_list.keys) != 1:
                raise MalformedError(f"key index: expected one current {purpose} key")
        for purpose in SECRET:
            versions = [one.version for one in self.secrets if one.purpose == purpose]
            if not versions or versions != list(range(1, len(versions) + 1)):
                raise MalformedError(f"key index: expected {purpose} secrets numbered from 1")
        if {one.purpose for one in self.secrets} != set(SECRET):
            raise MalformedError("key index: a secret for a purpose that is not known")

    def current(self, purpose: str) -> PublishedKey:
        """Give the current signing key of a purpose.

        Raises:
            NotFoundError: Nothing is signed for this purpose.
        """
        for key in self.key_list.keys:
            if _is_current(key, purpose):
                return key
        raise NotFoundError(f"keyring: nothing is signed for the purpose {purpose!r}")

    def with_key(self, retired: PublishedKey, new: PublishedKey, uri: str) -> Self:
        """Give an index in which ``new`` is current and ``retired`` stands as given."""
        keys = tuple(retired if key.id == retired.id else key for key in self.key_list.keys)
        return replace(
            self,
            key_list=KeyList(self.key_list.origin, (*keys, new)),
            files={**self.files, new.id: uri},
        )

    def encode(self) -> bytes:
        """Write the index's bytes.

        Raises:
            MalformedError: There are too many keys for one canonical document (some 150).
        """
        secrets: list[Json] = [
            {"purpose": one.purpose, "version": one.version, "uri": one.uri, "check": one.check}
            for one in self.secrets
        ]
        files = dict(self.files)
        return encode(
            {"v": 1, "key_list": self.key_list.to_json(), "files": files, "secrets": secrets}
        )


def decode_index(data: bytes) -> Index:
    """Read an index.

    Raises:
        MalformedError: The bytes are not exactly what ``Index.encode`` writes.
    """
    fields = decode(data)
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise MalformedError("key index: expected v, key_list, files and secrets")
    files, secrets = fields["files"], fields["secrets"]
    if type(fields["v"]) is not int or fields["v"] != 1:
        raise MalformedError("key index: expected v 1")
    if not isinstance(files, dict) or not isinstance(secrets, list):
        raise MalformedError("key index: expected an object of files and a list of secrets")
    return Index(
        key_list_from_json(fields["key_list"]),
        {name: _text(uri) for name, uri in files.items()},
        tuple(_secret(one) for one in secrets),
    )


def _is_current(key: PublishedKey, purpose: str) -> bool:
    ends = (key.valid_until, key.revoked_at, key.compromised_at)
    return key.purpose == purpose and all(end is None for end in ends)


def _secret(value: Json) -> SecretVersion:
    if not isinstance(value, dict) or value.keys() != _SECRET_FIELDS:
        raise MalformedError("key index: expected purpose, version, uri and check of a secret")
    version = value["version"]
    if type(version) is not int:
        raise MalformedError("key index: expected a number as version")
    return SecretVersion(
        _text(value["purpose"]), version, _text(value["uri"]), _text(value["check"])
    )


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise MalformedError("key index: expected text")
    return value
