"""The API document: OpenAPI 3.1, whole, and the same as what is served."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema

from api.auth import is_public
from api.documentation import documented_path, query_parameters
from tests.api.worlds import World
from tests.documents import nodes

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
# The keywords that JSON Schema 2020-12 gives a meaning, as far as this document uses them.
KINDS = {"string", "integer", "number", "boolean", "object", "array", "null"}


def _document(world: World) -> dict[str, Any]:
    answer = world.client.get("/openapi.json")
    assert answer.content_type == "application/json"
    found: dict[str, Any] = answer.json
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def test_it_is_openapi_3_1_with_what_that_demands(world: World) -> None:
    document = _document(world)
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert {"title", "version"} <= set(document["info"])
    assert document["servers"] == [{"url": "/"}]


def test_every_reference_resolves(world: World) -> None:
    document = _document(world)
    references = [node["$ref"] for node in nodes(document) if "$ref" in node]
    assert references
    for reference in references:
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert isinstance(place, dict)


def test_every_route_is_documented_and_nothing_else(world: World) -> None:
    served = {
        (documented_path(rule.rule), method.lower())
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert {(path, method) for path, method, _ in _operations(_document(world))} == served


def test_every_operation_is_described_and_named_once(world: World) -> None:
    names = []
    for path, method, operation in _operations(_document(world)):
        assert operation["summary"], (path, method)
        names.append(operation["operationId"])
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), (path, method)
        assert all(answer.get("description") or "$ref" in answer for answer in answers.values())
    assert len(names) == len(set(names))


def test_every_error_is_a_problem_document(world: World) -> None:
    document = _document(world)
    for _, _, operation in _operations(document):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/PROBLEM"}
    assert set(document["components"]["responses"]["PROBLEM"]["content"]) == {
        "application/problem+json"
    }


def test_path_parameters_are_those_of_the_path(world: World) -> None:
    for path, _, operation in _operations(_document(world)):
        named = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_security_is_that_of_the_public_table(world: World) -> None:
    """A document that calls a closed route open sends people away; the reverse is worse."""
    rules = {documented_path(rule.rule): rule.rule for rule in world.app.url_map.iter_rules()}
    for path, method, operation in _operations(_document(world)):
        assert (operation["security"] == []) == is_public(method.upper(), rules[path])


def test_every_schema_is_a_schema(world: World) -> None:
    """OpenAPI 3.1 schemas are JSON Schema 2020-12."""
    document = _document(world)
    schemas = [node["schema"] for node in nodes(document) if isinstance(node.get("schema"), dict)]
    schemas += document["components"]["schemas"].values()
    for schema in schemas:
        jsonschema.Draft202012Validator.check_schema(schema)
        for node in nodes(schema):
            if isinstance(node.get("type"), str):
                assert node["type"] in KINDS
            if isinstance(node.get("pattern"), str):
                # What ECMA-262 and Python both understand.
                assert not re.search(r"\\[AZz]|\(\?", node["pattern"])


def test_answers_fit_the_document(world: World) -> None:
    """The document is a promise: real answers are held to it."""
    document = _document(world)
    subject = world.a_subject()
    posted = world.post_roster(b"\xef\xbb\xbf" + b"not a roster")
    examples = [
        ("/readyz", "get", world.get("/readyz")),
        (
            "/v1/subjects/{subject}/transcript",
            "get",
            world.get(f"/v1/subjects/{subject}/transcript"),
        ),
        ("/v1/rosters", "post", posted),
        ("/v1/verify", "post", world.client.post("/v1/verify", json={})),
    ]
    for path, method, answer in examples:
        answers = document["paths"][path][method]["responses"]
        documented = answers.get(str(answer.status_code), answers["default"])
        if "$ref" in documented:
            documented = document["components"]["responses"]["PROBLEM"]
        schema = documented["content"][answer.content_type]["schema"]
        whole = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(whole).validate(answer.json)


def test_the_query_parameters_that_pass_are_those_of_the_document(world: World) -> None:
    known = query_parameters(world.app)
    assert known["/v1/rosters/<report>"] == {"limit", "cursor"}
    assert known["/livez"] == frozenset()


def test_a_rule_is_written_as_the_document_writes_it() -> None:
    assert documented_path("/log/tile/<path:rest>") == "/log/tile/{rest}"
    assert documented_path("/v1/subjects/<subject>/export") == "/v1/subjects/{subject}/export"
    assert documented_path("/") == "/"
