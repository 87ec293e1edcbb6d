"""The bundle: one JSON document with which a transcript is verified without any network.

    {"v":1,"suite":"SCL-1","type":"JinlanBundle","exported_at":"...Z","on":"2026-11-22",
     "credential":{...},"checkpoint":"<signed note>",
     "entries":[{"entry":"<entry>","body":"<canonical body>","salt":"<hex>","path":["<base64>"]}],
     "seal":{"key":"<credential key id>","signature":"<base64>"}}

RFC 8785 to the byte. The seal signs ``jinlan-bundle/v1`` and a newline, then the RFC 8785 bytes of
the document without ``seal``, so nothing in a bundle is unauthenticated. Reading a bundle verifies
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.core import canonical
from ledger.core.digest import HASH_BYTES, SALT_BYTES
from ledger.core.entry import Entry, decode_entry
from ledger.core.instant import format_instant, parse_instant
from ledger.core.proof import PATH_MAX
from ledger.core.spelling import format_base64, parse_base64, parse_hex
from ledger.core.suite import SCL_1, suite
from ledger.credentials.data_integrity import CredentialSigner
from ledger.credentials.jsonld import Document, encode_json, load_json
from ledger.errors import MalformedError

TYPE: Final = "JinlanBundle"
BUNDLE_BYTES_MAX: Final = 4_194_304
ENTRIES_MAX: Final = 1_000
SEAL_PREFIX: Final = b"jinlan-bundle/v1\n"

_FIELDS: Final = frozenset(
    {"v", "suite", "type", "exported_at", "on", "credential", "checkpoint", "entries", "seal"}
)
_ENTRY_FIELDS: Final = frozenset({"entry", "body", "salt", "path"})
_SEAL_FIELDS: Final = frozenset({"key", "signature"})


@dataclass(frozen=True, slots=True)
class BundledEntry:
    """An entry with its body, the body's salt and the inclusion path.

    Attributes:
        entry: The entry.
        body: Canonical bytes of its body.
        salt: 32 bytes.
        path: Sibling hashes from leaf to root of the bundle's checkpoint.
    """

    entry: Entry
    body: bytes
    salt: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle's parts. Nothing is verified.

    Attributes:
        exported_at_ms: When it was made, in milliseconds since 1970, UTC.
        on: Date of the transcript, ISO.
        credential: The signed ClrCredential.
        checkpoint: The signed checkpoint's bytes.
        entries: By index, each once.
        suite: Suite of the seal.
    """

    exported_at_ms: int
    on: str
    credential: Document
    checkpoint: bytes
    entries: tuple[BundledEntry, ...]
    suite: str = SCL_1.id


@dataclass(frozen=True, slots=True)
class SealedBundle:
    """A bundle together with its seal, as it was read.

    Attributes:
        bundle: The parts.
        key_id: Id of the credential key that sealed it.
        signature: The signature.
        message: The bytes that the seal signs.
    """

    bundle: Bundle
    key_id: str
    signature: bytes
    message: bytes


def seal_bundle(bundle: Bundle, signer: CredentialSigner) -> bytes:
    """Write a bundle and seal it.

    Raises:
        MalformedError: A part is not in its form, or the bundle is too large.
        CustodyError: The key cannot be used now.
    """
    document = _to_json(bundle)
    signature = signer.sign(SEAL_PREFIX + encode_json(document))
    seal = {
        "key": signer.verification_method.rpartition("#")[2],
        "signature": format_base64(signature),
    }
    data = encode_json({**document, "seal": seal})
    parse_bundle(data)
    return data


def parse_bundle(data: bytes) -> SealedBundle:
    """Read a bundle strictly.

    Raises:
        MalformedError: The bytes are not in the form that ``seal_bundle`` writes.
    """
    return open_bundle(load_json(data, bytes_max=BUNDLE_BYTES_MAX), data)


def open_bundle(document: Mapping[str, Any], data: bytes) -> SealedBundle:
    """Read a bundle from its bytes and what ``load_json`` made of them.

    Raises:
        MalformedError: The bytes are not in the form that ``seal_bundle`` writes.
    """
    if document.keys() != _FIELDS or encode_json(document) != data:
        raise MalformedError("bundle: expected its fields in RFC 8785 form")
    seal = _object(document["seal"], _SEAL_FIELDS)
    unsealed = {name: value for name, value in document.items() if name != "seal"}
    bundle = _from_json(unsealed)
    length = suite(bundle.suite).signature_bytes
    return SealedBundle(
        bundle,
        _text(seal["key"]),
        parse_base64(_text(seal["signature"]), "seal", length=length),
        SEAL_PREFIX + encode_json(unsealed),
    )


def _to_json(bundle: Bundle) -> Document:
    return {
        "v": 1,
        "suite": bundle.suite,
        "type": TYPE,
        "exported_at": format_instant(bundle.exported_at_ms),
        "on": bundle.on,
        "credential": bundle.credential,
        "checkpoint": bundle.checkpoint.decode("utf-8"),
        "entries": [
            {
                "entry": one.entry.encode().decode("ascii"),
                "body": one.body.decode("utf-8"),
                "salt": one.salt.hex(),
                "path": [format_base64(sibling) for sibling in one.path],
            }
            for one in bundle.entries
        ],
    }


def _from_json(document: Mapping[str, Any]) -> Bundle:
    if type(document["v"]) is not int or document["v"] != 1 or document["type"] != TYPE:
        raise MalformedError("bundle: expected version 1")
    on = _text(document["on"])
    if not isinstance(document["credential"], dict) or not _is_date(on):
        raise MalformedError("bundle: expected a credential and an ISO date")
    return Bundle(
        exported_at_ms=parse_instant(_text(document["exported_at"])),
        on=on,
        credential=document["credential"],
        checkpoint=_text(document["checkpoint"]).encode(),
        entries=_entries(document["entries"]),
        suite=suite(_text(document["suite"])).id,
    )


def _entries(value: object) -> tuple[BundledEntry, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= ENTRIES_MAX:
        raise MalformedError(f"bundle: expected 1 to {ENTRIES_MAX} entries")
    entries = tuple(_entry(one) for one in value)
    indices = [one.entry.index for one in entries]
    if indices != sorted(set(indices)):
        raise MalformedError("bundle: expected entries by index, each once")
    return entries


def _entry(value: object) -> BundledEntry:
    fields = _object(value, _ENTRY_FIELDS)
    body = _text(fields["body"]).encode()
    canonical.decode(body)
    return BundledEntry(
        decode_entry(_text(fields["entry"]).encode()),
        body,
        parse_hex(_text(fields["salt"]), "salt", length=SALT_BYTES),
        _path(fields["path"]),
    )


def _path(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > PATH_MAX:
        raise MalformedError(f"path: expected at most {PATH_MAX} hashes")
    texts: Sequence[object] = value
    return tuple(parse_base64(_text(one), "path", length=HASH_BYTES) for one in texts)


def _object(value: object, fields: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() != fields:
        raise MalformedError("bundle: expected an object of " + ", ".join(sorted(fields)))
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedError("bundle: expected text")
    return value


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
