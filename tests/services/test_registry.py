"""The registry is what the log's public entries say, and a write never uses an older one."""

from pathlib import Path

import pytest

from ledger.errors import NotFoundError, UnavailableError
from ledger.services.completions import record
from ledger.services.organisations import import_occupations, read_registry
from ledger.services.registry import RegistryCache
from ledger.storage import log
from ledger.storage.engine import reading
from tests.ledgers import add_other_school, make_command, make_ledger, reopen, verify_whole


def test_what_one_process_registers_the_other_applies_at_once(tmp_path: Path) -> None:
    one = make_ledger(tmp_path)
    other = reopen(one)
    assert len(read_registry(other).organisations) == 1
    school = add_other_school(one)
    assert read_registry(other).organisation(school.id) == school
    outcome = record(other, school.id, [make_command()]).outcomes[0]
    assert outcome.outcome == "accepted"
    assert record(one, school.id, [make_command()]).outcomes[0].outcome == "duplicate"
    verify_whole(one)
    verify_whole(other)


def test_bringing_a_registry_up_to_date_equals_reading_it_anew(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    cache = RegistryCache()
    with reading(ledger.engine) as connection:
        before = cache.read(connection)
    add_other_school(ledger)
    import_occupations(ledger, "code,name,flags\n6-99-99-99,新职业,\n".encode())
    with reading(ledger.engine) as connection:
        grown, anew = cache.read(connection), RegistryCache().read(connection)
        assert cache.read(connection) is grown
    assert grown.organisations == anew.organisations
    assert grown.organisation_entries == anew.organisation_entries
    assert grown.book == anew.book
    assert list(grown.occupations) == list(anew.occupations)
    assert grown.seen == anew.seen > before.seen


def test_an_unknown_organisation_is_told_so(tmp_path: Path) -> None:
    registry = read_registry(make_ledger(tmp_path))
    with pytest.raises(NotFoundError, match="organisation list") as caught:
        registry.organisation("org-" + "x" * 500)
    assert caught.value.code == "issuer-unknown"
    assert len(caught.value.message) < 200


def test_an_empty_log_has_the_occupations_of_the_policy_and_no_issuer(tmp_path: Path) -> None:
    registry = read_registry(make_ledger(tmp_path, example=False))
    assert registry.organisations == {}
    assert registry.seen == -1
    assert len(registry.occupations) > 0


def test_an_organisation_whose_registration_failed_is_known_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path)

    def refuse(*_arguments: object) -> None:
        raise UnavailableError("injected")

    monkeypatch.setattr(log, "append", refuse)
    with pytest.raises(UnavailableError):
        add_other_school(ledger)
    monkeypatch.undo()
    for door in (ledger, reopen(ledger)):
        assert len(read_registry(door).organisations) == 1
    verify_whole(ledger)
