"""What the authority sets: organisations, occupations, schedules; each is an entry once."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.domain.organisations import Scope
from ledger.domain.records import Occupation
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.errors import ConflictError, LedgerError, MalformedError, NotFoundError, RefusedError
from ledger.example import SCHOOL_USCC
from ledger.services.context import Ledger
from ledger.services.organisations import (
    OCCUPATIONS_PER_ENTRY,
    add_organisation,
    add_schedule,
    change_organisation,
    import_occupations,
    read_registry,
)
from ledger.services.proving import entry_bytes
from tests.ledgers import (
    OTHER_USCC,
    codes,
    make_command,
    post,
    school_of,
    verify_whole,
)

SCOPE = (Scope("4-10-01-05", frozenset({1, 2}), date(2021, 1, 1)),)


def test_an_organisation_is_registered_with_its_scope(ledger: Ledger) -> None:
    added = add_organisation(ledger, "某技工学校", OTHER_USCC.lower(), "school", SCOPE)
    assert read_registry(ledger).organisation(added.id) == added
    assert (added.uscc, added.scope, added.status) == (OTHER_USCC, SCOPE, "active")
    verify_whole(ledger)


@pytest.mark.parametrize(
    "uscc", ["", "123", "91330199MA2AXXXX00", "91330199MA2AXXXXOL", "91330199MA2AXXXX0L0"]
)
def test_a_wrong_credit_code_is_refused_with_what_was_expected(ledger: Ledger, uscc: str) -> None:
    size = verify_whole(ledger).entries
    with pytest.raises(RefusedError, match="統一社會信用代碼") as caught:
        add_organisation(ledger, "某技工学校", uscc, "school", SCOPE)
    assert caught.value.code == "uscc"
    assert verify_whole(ledger).entries == size


def test_a_credit_code_is_registered_once(ledger: Ledger) -> None:
    with pytest.raises(ConflictError) as caught:
        add_organisation(ledger, "另一所学校", SCHOOL_USCC, "school", SCOPE)
    assert caught.value.code == "organisation-exists"
    assert len(read_registry(ledger).organisations) == 1


@pytest.mark.parametrize(
    ("name", "type_"),
    [("", "school"), (" 某校", "school"), ("某" * 501, "school"), ("某校", ""), ("某校", "学校")],
)
def test_a_name_or_type_that_could_not_be_read_back_never_enters_the_log(
    ledger: Ledger, name: str, type_: str
) -> None:
    size = verify_whole(ledger).entries
    with pytest.raises(MalformedError):
        add_organisation(ledger, name, OTHER_USCC, type_, SCOPE)
    assert verify_whole(ledger).entries == size


def test_a_published_schedule_never_changes(ledger: Ledger) -> None:
    changed = replace(EXAMPLE_SCHEDULE, rounding="half_up")
    with pytest.raises(ConflictError) as caught:
        add_schedule(ledger, changed)
    assert caught.value.code == "schedule-exists"
    index = add_schedule(ledger, replace(changed, version=2))
    assert b'"schedule"' in entry_bytes(ledger, index)
    assert read_registry(ledger).schedule_entries["example", 2] == index
    verify_whole(ledger)


def test_an_occupation_table_is_published_in_entries_that_fit(ledger: Ledger) -> None:
    size = verify_whole(ledger).entries
    count = OCCUPATIONS_PER_ENTRY + 1
    rows = "".join(f"1-{n // 100:02}-{n % 100:02}-01,职业{n},\n" for n in range(count))
    assert import_occupations(ledger, ("code,name,flags\n" + rows).encode()) == count
    assert verify_whole(ledger).entries == size + 2
    assert "职业500" in {row.name for row in read_registry(ledger).occupations}


def test_a_small_table_joins_what_is_known(ledger: Ledger) -> None:
    known = len(read_registry(ledger).occupations)
    table = "code,name,flags\n4-10-01-05,养老护理员,\n6-99-99-99,区块链应用操作员,S\n"
    assert import_occupations(ledger, table.encode()) == 2
    occupations = read_registry(ledger).occupations
    assert len(occupations) == known + 1
    assert Occupation("6-99-99-99", "区块链应用操作员", "S") in occupations
    verify_whole(ledger)


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\xff\xfe",
        "编码,名称\n".encode(),
        "code,name,flags\n4-10-01-05,养老护理员\n".encode(),
        "code,name,flags\n4-10,养老护理员,\n".encode(),
        "code,name,flags\n4-10-01-05,甲,\n4-10-01-05,乙,\n".encode(),
    ],
)
def test_a_table_with_a_wrong_row_publishes_nothing(ledger: Ledger, table: bytes) -> None:
    size = verify_whole(ledger).entries
    with pytest.raises(LedgerError, match="occupation"):
        import_occupations(ledger, table)
    assert verify_whole(ledger).entries == size


def test_two_tables_that_are_too_long_together_do_not_stop_the_ledger(ledger: Ledger) -> None:
    """An entry that no registry can hold would refuse every later posting for good."""
    for group in (1, 2):
        codes = [f"{group}-{n // 100:02}-{n % 100:02}-01" for n in range(6_000)]
        table = "code,name,flags\n" + "".join(f"{code},职业{code},\n" for code in codes)
        if group == 1:
            assert import_occupations(ledger, table.encode()) == 6_000
        else:
            with pytest.raises(MalformedError, match="over 10000"):
                import_occupations(ledger, table.encode())
    assert len(read_registry(ledger).occupations) > 6_000


def test_a_change_is_a_new_entry_and_holds_for_what_comes(ledger: Ledger) -> None:
    school, size = school_of(ledger), verify_whole(ledger).entries
    post(ledger, make_command(0))
    changed = change_organisation(ledger, school, status="suspended")
    assert codes(post(ledger, make_command(1)).outcomes) == [("rejected", "issuer-inactive")]
    assert codes(post(ledger, make_command(0)).outcomes) == [("duplicate", "duplicate-row")]
    back = change_organisation(ledger, school, status="active", name="新名学校", scope=SCOPE)
    assert (back.id, back.uscc, back.name, back.scope) == (school, SCHOOL_USCC, "新名学校", SCOPE)
    assert read_registry(ledger).organisation(school) == back != changed
    assert codes(post(ledger, make_command(1)).outcomes) == [("accepted", None)]
    assert codes(post(ledger, make_command(2, level=3)).outcomes) == [("rejected", "issuer-scope")]
    assert verify_whole(ledger).entries == size + 4


def test_a_change_of_nothing_records_nothing(ledger: Ledger) -> None:
    school, size = school_of(ledger), verify_whole(ledger).entries
    known = read_registry(ledger).organisation(school)
    assert change_organisation(ledger, school, name=known.name, scope=known.scope) == known
    assert verify_whole(ledger).entries == size


def test_a_change_that_could_not_be_read_back_never_enters_the_log(ledger: Ledger) -> None:
    school, size = school_of(ledger), verify_whole(ledger).entries
    for name, status in ((" 某校", None), ("某" * 501, None), ("", None), (None, "gone")):
        with pytest.raises(MalformedError):
            change_organisation(ledger, school, name=name, status=status)
    with pytest.raises(NotFoundError):
        change_organisation(ledger, "org-" + "z" * 26, status="closed")
    assert verify_whole(ledger).entries == size
