"""Comparing a document with the one that our own writer would make from what was read out of it.

Readers here take a document apart, build it again and ask for the same RFC 8785 bytes. The set of
fields is closed by
that: one that is added, left out, doubled or spelt otherwise is refused, even where RDF would not
see it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from ledger.credentials.jsonld import encode_json
from ledger.errors import MalformedError

_UUID_URN: Final = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def not_ours() -> MalformedError:
    """Make the error for a document that our writer would not have made."""
    return MalformedError(
        "credential: not in the form that this ledger writes", code="not-in-writers-form"
    )


def check_rebuilt(document: Mapping[str, Any], built: Mapping[str, Any]) -> None:
    """Check that a document, its proof apart, is the one that was built again.

    Raises:
        MalformedError: It differs.
    """
    unsigned = {key: value for key, value in document.items() if key != "proof"}
    if encode_json(unsigned) != encode_json(built):
        raise not_ours()


def text_of(value: object) -> str:
    """Take a value for text.

    Raises:
        MalformedError: It is something else.
    """
    if not isinstance(value, str):
        raise not_ours()
    return value


def check_uuid_urn(text: str) -> None:
    """Check that a text is a UUID as a URN.

    Raises:
        MalformedError: It is not.
    """
    if _UUID_URN.fullmatch(text) is None:
        raise MalformedError("id: expected urn:uuid: and a lower-case UUID")
