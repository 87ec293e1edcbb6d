"""Several processes see what one sees; one that dies makes the audit fail."""

import os
import signal
import threading
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from ledger.errors import UnavailableError
from ledger.services import audit_workers, auditing
from ledger.services.auditing import Depth, audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.erasure import erase
from tests.ledgers import copy_ledger, edit, make_command, make_ledger, post, reopen, subject_of

SPAN = 256


@pytest.fixture(scope="module")
def made(folder_of_a_file: Path) -> Ledger:
    """Entries of five spans and a rest, the first of them with bodies, one of which is erased."""
    ledger = make_ledger(folder_of_a_file)
    for first in range(0, 5 * SPAN + 40, 100):
        post(ledger, *(make_command(n, number=f"JL{first}") for n in range(first, first + 100)))
        sign_checkpoint(ledger)
    erase(ledger, subject_of(ledger, 7))
    sign_checkpoint(ledger)
    return ledger


@pytest.fixture(autouse=True)
def _short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "SPAN", SPAN)


@pytest.fixture(params=["fork", "spawn"], autouse=True)
def _start_method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_workers, "_start_method", lambda: request.param)


def test_one_process_and_several_give_the_same_report(made: Ledger) -> None:
    seen: list[int] = []
    alone, shared = audit(made), audit(made, processes=3)
    assert alone == shared
    assert alone.findings == []
    assert (alone.entries, alone.bodies, alone.erased) == (1_405, 1_404, 1)
    assert audit(made, seen.append, processes=2).sound
    assert sum(seen) == 1_405
    assert active_children() == []


def test_the_last_spans_are_cut_so_that_nobody_waits_long_for_another(
    made: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "SPAN", 2 * SPAN)
    monkeypatch.setattr(auditing, "WHOLE_UNTIL", 1)
    assert list(auditing._full_spans(made)) == [(0, 512), (512, 768), (768, 1024)]
    assert audit(made, processes=2) == audit(made)


@pytest.mark.parametrize("depth", [Depth.LOG, Depth.BODIES])
def test_children_go_as_deep_as_they_are_asked_to(made: Ledger, depth: Depth) -> None:
    alone = audit(made, depth=depth)
    assert (alone.findings, alone.bodies) == ([], 0 if depth is Depth.LOG else 1_404)
    assert audit(made, processes=2, depth=depth) == alone


EDITS = {
    "a body": ('UPDATE body SET content = zeroblob(9) WHERE "index" = 300', 300),
    "a leaf hash": ('UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = 512', 512),
    "a whole span": ('DELETE FROM entry WHERE "index" BETWEEN 256 AND 511', 256),
    "some entries": ('DELETE FROM entry WHERE "index" BETWEEN 1280 AND 1300', 1280),
    "an upper tile": ("UPDATE tile SET hashes = zeroblob(32) WHERE level = 1", 0),
    "a body that no erasure names": ('DELETE FROM body WHERE "index" = 700', 700),
    "the head's size": ("UPDATE head SET size = 99", 99),
    "the head's size upward": ("UPDATE head SET size = 99999999", 1405),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_in_any_span_is_located(made: Ledger, tmp_path: Path, name: str) -> None:
    statement, index = EDITS[name]
    copy = copy_ledger(made, tmp_path)
    assert edit(copy, statement) >= 1
    report = audit(reopen(copy))
    assert report.first_bad_index == index, report.findings[:3]


def test_children_name_what_one_process_names(made: Ledger, tmp_path: Path) -> None:
    copy = copy_ledger(made, tmp_path)
    for statement, _ in EDITS.values():
        edit(copy, statement)
    alone, shared = audit(reopen(copy)), audit(reopen(copy), processes=2)
    assert alone.first_bad_index == shared.first_bad_index == 0
    assert set(alone.findings) == set(shared.findings)


def _hang(_span: object) -> None:
    time.sleep(60)


def _kill_children() -> None:
    while not active_children():
        time.sleep(0.01)
    for child in active_children():
        os.kill(child.pid or 0, signal.SIGKILL)


def test_a_child_that_is_killed_makes_the_audit_fail(
    made: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that nobody audited must never look sound."""
    monkeypatch.setattr(audit_workers, "_audit_span", _hang)
    killer = threading.Thread(target=_kill_children)
    killer.start()
    with pytest.raises(UnavailableError) as failed:
        audit(made, processes=3)
    killer.join()
    assert failed.value.code == "audit-broken"
    assert active_children() == []


def test_where_processes_can_share_nothing_one_does_it_all(
    made: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may have no shared memory that it can write to."""

    def refuse(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(audit_workers, "ProcessPoolExecutor", refuse)
    report = audit(made, processes=2)
    assert report.findings == []
    assert report.entries > 0


def test_a_process_with_other_threads_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them might hold a lock, which nobody would ever give back in the copy."""
    monkeypatch.undo()
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    assert audit_workers._start_method() == "spawn"
    done.set()
    thread.join()
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert audit_workers._start_method() == "fork"
