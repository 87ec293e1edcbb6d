"""L1, L2: whatever is edited in the database behind the ledger's back is found and located.

Each case edits a copy of one ledger's database with plain SQL, after the triggers were dropped, as
somebody with the file could. The keys and the checkpoint outside the database stay as they are.
"""
# ruff: noqa: S608, ISC004 - statements made of this file's own words, over two lines

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core.entry import Entry, decode_entry
from ledger.errors import DamagedError
from ledger.services.checkpointing import sign_checkpoint
from tests.databases import RawDatabase
from tests.journeys.command_line import jinlan
from tests.journeys.ledgers import opened
from tests.journeys.rewriting import earlier, rewrite_from, rewrite_tiles, set_head
from tests.journeys.specimens import BATCHES, Copy


def test_the_specimen_unedited_is_sound(copy: Copy) -> None:
    """The control: without it every other test of this file would prove nothing."""
    copy.edit("CREATE TABLE unrelated (number INTEGER)", "DROP TABLE unrelated")
    report = copy.audited()
    assert report.findings == []
    assert report.sound
    assert report.first_bad_index is None
    assert report.entries == copy.specimen.size
    assert report.erased == len(copy.specimen.erased) == 2
    assert report.bodies == copy.specimen.size - 2
    # Those of init and of the example, those along the way, the last, and the one outside.
    assert report.checkpoints == 2 + len(copy.specimen.checkpoints) + 1 + 1
    answer = jinlan(copy.home, "audit", "--json")
    assert (answer.status, answer.json["sound"], answer.json["findings"]) == (0, True, [])


def swapped(table: str, columns: str, index: int) -> list[str]:
    """Swap some columns of the rows at ``index`` and behind it."""
    here = f'FROM {table} WHERE "index" IN ({index}, {index + 1})'
    there = f'SELECT {columns} FROM pair WHERE pair."index" = {2 * index + 1} - {table}."index"'
    return [
        f'CREATE TEMP TABLE pair AS SELECT "index", {columns} {here}',
        f'UPDATE {table} SET ({columns}) = ({there}) WHERE "index" IN ({index}, {index + 1})',
    ]


ENTRY_EDITS: dict[str, Callable[[int], list[str]]] = {
    "an entry changed": lambda i: [
        "UPDATE entry SET bytes = CAST(replace(bytes, 'SCL-1', 'SCL-2') AS BLOB) "
        f'WHERE "index" = {i}'
    ],
    "an entry's kind changed": lambda i: [
        "UPDATE entry SET bytes = CAST(replace(bytes, 'completion', 'certificate') AS BLOB) "
        f'WHERE "index" = {i}'
    ],
    "a leaf hash changed": lambda i: [
        f'UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = {i}'
    ],
    "an entry deleted": lambda i: [f'DELETE FROM entry WHERE "index" = {i}'],
    "an entry and all that hangs on it deleted": lambda i: [
        f'DELETE FROM {table} WHERE "index" = {i}' for table in ("entry", "body", "record")
    ],
    "an entry deleted and the rest moved up": lambda i: [
        f'DELETE FROM entry WHERE "index" = {i}',
        f'UPDATE entry SET "index" = -"index" WHERE "index" > {i}',
        'UPDATE entry SET "index" = -"index" - 1 WHERE "index" < 0',
    ],
    "an entry inserted": lambda i: [
        f'UPDATE entry SET "index" = -"index" WHERE "index" >= {i}',
        'UPDATE entry SET "index" = -"index" + 1 WHERE "index" < 0',
        f'INSERT INTO entry SELECT {i}, leaf_hash, bytes FROM entry WHERE "index" = {i} + 2',
    ],
    "two neighbours' bytes swapped": lambda i: swapped("entry", "leaf_hash, bytes", i),
    "two bodies swapped": lambda i: swapped("body", "content", i),
    "two subjects' bodies swapped": lambda i: swapped("body", "subject, content", i),
    "two records swapped": lambda i: swapped("record", "subject, identity, content", i),
    "a body linked to another subject": lambda i: [
        f'UPDATE body SET subject = (SELECT subject FROM body AS o WHERE o."index" = {i + 1}) '
        f'WHERE "index" = {i}'
    ],
    "a body and its record linked to another subject": lambda i: [
        f'UPDATE {table} SET subject = (SELECT subject FROM body AS o WHERE o."index" = {i + 1}) '
        f'WHERE "index" = {i}'
        for table in ("record", "body")
    ],
    "a body deleted": lambda i: [f'DELETE FROM body WHERE "index" = {i}'],
    "a body made public": lambda i: [
        f'UPDATE body SET subject = NULL, salt = zeroblob(32) WHERE "index" = {i}'
    ],
    "a record deleted": lambda i: [f'DELETE FROM record WHERE "index" = {i}'],
    "a record revoked without an entry": lambda i: [
        f"UPDATE record SET status = 'revoked', related = 290 WHERE \"index\" = {i}"
    ],
    "a record related to another": lambda i: [
        f'UPDATE record SET related = 1 WHERE "index" = {i}'
    ],
    "a record given to another issuer": lambda i: [
        f"UPDATE record SET issuer = 'org-aaaaaaaaaaaaaaaaaaaaaaaaaa' WHERE \"index\" = {i}"
    ],
    "a record dated otherwise": lambda i: [
        f"UPDATE record SET event_on = '2024-04-11' WHERE \"index\" = {i}"
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRY_EDITS)
@pytest.mark.parametrize("region", ["first", "middle", "last"])
def test_an_edit_of_one_entry_is_found_and_located(name: str, region: str, copy: Copy) -> None:
    """Three regions: the first record, one in the middle, and the last two entries."""
    records = copy.specimen.records
    index = {"first": records[0], "middle": copy.specimen.middle, "last": copy.specimen.size - 2}
    copy.edit(*ENTRY_EDITS[name](index[region]))
    report = copy.audited()
    assert not report.sound
    assert report.first_bad_index == index[region], sorted(report.findings, key=str)[:3]


def test_a_withdrawal_undone_in_the_projection_is_found_at_its_record(copy: Copy) -> None:
    undone = "UPDATE record SET status = 'active', related = NULL WHERE \"index\" = ?"
    with copy.database() as database:
        query = 'SELECT "index" FROM record WHERE status <> \'active\' ORDER BY "index"'
        withdrawn = [index for (index,) in database.execute(query)]
    assert len(withdrawn) == 1 + 1 + BATCHES - 1
    for index in withdrawn:
        copy.edit((undone, (index,)))
        report = copy.audited()
        assert report.first_bad_index == withdrawn[0]
        assert any(f.index == index for f in report.findings)


def subjects_swapped(*columns: str) -> list[str]:
    """Swap some columns of the first two persons."""
    names = ", ".join(columns)
    two = "(SELECT id FROM subject ORDER BY id LIMIT 2)"
    return [
        f"CREATE TEMP TABLE pair AS SELECT id, {names} FROM subject WHERE id IN {two}",
        # Tags are unique, so that they must be out of the way first.
        f"UPDATE subject SET tag = randomblob(16) WHERE id IN {two}",
        f"UPDATE subject SET tag = (SELECT tag FROM pair WHERE pair.id = subject.id) "
        f"WHERE id IN {two} AND {'tag' not in columns}",
        f"UPDATE subject SET ({names}) = "
        f"(SELECT {names} FROM pair WHERE pair.id <> subject.id) WHERE id IN {two}",
    ]


OTHER_EDITS: dict[str, tuple[str, list[str]]] = {
    "two persons' tags swapped": ("vault", subjects_swapped("tag")),
    "a person deleted": ("body", ["DELETE FROM subject WHERE id = (SELECT min(id) FROM subject)"]),
    "a person copied": (
        "vault",
        [
            "INSERT INTO subject SELECT 'a' || substr(id, 2), randomblob(16), key_version, "
            "wrapped_key, facts FROM subject LIMIT 1"
        ],
    ),
    "a leaf tile deleted": ("tile", ["DELETE FROM tile WHERE level = 0 AND n = 1"]),
    "an upper tile deleted": ("tile", ["DELETE FROM tile WHERE level = 1"]),
    "a tile added": ("tile", ["INSERT INTO tile SELECT 0, 9, hashes FROM tile WHERE level = 1"]),
    "the head deleted": ("head", ["DELETE FROM head"]),
    "the head moved back": ("head", ["UPDATE head SET size = size - 1"]),
    "a public entry deleted": ("public-entry", ['DELETE FROM public_entry WHERE "index" = 2']),
    "a public entry added": ("public-entry", ["INSERT INTO public_entry VALUES (9, 'schedule')"]),
    "a checkpoint copied to another size": (
        "checkpoint",
        ["INSERT INTO checkpoint SELECT size + 1, note FROM checkpoint LIMIT 1"],
    ),
    "an answer copied to another key": (
        "answer",
        ["INSERT INTO answer SELECT issuer, 'new', request_tag, answer, seal FROM answer LIMIT 1"],
    ),
    "two answers swapped": (
        "answer",
        [
            "CREATE TEMP TABLE pair AS SELECT * FROM answer WHERE key IN ('batch-1', 'batch-2')",
            "UPDATE answer SET (request_tag, answer) = (SELECT request_tag, answer FROM pair "
            "WHERE pair.key <> answer.key) WHERE key IN ('batch-1', 'batch-2')",
        ],
    ),
    "a report copied": (
        "report",
        ["INSERT INTO report SELECT 'copy' || substr(id, 5), created_at_ms, content FROM report"],
    ),
}


@pytest.mark.parametrize("name", OTHER_EDITS)
def test_an_edit_beside_the_entries_is_found(name: str, copy: Copy) -> None:
    what, statements = OTHER_EDITS[name]
    with copy.database() as database:
        for statement in statements:
            database.execute(statement)
    report = copy.audited()
    assert what in {finding.what for finding in report.findings}, report.findings[:3]


def test_an_entry_forged_behind_the_last_is_found(copy: Copy) -> None:
    size = copy.specimen.size
    copy.edit(
        f'INSERT INTO entry SELECT {size}, leaf_hash, bytes FROM entry WHERE "index" = {size - 1}'
    )
    assert copy.audited().first_bad_index == size


@pytest.mark.parametrize(
    ("table", "index", "located"),
    [
        ("entry", -1, 0),
        ("body", -1, 0),
        ("record", -1, 0),
        ("body", 5_000, None),
        ("record", 5_000, None),
    ],
)
def test_a_row_where_no_entry_can_be_is_found(
    table: str, index: int, located: int | None, copy: Copy
) -> None:
    with copy.database() as database:
        names = ", ".join(database.columns(table)[1:])
        database.execute(
            f'INSERT INTO {table} ("index", {names}) SELECT ?, {names} FROM {table} '
            f'WHERE "index" = ?', (index, copy.specimen.middle),
        )  # fmt: skip
    expected = copy.specimen.size if located is None else located
    assert copy.audited().first_bad_index == expected


def cut(database: RawDatabase, size: int, *, mended: bool) -> None:
    """Cut the log to ``size`` entries; ``mended``: with tiles and head as they were then."""
    rows = database.execute('SELECT leaf_hash, bytes FROM entry ORDER BY "index"').fetchall()
    for table in ("entry", "body", "record", "public_entry"):
        database.execute(f'DELETE FROM {table} WHERE "index" >= ?', (size,))
    if mended:
        rewrite_tiles(database, [row[0] for row in rows[:size]])
        set_head(database, rows[:size])


@pytest.mark.parametrize("count", [1, 2, 50, 200])
@pytest.mark.parametrize("mended", [False, True])
def test_a_tail_cut_off_is_found(count: int, mended: bool, copy: Copy) -> None:  # noqa: FBT001 - a parameter
    """L2. Mended, the cut log contradicts nothing but its checkpoints, and what was withdrawn."""
    size = copy.specimen.size - count
    with copy.database() as database:
        cut(database, size, mended=mended)
        if mended:
            database.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
            there = "SELECT subject FROM body WHERE subject IS NOT NULL"
            database.execute(f"DELETE FROM subject WHERE id NOT IN ({there})")
    report = copy.audited()
    assert not report.sound
    # What the lost entries had withdrawn lies before the cut and is found there too.
    places = [finding.index for finding in report.findings]
    assert size in places or mended
    if mended:
        assert any(finding.what == "checkpoint" for finding in report.findings)
        with opened(copy.home) as ledger, pytest.raises(DamagedError) as refused:
            sign_checkpoint(ledger)
        assert refused.value.code == "behind-checkpoint"


def test_a_consistent_rewrite_contradicts_the_checkpoints_alone(copy: Copy) -> None:
    """Entries, hashes, tiles, head and bodies agree; only what was signed before does not."""
    with copy.database() as database:
        query = 'SELECT "index", bytes FROM entry ORDER BY "index"'
        times = [decode_entry(content).time_ms for _, content in database.execute(query)]
        # The first entry of a batch, if the batch before is older by more than a millisecond.
        start = next(
            i for i in range(copy.specimen.middle, len(times)) if times[i] - times[i - 1] > 1
        )
        rewrite_from(database, start, earlier)
    report = copy.audited()
    assert {finding.what for finding in report.findings} == {"checkpoint"}
    last_good = max(size for size in copy.specimen.checkpoints if size <= start)
    assert report.first_bad_index == last_good
    answer = jinlan(copy.home, "checkpoint", "--json")
    assert (answer.status, answer.code) == (1, "other-history")


def test_a_rewrite_that_drops_the_checkpoints_contradicts_the_one_outside(copy: Copy) -> None:
    with copy.database() as database:
        rewrite_from(database, 0, earlier)
        database.execute("DELETE FROM checkpoint")
    report = copy.audited()
    found = {(f.what, f.index) for f in report.findings}
    assert found == {("checkpoint", 0), ("checkpoint", None)}
    (copy.home / "checkpoint").unlink()
    assert [f.what for f in copy.audited().findings] == ["checkpoint"]
    answer = jinlan(copy.home, "audit", "--json")
    assert (answer.status, answer.json["sound"]) == (1, False)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("chain", lambda entry: replace(entry, prev=bytes(32))),
        ("time", lambda entry: replace(entry, time_ms=0)),
        ("entry", lambda entry: replace(entry, index=entry.index + 1)),
        ("body", lambda entry: replace(entry, body=bytes(32))),
    ],
)
def test_a_rewrite_that_is_wrong_in_itself_needs_no_checkpoint(
    what: str, change: Callable[[Entry], Entry], copy: Copy
) -> None:
    """Every hash fits and no checkpoint is left: each check of an entry is shown alone."""
    with copy.database() as database:
        rewrite_from(database, copy.specimen.middle, change)
        database.execute("DELETE FROM checkpoint")
    (copy.home / "checkpoint").unlink()
    report = copy.audited()
    assert report.first_bad_index == copy.specimen.middle
    located = {f.what for f in report.findings if f.index == copy.specimen.middle}
    assert what in located
    with opened(copy.home) as ledger:
        if what in {"chain", "entry"}:
            with pytest.raises(DamagedError):
                sign_checkpoint(ledger)
