from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.credentials.clr import (
    MEMBERS_MAX,
    StatementLine,
    build_clr,
    read_clr,
    statement_lines,
)
from ledger.credentials.contexts import CLR, CREDENTIALS_V2, OPEN_BADGES, pinned_contexts
from ledger.credentials.data_integrity import verify_proof
from ledger.domain.transcript import Transcript, TranscriptLine
from ledger.errors import MalformedError, RefusedError, VerificationError
from tests.credentials.test_open_badges import WITHOUT_ID, validator
from tests.documents import nodes
from tests.verify.ledger_fixture import (
    CREDENTIAL_KEY,
    ELECTRICIAN,
    HOLDER,
    certificate,
    completion,
    line,
    signed,
    small_ledger,
    transcript,
)

LEDGER = small_ledger(completion(), certificate(), completion(ELECTRICIAN), completion(level=2))
STATEMENT = LEDGER.statement(
    line(4), line(5, "0.0"), line(6), line(7, "0.0", "superseded", related=9, notes=("superseded",))
)
MEMBERS = [LEDGER.badge(4), LEDGER.badge(5), LEDGER.badge(6)]


def refused(document: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        read_clr(document)


def test_a_signed_transcript_is_valid_against_the_official_schema() -> None:
    """CLR 2.0, JSON Schema (draft 2019-09): contexts in the order credentials, CLR, Open Badges."""
    document = transcript(STATEMENT, MEMBERS)
    assert document["@context"] == [CREDENTIALS_V2, CLR, OPEN_BADGES]
    validator("clr-2.0/clr_v2p0_clrcredential_schema.json").validate(document)


def test_every_node_of_a_transcript_has_an_id_where_the_schema_has_room() -> None:
    document = build_clr(replace(STATEMENT, valid_until="2027-01-01T00:00:00Z"), MEMBERS)
    without = {str(node["type"]) for node in nodes(document) if "id" not in node}
    assert without == {*WITHOUT_ID, "Association", "DataIntegrityProof"}


def test_a_transcript_reads_back_to_its_statement_and_members() -> None:
    statement = replace(STATEMENT, partial=True, valid_until="2027-01-01T00:00:00Z")
    read = read_clr(transcript(statement, MEMBERS))
    assert read.statement == statement
    assert [member for member, _ in read.members] == MEMBERS
    assert [badge.claims.index for _, badge in read.members] == [4, 5, 6]


def test_a_lower_level_of_the_same_occupation_precedes_the_higher() -> None:
    """CLR 2.0, Association: the ids are those of achievements."""
    members = [LEDGER.badge(4), LEDGER.badge(7)]
    subject = build_clr(LEDGER.statement(line(4), line(7)), members)["credentialSubject"]
    assert subject["association"] == [
        {
            "type": "Association",
            "associationType": "precedes",
            "sourceId": "https://ledger.example/2026/entries/4#achievement",
            "targetId": "https://ledger.example/2026/entries/7#achievement",
        }
    ]
    alone = build_clr(LEDGER.statement(line(4)), [LEDGER.badge(4)])["credentialSubject"]
    assert "association" not in alone


def test_the_envelope_covers_what_members_state_and_members_keep_their_proofs() -> None:
    document = transcript(STATEMENT, MEMBERS)
    for member in document["credentialSubject"]["verifiableCredential"]:
        verify_proof(member, CREDENTIAL_KEY.public, pinned_contexts())
    document["credentialSubject"]["verifiableCredential"][0]["credentialSubject"][
        "creditsEarned"
    ] = 9
    with pytest.raises(VerificationError):
        verify_proof(document, CREDENTIAL_KEY.public, pinned_contexts())


def test_a_transcript_without_any_record_to_show_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        build_clr(LEDGER.statement(line(4, "0.0", "revoked", related=9)), [])
    assert caught.value.code == "nothing-to-export"


def test_lines_and_members_must_match() -> None:
    other = replace(HOLDER, id_last4="9999")
    for statement, members in (
        (LEDGER.statement(line(4)), MEMBERS),
        (STATEMENT, MEMBERS[:2]),
        (STATEMENT, MEMBERS[::-1]),
        (LEDGER.statement(line(6), line(4)), [MEMBERS[2], MEMBERS[0]]),
        (LEDGER.statement(line(4), line(4)), [MEMBERS[0], MEMBERS[0]]),
        (LEDGER.statement(line(4, "0.0", "revoked")), MEMBERS[:1]),
        (replace(LEDGER.statement(line(4)), holder=other), MEMBERS[:1]),
        (replace(LEDGER.statement(line(4)), origin="other.example"), MEMBERS[:1]),
        (replace(LEDGER.statement(line(4)), id="urn:x"), MEMBERS[:1]),
    ):
        with pytest.raises(MalformedError):
            build_clr(statement, members)


def test_a_line_out_of_form_is_refused() -> None:
    with pytest.raises(MalformedError):
        StatementLine(4, "fine", "7.5")
    with pytest.raises(MalformedError):
        StatementLine(4, "active", "7.5", notes=("two words",))


def test_a_transcript_that_was_changed_in_form_is_refused() -> None:
    document = transcript(STATEMENT, MEMBERS)
    subject = document["credentialSubject"]
    members = subject["verifiableCredential"]
    for changes in (
        {"bogus": 1},
        {"partial": 0},
        {"partial": None},
        {"name": "Another"},
        {"evidence": [document["evidence"][0], *document["evidence"][2:]]},
        {"evidence": []},
        {"evidence": [*document["evidence"], document["evidence"][-1]]},
        {"credentialSubject": {**subject, "achievement": []}},
        {"credentialSubject": {**subject, "verifiableCredential": []}},
        {"credentialSubject": {**subject, "verifiableCredential": members[0]}},
        {"credentialSubject": {**subject, "verifiableCredential": members[:1] * 300}},
        {"@context": [CREDENTIALS_V2, OPEN_BADGES, CLR]},
    ):
        refused({**document, **changes})
    assert MEMBERS_MAX < 300


def test_lines_come_from_a_domain_transcript_by_index() -> None:
    body = LEDGER.body(4)
    lines = tuple(
        TranscriptLine(index, "completion", "org", 0, body, "active", "7.5", ("late-record",), None)
        for index in (6, 4)
    )
    found = statement_lines(Transcript("subject", date(2026, 11, 22), lines, "15.0"))
    assert found == (line(4, notes=("late-record",)), line(6, notes=("late-record",)))


def test_signing_again_changes_nothing_but_the_proof() -> None:
    document = transcript(STATEMENT, MEMBERS)
    assert signed(document) == document
