"""The example may be installed again and again, and stands in the log once."""

from pathlib import Path

from ledger.services.example import install_example
from ledger.services.organisations import read_registry
from tests.ledgers import make_ledger, verify_whole


def test_the_example_is_a_school_and_a_schedule(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    registry = read_registry(ledger)
    assert [each.name for each in registry.organisations.values()] == ["金蓝示范职业培训学校"]
    assert list(registry.schedule_entries) == [("example", 1)]
    verify_whole(ledger)


def test_installing_it_again_adds_nothing(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    size = verify_whole(ledger).entries
    school = install_example(ledger)
    assert school == install_example(ledger)
    assert verify_whole(ledger).entries == size
