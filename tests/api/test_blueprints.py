"""Small parts of how routes document themselves."""

import re

from marshmallow import Schema

from api.blueprints import blueprint, path_id, query, text_answer


def test_a_path_parameter_documents_its_whole_pattern() -> None:
    documented = path_id("index", "(0|[1-9]+)", "An index.")
    pattern = documented["schema"]["pattern"]
    assert (documented["in"], documented["required"]) == ("path", True)
    assert re.search(pattern, "12")
    assert not re.search(pattern, "x0")


def test_a_query_documents_its_schema() -> None:
    assert query(Schema) == {"in": "query", "schema": Schema}


def test_a_text_says_its_encoding() -> None:
    answer = text_answer("金蓝", "text/plain")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.get_data() == "金蓝".encode()


def test_a_blueprint_is_named_for_its_resource() -> None:
    assert blueprint("rosters", "Rosters.").name == "rosters"
