r"""The keys of a ledger in one file, under a passphrase, to be kept apart from its backups.

    jinlan-keys-archive/v1 scrypt 131072 8 1 <salt, 32 hex digits> <nonce, 24 hex digits>\\n
    <AES-256-GCM ciphertext of canonical JSON {"files":{"index.json":"...", ...},"token":"..."}>

The key is scrypt (RFC 7914) of the passphrase with N = 2^17, r = 8, p = 1, which takes 128 MiB and
some tenths of a second for each guess. The first line is bound to the ciphertext. Other parameters
are not read: whoever could choose them could choose weak ones.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.core.canonical import decode, encode
from ledger.errors import CustodyError, MalformedError

SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
COST, BLOCK, LANES = 2**17, 8, 1
PASSPHRASE_CHARACTERS_MIN: Final = 12
CONTENT_BYTES_MAX: Final = 16 * 1024 * 1024

_MAGIC: Final = f"jinlan-keys-archive/v1 scrypt {COST} {BLOCK} {LANES}"
_HEADER: Final = re.compile(re.escape(_MAGIC).encode() + rb" ([0-9a-f]{32}) ([0-9a-f]{24})\n")


@dataclass(frozen=True, slots=True)
class KeyArchive:
    """What is kept: the files of the key folder by name, and the operator's token.

    Neither is part of the repr.
    """

    files: dict[str, bytes] = field(repr=False)
    token: str = field(repr=False)


def seal_archive(archive: KeyArchive, passphrase: str) -> bytes:
    """Encrypt an archive.

    Raises:
        MalformedError: The passphrase is too short to protect anything.
    """
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        raise MalformedError(
            f"passphrase: found {len(passphrase)} characters, expected at least "
            f"{PASSPHRASE_CHARACTERS_MIN}; some words that nobody else would join are best"
        )
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    header = f"{_MAGIC} {salt.hex()} {nonce.hex()}\n".encode("ascii")
    files = {name: content.decode("ascii") for name, content in archive.files.items()}
    plain = encode({"files": {**files}, "token": archive.token}, bytes_max=CONTENT_BYTES_MAX)
    return header + AESGCM(_key(passphrase, salt)).encrypt(nonce, plain, header)


def open_archive(data: bytes, passphrase: str) -> KeyArchive:
    """Decrypt an archive.

    Raises:
        CustodyError: It is no archive of keys, was changed, or the passphrase is another.
    """
    match = _HEADER.match(data)
    if match is None:
        raise CustodyError("keys archive: expected the first line of an archive of a ledger's keys")
    salt, nonce = (bytes.fromhex(part.decode("ascii")) for part in match.groups())
    try:
        plain = AESGCM(_key(passphrase, salt)).decrypt(nonce, data[match.end() :], match[0])
        content: Any = decode(plain, bytes_max=CONTENT_BYTES_MAX)
        files = {name: text.encode("ascii") for name, text in content["files"].items()}
        return KeyArchive(files, content["token"])
    except (InvalidTag, MalformedError, LookupError, AttributeError, ValueError):
        # The cause is left out of the chain: it may quote what was decrypted.
        raise CustodyError(
            "keys archive: not opened; the passphrase is another, or the file was changed",
            code="passphrase-wrong",
        ) from None


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=COST, r=BLOCK, p=LANES).derive(passphrase.encode())
