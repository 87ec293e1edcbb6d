"""The rolling audit reads what is new, then what is old, round and round; it forgets nothing."""

from pathlib import Path

import pytest

from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.erasure import erase
from ledger.services.rolling_audit import POSITION_FILE, Position, audit_further
from tests.ledgers import copy_ledger, edit, make_command, make_ledger, post, reopen, subject_of

SLICE = 256
SIZE = 1_004
RUNS_A_ROUND = 4


@pytest.fixture(scope="module")
def whole(folder_of_a_file: Path) -> Ledger:
    """A thousand records; one person is erased."""
    ledger = make_ledger(folder_of_a_file)
    for first in range(0, 1_000, 250):
        post(ledger, *(make_command(n, number=f"JL{first}") for n in range(first, first + 250)))
        sign_checkpoint(ledger)
    erase(ledger, subject_of(ledger, 7))
    sign_checkpoint(ledger)
    return ledger


@pytest.fixture
def ledger(whole: Ledger, tmp_path: Path) -> Ledger:
    """A copy of it to edit."""
    return copy_ledger(whole, tmp_path)


def position(ledger: Ledger) -> Position:
    return Position.read(ledger.home / POSITION_FILE)


def test_what_is_new_comes_first_and_then_the_old_round_and_round(ledger: Ledger) -> None:
    stands = []
    for _ in range(8):
        report = audit_further(ledger, SLICE)
        assert report.findings == []
        assert report.entries <= 2 * SLICE + 256
        stands.append((position(ledger).new, position(ledger).old))
    assert [new for new, _ in stands] == [256, 512, 768, 1_005, 1_005, 1_005, 1_005, 1_005]
    assert [old for _, old in stands] == [0, 256, 512, 768, 256, 512, 768, 256]


EDITS = {
    "an entry": ('UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = 600', 600),
    "an entry gone": ('DELETE FROM entry WHERE "index" = 600', 600),
    "a body": ('UPDATE body SET content = zeroblob(9) WHERE "index" = 300', 300),
    "a body gone": ('DELETE FROM body WHERE "index" = 300', 300),
    "a record": ("UPDATE record SET event_on = '2024-01-01' WHERE \"index\" = 40", 40),
    "a leaf tile": ("UPDATE tile SET hashes = zeroblob(8192) WHERE level = 0 AND n = 1", 256),
    "the last leaf tile": ("UPDATE tile SET hashes = zeroblob(9) WHERE level = 0 AND n = 3", 768),
    "the tile above": ("UPDATE tile SET hashes = zeroblob(96) WHERE level = 1", 0),
    "a checkpoint": ("UPDATE checkpoint SET note = x'00' WHERE size = 504", None),
    "the head": ("UPDATE head SET size = size + 1", 1_005),
    "the tail": ('DELETE FROM entry WHERE "index" >= 900', 900),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_what_was_read_before_is_found_within_a_round(ledger: Ledger, name: str) -> None:
    while position(ledger).new < SIZE:
        assert audit_further(ledger, SLICE).sound
    statement, index = EDITS[name]
    assert edit(ledger, statement) >= 1
    ledger = reopen(ledger)
    found = []
    for _ in range(RUNS_A_ROUND):
        report = audit_further(ledger, SLICE)
        if not report.sound:
            found.append((report.first_bad_index, position(ledger)))
    assert found
    assert {first for first, _ in found} == {index}
    # It is not left behind: each run from then on finds it again.
    assert len({stood for _, stood in found}) == 1
    assert not audit_further(ledger, SLICE).sound


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"new":1}', b'{"new":1,"old":2}', b'{"new":"1","old":0}',
                b'{"new":true,"old":0}', b'{"new":999999999,"old":3}']
)  # fmt: skip
def test_a_damaged_position_is_a_start_anew(ledger: Ledger, content: bytes) -> None:
    (ledger.home / POSITION_FILE).write_bytes(content)
    assert audit_further(ledger, SLICE).findings == []
    assert position(ledger) == Position(256, 0)


def test_an_empty_log_is_sound(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, example=False)
    assert audit_further(ledger).findings == []
    assert audit(ledger).sound
