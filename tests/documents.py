"""Walks JSON documents, for tests that look at every object in one or change each in turn."""

from collections.abc import Iterator
from typing import Any

from ledger.credentials.jsonld import Document


def object_paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every object, the outer before the inner."""
    if isinstance(value, dict):
        yield path
        for name, one in value.items():
            yield from object_paths(one, (*path, name))
    if isinstance(value, list):
        for place, one in enumerate(value):
            yield from object_paths(one, (*path, place))


def at(document: Document, path: tuple[Any, ...]) -> Document:
    """Give the object at a path."""
    found: Any = document
    for step in path:
        found = found[step]
    return found


def nodes(document: Document) -> Iterator[Document]:
    """Give every object, the outer before the inner."""
    for path in object_paths(document):
        yield at(document, path)
