"""The report of a verification as it is answered."""

from api.schemas.verification import VerificationAnswer
from ledger.services.opening import key_list
from ledger.verify import verify
from tests.api.worlds import World


def test_everything_that_the_verifier_says_is_answered(world: World) -> None:
    exported = world.get(f"/v1/subjects/{world.a_subject()}/export").data
    for data in (exported, b"{}"):
        said = verify(data, key_list(world.ledger), world.ledger.clock()).to_json()
        assert VerificationAnswer().dump(said) == said
