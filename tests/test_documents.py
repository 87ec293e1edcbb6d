"""Guards the tests that walk a document: an object left out would let a change to it pass."""

from tests.documents import at, nodes, object_paths

INNER, LAST = {"c": None}, {}
DOCUMENT = {"a": {"b": [1, INNER, [LAST]]}, "d": "x"}


def test_a_walk_meets_every_object_within_objects_and_lists() -> None:
    paths = list(object_paths(DOCUMENT))
    assert paths == [(), ("a",), ("a", "b", 1), ("a", "b", 2, 0)]
    assert at(DOCUMENT, paths[2]) is INNER
    assert list(nodes(DOCUMENT)) == [DOCUMENT, DOCUMENT["a"], INNER, LAST]
