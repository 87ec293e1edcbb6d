"""The documented shape of errors is the one that is written."""

from api.problems import FieldError, Problem
from api.schemas.problems import ProblemDocument, ProblemField
from tests.api.worlds import World


def test_the_documented_fields_are_those_of_a_problem(world: World) -> None:
    problem = Problem(400, "malformed", "wrong", [FieldError("invalid", "应为", "Expected")])
    with world.app.test_request_context():
        world.app.preprocess_request()
        written = problem.to_json()
    assert list(ProblemDocument().fields) == list(written)
    assert list(ProblemField().fields) == list(written["errors"][0])
    texts = ProblemField().fields["text"].schema.fields.values()  # type: ignore[attr-defined]
    assert [field.data_key or field.name for field in texts] == list(written["errors"][0]["text"])
