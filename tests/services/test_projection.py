"""A record's row follows from its body, and its tags give the body away to nobody."""

from pathlib import Path

from ledger.services import projection
from ledger.storage.engine import reading
from ledger.storage.projections import read_records
from tests.ledgers import (
    TestClock,
    make_certificate,
    make_command,
    make_ledger,
    make_person,
    post,
    query,
    school_of,
    verify_whole,
)


def test_the_row_of_a_completion_says_when_and_whose_and_nothing_in_the_clear(
    tmp_path: Path,
) -> None:
    ledger = make_ledger(tmp_path, clock=TestClock())
    post(ledger, make_command(), make_certificate())
    with reading(ledger.engine) as connection:
        rows = read_records(connection, [4, 5])
    assert (rows[4].kind, rows[4].event_on) == ("completion", "2025-04-11")
    assert (rows[5].kind, rows[5].event_on) == ("certificate", "2025-05-12")
    assert {row.issuer for row in rows.values()} == {school_of(ledger)}
    assert {row.status for row in rows.values()} == {"active"}
    stored = str(query(ledger, "SELECT * FROM record"))
    for trace in (make_person().id_number, "S0000339901992550", "JL2025001", make_person().name):
        assert trace not in stored
    verify_whole(ledger)


def test_one_class_of_two_people_has_two_identities(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    post(ledger, make_command(0, certificate=None), make_command(1, certificate=None))
    assert query(
        ledger, "SELECT count(DISTINCT identity), count(DISTINCT content) FROM record"
    ) == [(2, 2)]


def test_tags_of_different_uses_never_meet(tmp_path: Path) -> None:
    sealer = make_ledger(tmp_path, example=False).sealer
    value = "330199199505192154"
    tags = {
        projection.certificate_tag(sealer, value),
        projection.id_number_tag(sealer, value),
        sealer.tag("request", value.encode()),
        sealer.tag("answer", value.encode()),
    }
    assert len(tags) == 4
