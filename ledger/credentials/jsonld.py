"""Strict reading of JSON-LD and its canonical form (RDFC-1.0), with the safe mode that PyLD lacks.

Expansion silently drops whatever has no meaning: unknown terms, relative IRIs, nulls, empty lists.
What is dropped is not signed, so it could be added afterwards. Here a catch-all ``@vocab`` is put
before each context list, so that nothing unknown vanishes, and any term that lands in it is
refused, with every value that RDF would not carry. (None of the pinned contexts sets ``@vocab``;
one that did would give every term a meaning.)

RDFC-1.0 can cost factorial time where blank nodes touch each other ("poison graphs", RDFC-1.0,
7.1). Blank node labels are refused, so that the blank nodes of a document form a forest, and few
may lie inside each other.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import isfinite
from typing import Any, Final, cast
from unicodedata import is_normalized

import rfc8785
from pyld import jsonld as pyld

from ledger.credentials.contexts import Contexts
from ledger.errors import MalformedError

Document = dict[str, Any]

DOCUMENT_BYTES_MAX: Final = 1_048_576
DEPTH_MAX: Final = 24
ITEMS_MAX: Final = 50_000
INTEGER_MAX: Final = 2**53 - 1
CONTEXTS_MAX: Final = 8
BLANK_NODES_MAX: Final = 2_000
NESTED_BLANK_NODES_MAX: Final = 4

_UNDEFINED: Final = "urn:undefined-term:"
_SENTINEL: Final = {"@vocab": _UNDEFINED}
# An IRI that N-Quads can carry, so no blank node label: a scheme, and none of the characters that
# would end the IRI or need an escape.
_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|^`\\]+")
_VALUE_KEYS: Final = frozenset({"@value", "@type"})


def load_json(data: bytes, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> Document:
    """Read a JSON object strictly: UTF-8, no duplicate keys, no NaN, size and depth bounded.

    A number with no fraction is read as an integer however it is spelt, since JSON knows only one
    kind of number.

    Raises:
        MalformedError: The bytes are not such a document. The code is ``too-large`` where a bound
            was passed.
    """
    if len(data) > bytes_max:
        raise MalformedError(f"document: expected at most {bytes_max} bytes", code="too-large")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_constant,
        )
    except RecursionError:
        raise MalformedError("document: nested too deeply", code="too-large") from None
    except ValueError:
        # The decoder's error would quote the document, and with it what is personal in it.
        raise MalformedError("document: expected JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise MalformedError("document: expected a JSON object")
    check_values(value)
    return value


def encode_json(value: Mapping[str, Any]) -> bytes:
    """Write RFC 8785 bytes. Unlike ledger bytes they may hold fractions, as credits in badges.

    Raises:
        MalformedError: The value has no RFC 8785 form.
    """
    try:
        return rfc8785.dumps(cast("dict[str, Any]", value))
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError):
        raise MalformedError("document: no RFC 8785 form") from None


def check_values(document: Mapping[str, Any]) -> None:
    """Refuse a document that is too deep or large, or holds text or numbers that do not travel.

    Raises:
        MalformedError: As said; the code is ``too-large`` where a bound was passed.
    """
    for items, (value, depth) in enumerate(_walk(document)):
        if depth > DEPTH_MAX or items > ITEMS_MAX:
            raise MalformedError("document: nested too deeply or too many items", code="too-large")
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, float) and not isfinite(value):
            raise MalformedError("document: expected finite numbers")
        elif isinstance(value, dict):
            for key in value:
                _check_text(key)


def canonical_form(document: Mapping[str, Any], contexts: Contexts) -> bytes:
    """Give the RDFC-1.0 form (sorted N-Quads, UTF-8) of a document whose every term is defined.

    Raises:
        MalformedError: A context is not pinned, a term is undefined, a value would be dropped, or
            the graph is not safe to canonicalise.
    """
    check_values(document)
    check_safe(document, contexts)
    try:
        expanded = pyld.expand(_with_sentinel(document), contexts.options())
        _Expanded().check(expanded)
        options = {**contexts.options(), "algorithm": "URDNA2015", "format": "application/n-quads"}
        form = pyld.normalize(expanded, options)
    except pyld.JsonLdError:
        raise MalformedError(
            "JSON-LD: the processor refuses this document", code="json-ld"
        ) from None
    if not form:
        raise MalformedError("JSON-LD: says nothing", code="json-ld")
    return cast("str", form).encode()


def check_safe(document: Mapping[str, Any], contexts: Contexts) -> None:
    """Refuse values that RDF would drop, and contexts that are not pinned, before expanding.

    Raises:
        MalformedError: With code ``context-unknown`` or ``term-undefined``.
    """
    for value, _ in _walk(document):
        if isinstance(value, dict):
            _check_keys(value, contexts)
        if value is None or value in ([], {}):
            raise MalformedError(
                "JSON-LD: null and empty values would be dropped", code="term-undefined"
            )
        if isinstance(value, list) and _has_twins(value):
            raise MalformedError("JSON-LD: a list holds one value twice", code="term-undefined")


def _check_keys(node: Mapping[str, Any], contexts: Contexts) -> None:
    for key, value in node.items():
        if key == "@context":
            listed = value if isinstance(value, list) else [value]
            known = len(listed) <= CONTEXTS_MAX and all(
                isinstance(url, str) and url in contexts.urls for url in listed
            )
            if not known:
                raise MalformedError(
                    "@context: not one of the pinned contexts", code="context-unknown"
                )
        elif key.startswith("@") or ":" in key:
            raise MalformedError(
                "JSON-LD: expected terms, no keywords and no IRIs as keys", code="term-undefined"
            )


def _has_twins(values: list[Any]) -> bool:
    if len(values) == 1:
        return False
    texts = sorted(encode_json({"": value}) for value in values)
    return any(one == two for one, two in pairwise(texts))


def _with_sentinel(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, list):
        return [_with_sentinel(item) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _with_sentinel(item) for key, item in value.items()}
    if "@context" in value:
        listed = value["@context"]
        copy["@context"] = [_SENTINEL, *(listed if isinstance(listed, list) else [listed])]
    return copy


class _Expanded:
    """Checks an expanded document: every term absolute and defined, blank nodes few and apart."""

    def __init__(self) -> None:
        self._blank = 0
        self._nested = 0

    def check(self, nodes: list[Any]) -> None:
        for node in nodes:
            self._node(node, inside_blank=False)

    def _node(self, node: Mapping[str, Any], *, inside_blank: bool) -> None:
        if "@value" in node:
            self._value(node)
            return
        blank = "@id" not in node and "@list" not in node
        if blank:
            self._count(inside_blank=inside_blank)
        for key, value in node.items():
            if key in {"@id", "@type"}:
                _check_iris(value)
                continue
            if key not in {"@graph", "@list"}:
                _check_iris(key)
            for item in value:
                self._node(item, inside_blank=(blank or inside_blank) and key != "@graph")

    def _count(self, *, inside_blank: bool) -> None:
        self._blank += 1
        self._nested += inside_blank
        if self._blank > BLANK_NODES_MAX or self._nested > NESTED_BLANK_NODES_MAX:
            raise MalformedError("JSON-LD: too many nodes without an id", code="too-large")

    def _value(self, node: Mapping[str, Any]) -> None:
        if not node.keys() <= _VALUE_KEYS:
            raise MalformedError(
                "JSON-LD: expected values without language or direction", code="term-undefined"
            )
        if "@type" in node:
            _check_iris(node["@type"])


def _check_iris(value: object) -> None:
    for iri in value if isinstance(value, list) else [value]:
        if not isinstance(iri, str) or iri.startswith(_UNDEFINED) or not _IRI.fullmatch(iri):
            raise MalformedError(
                "JSON-LD: a term or IRI has no defined meaning", code="term-undefined"
            )


def _walk(document: Mapping[str, Any]) -> Iterator[tuple[Any, int]]:
    # Its own stack: a document nested deeper than Python's must be refused, not crash.
    stack: list[tuple[Any, int]] = [(document, 1)]
    while stack:
        value, depth = stack.pop()
        yield value, depth
        if isinstance(value, dict):
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)


def _check_text(text: str) -> None:
    if text.isascii():
        return
    if any("\ud800" <= letter <= "\udfff" for letter in text) or not is_normalized("NFC", text):
        raise MalformedError("document: expected text in normalisation form C")


def _object(pairs: list[tuple[str, Any]]) -> Document:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("document: a key stands twice")
    return found


def _integer(text: str) -> int:
    # The length first: int() of a long text costs its square, and Python refuses it with another
    # error.
    if len(text) > len(str(-INTEGER_MAX)) or abs(number := int(text)) > INTEGER_MAX:
        raise MalformedError("document: expected integers within 2^53 - 1")
    return number


def _number(text: str) -> int | float:
    number = float(text)
    if not isfinite(number) or abs(number) > INTEGER_MAX:
        raise MalformedError("document: expected numbers within 2^53 - 1")
    return int(number) if number.is_integer() else number


def _constant(_name: str) -> None:
    raise MalformedError("document: NaN and Infinity are not JSON")
