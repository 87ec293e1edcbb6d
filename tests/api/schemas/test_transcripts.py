"""A transcript as it is answered."""

from datetime import date

from api.schemas.transcripts import TranscriptAnswer, TranscriptRecord
from ledger.services.transcripts import read_transcript
from tests.api.worlds import World


def test_everything_that_the_service_says_is_answered(world: World) -> None:
    said = read_transcript(world.ledger, world.a_subject(), date(2026, 11, 22))
    told = TranscriptAnswer().dump(said)
    assert told.keys() == said.keys()
    assert told["records"][0].keys() == said["records"][0].keys()
    assert told["records"][0]["body"] == said["records"][0]["body"]


def test_what_the_schema_does_not_name_does_not_leave() -> None:
    assert TranscriptRecord().dump({"index": 1, "name": "胡芳雨"}) == {"index": 1}
