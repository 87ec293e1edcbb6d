"""The keyring: every key of one ledger, opened once and used by purpose.

    log         signs checkpoints
    credential  signs exports
    vault       32 secret bytes that wrap the persons' keys
    lookup      32 secret bytes that make the tags by which people are found

A key serves one purpose. The keyring is what the files said when it was opened: a process takes up
a rotation by opening it again. It knows no clock; whoever signs says what time it is.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from keys.custody import (
    INDEX_NAME,
    MISSING,
    NO_SUITE,
    PRIVATE_BYTES,
    KeyFolder,
    PrivateKey,
    make_folder,
    open_folder,
)
from keys.index import SECRET, SIGNING, Index, SecretVersion, decode_index, secret_check
from keys.publication import write_key_list
from keys.suites import SIGNING_SUITES, Sign, signing_suite
from ledger.core.key_list import LOG, KeyList, PublishedKey, published_key_id
from ledger.core.note import ED25519, NoteSigner, VerifierKey
from ledger.core.suite import SCL_1
from ledger.errors import CustodyError, MalformedError, NotFoundError, RefusedError

SUITE_FOR_NEW_KEYS: Final = SIGNING_SUITES[SCL_1.id]


@dataclass(frozen=True, slots=True)
class Signer:
    """A signing key at work. Its private half can be used and not seen.

    Attributes:
        id: The key's id in the key list.
        purpose: What it may sign.
        suite: Name of its suite.
        public_key: The bytes that others check with.
    """

    id: str
    purpose: str
    suite: str
    public_key: bytes
    _sign: Sign = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Sign the bytes as they are."""
        return self._sign(message)


@dataclass(frozen=True, slots=True)
class LogSigner:
    """A log key as it signs notes (see ``ledger.core.note.NoteSigner``)."""

    verifier_key: VerifierKey
    _sign: Sign = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Sign the bytes as they are."""
        return self._sign(message)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The open keys of one ledger. Threads may share it."""

    _index: Index
    _signers: Mapping[str, Signer] = field(repr=False)
    _secrets: Mapping[tuple[str, int], bytes] = field(repr=False)

    @classmethod
    def create(cls, home: Path, origin: str, now_ms: int) -> Self:
        """Make a ledger's first keys, one for each purpose, and publish their public halves.

        Args:
            home: The data folder; it is made where absent.
            origin: Name of the log, such as ``ledger.example/2026``.
            now_ms: From when the keys are valid, in milliseconds since 1970, UTC.

        Raises:
            RefusedError: The folder has a keyring, and no key is ever written over.
            MalformedError: The origin cannot name a log.
            CustodyError: The folder is open to others, or cannot be written.
        """
        KeyList(origin, ())
        make_folder(home)
        with open_folder(home) as folder, folder.locked():
            if folder.has_index():
                raise RefusedError(
                    f"{folder.path}: it holds a keyring already", code="keyring-exists"
                )
            made = [make_signing_key(folder, purpose, origin, now_ms) for purpose in SIGNING]
            index = Index(
                KeyList(origin, tuple(key for key, _ in made)),
                {key.id: uri for key, uri in made},
                tuple(make_secret(folder, purpose, 1) for purpose in SECRET),
            )
            # Whoever dies before this line leaves files that nobody names, and may begin again.
            folder.replace_index(index.encode())
        write_key_list(home, index.key_list)
        return cls.open(home)

    @classmethod
    def open(cls, home: Path) -> Self:
        """Open the keyring of a data folder.

        A retired signing key may be absent, since an operator may have taken it away; then it only
        signs no more. All other files must be there and right.

        Raises:
            CustodyError: A file is missing, open to others, not ours, or not the key that the index
                names.
        """
        with open_folder(home) as folder:
            index = read_index(folder)
            signers = (_open_signer(folder, index, key) for key in index.key_list.keys)
            return cls(
                index,
                {signer.id: signer for signer in signers if signer is not None},
                {(one.purpose, one.version): _open_secret(folder, one) for one in index.secrets},
            )

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self._index.key_list.origin

    def signer(self, purpose: str) -> Signer:
        """Give the current key of a signing purpose.

        Raises:
            NotFoundError: Nothing is signed for this purpose.
        """
        return self._signers[self._index.current(purpose).id]

    def log_signers(self, now_ms: int) -> list[NoteSigner]:
        """Give the log keys that sign a checkpoint now, the current one first.

        Until an overlap has ended the key before it signs too, so that holders of either can read
        the checkpoint.

        Args:
            now_ms: The time in milliseconds since 1970, UTC.
        """
        current = self._index.current(LOG)
        overlapping = [
            key
            for key in reversed(self._index.key_list.keys)
            if key.purpose == LOG
            and key.id != current.id
            and key.id in self._signers
            and key.valid_at(now_ms)
        ]
        return [self._log_signer(key) for key in (current, *overlapping)]

    def secret(self, purpose: str, version: int | None = None) -> bytes:
        """Give the 32 bytes of a secret, by default of its current version.

        Raises:
            NotFoundError: There is no such secret or version.
        """
        number = self.secret_version(purpose) if version is None else version
        try:
            return self._secrets[purpose, number]
        except KeyError:
            raise NotFoundError(f"keyring: no version {number} of the secret {purpose!r}") from None

    def secret_version(self, purpose: str) -> int:
        """Give the current version of a secret; the first is 1 and none is ever left out.

        Raises:
            NotFoundError: There is no secret for this purpose.
        """
        versions = [number for name, number in self._secrets if name == purpose]
        if not versions:
            raise NotFoundError(f"keyring: no secret for the purpose {purpose!r}")
        return max(versions)

    def published(self) -> KeyList:
        """Give the key list that verifiers pin: public halves only, retired keys included."""
        return self._index.key_list

    def _log_signer(self, key: PublishedKey) -> LogSigner:
        verifier_key = VerifierKey(self.origin, ED25519, key.public_key)
        return LogSigner(verifier_key, self._signers[key.id].sign)


def make_signing_key(
    folder: KeyFolder, purpose: str, origin: str, now_ms: int
) -> tuple[PublishedKey, str]:
    """Make a signing key and its file; give its public half and its URI. No index names it yet.

    Raises:
        CustodyError: The file cannot be written.
    """
    suite = SUITE_FOR_NEW_KEYS
    private = suite.generate()
    public_key, _ = suite.open(private)
    name = published_key_id(purpose, public_key, origin)
    key = PublishedKey(name, purpose, suite.id, public_key, valid_from=now_ms)
    # The name comes from the key: a file left by somebody who died here is never in the way.
    return key, folder.write_key(f"{purpose}-{name}", PrivateKey(purpose, suite.id, private))


def make_secret(folder: KeyFolder, purpose: str, version: int) -> SecretVersion:
    """Make a secret and its file. No index names it yet.

    Raises:
        CustodyError: The file cannot be written.
    """
    private = secrets.token_bytes(PRIVATE_BYTES)
    check = secret_check(purpose, private)
    uri = folder.write_key(
        f"{purpose}-{version}-{check[:8]}", PrivateKey(purpose, NO_SUITE, private)
    )
    return SecretVersion(purpose, version, uri, check)


def read_index(folder: KeyFolder) -> Index:
    """Read the index of an open key folder.

    Raises:
        CustodyError: It is missing, open to others, or not an index.
    """
    try:
        return decode_index(folder.read_index())
    except MalformedError as error:
        raise CustodyError(
            f"{folder.path / INDEX_NAME}: {error.message}; restore it from a backup"
        ) from error


def _open_signer(folder: KeyFolder, index: Index, key: PublishedKey) -> Signer | None:
    uri = index.files[key.id]
    try:
        held = folder.read_key(uri)
    except CustodyError as error:
        if error.code == MISSING and key.id != index.current(key.purpose).id:
            return None
        raise
    if (held.purpose, held.suite) == (key.purpose, key.suite):
        public_key, sign = signing_suite(held.suite).open(held.private)
        if public_key == key.public_key:
            return Signer(key.id, key.purpose, key.suite, public_key, sign)
    raise _other_key(folder, uri)


def _open_secret(folder: KeyFolder, one: SecretVersion) -> bytes:
    held = folder.read_key(one.uri)
    is_named = (held.purpose, held.suite) == (one.purpose, NO_SUITE)
    if is_named and secret_check(one.purpose, held.private) == one.check:
        return held.private
    raise _other_key(folder, one.uri)


def _other_key(folder: KeyFolder, uri: str) -> CustodyError:
    return CustodyError(
        f"{folder.path}: {uri} holds another key than {INDEX_NAME} names; "
        "restore both from one backup"
    )
