"""The scheduler's jobs: what may pass is tried again, what a person must look at stops them."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apscheduler.schedulers.blocking import BlockingScheduler

from ledger import jobs
from ledger.services.settings import Settings
from ledger.storage import checkpoints
from tests.ledgers import edit, make_command, make_ledger, post, reopen, verify_whole


class _Leading:
    leads = True

    def held(self) -> bool:
        return self.leads

    def give_up(self) -> None:
        self.leads = False


class _Scheduler:
    stopped = False

    def shutdown(self, *, wait: bool) -> None:
        del wait
        self.stopped = True


def test_the_job_signs_a_checkpoint_when_the_log_has_grown(tmp_path: Path) -> None:
    ledger, scheduler = make_ledger(tmp_path), _Scheduler()
    before = checkpoints.read_outside(ledger.home)
    jobs.checkpoint_job(ledger, scheduler, _Leading())  # type: ignore[arg-type]
    assert checkpoints.read_outside(ledger.home) == before
    post(ledger, make_command())
    jobs.checkpoint_job(ledger, scheduler, _Leading())  # type: ignore[arg-type]
    assert checkpoints.read_outside(ledger.home) != before
    assert not scheduler.stopped
    verify_whole(ledger)


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = 4',
        "UPDATE entry SET bytes = x'00' WHERE \"index\" = 4",
        'DELETE FROM entry WHERE "index" = 4',
        "DELETE FROM tile",
    ],
)
def test_damage_stops_the_scheduler(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, statement: str
) -> None:
    ledger, scheduler = make_ledger(tmp_path), _Scheduler()
    post(ledger, make_command())
    edit(ledger, statement)
    jobs.checkpoint_job(reopen(ledger), scheduler, _Leading())  # type: ignore[arg-type]
    assert scheduler.stopped
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


def test_what_may_pass_is_told_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_ledger: object) -> None:
        raise jobs.LedgerError("busy", code="unavailable")

    ledger, scheduler = make_ledger(tmp_path), _Scheduler()
    monkeypatch.setattr(jobs, "sign_checkpoint", busy)
    jobs.checkpoint_job(ledger, scheduler, _Leading())  # type: ignore[arg-type]
    assert not scheduler.stopped
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_the_job_writes_the_public_files_and_no_trouble_with_them_stops_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger, folder = make_ledger(tmp_path), tmp_path / "public"
    ledger.settings = replace(ledger.settings, public=folder)
    jobs.publish_job(ledger, _Scheduler(), _Leading())  # type: ignore[arg-type]
    assert (folder / "checkpoint").read_bytes() == checkpoints.read_outside(ledger.home)
    assert caplog.records == []
    post(ledger, make_command())
    verify_whole(ledger)
    (folder / "tile/0/000.p/5").write_bytes(b"other")
    jobs.publish_job(ledger, _Scheduler(), _Leading())  # type: ignore[arg-type]
    (tmp_path / "file").write_bytes(b"")
    ledger.settings = replace(ledger.settings, public=tmp_path / "file")
    jobs.publish_job(ledger, _Scheduler(), _Leading())  # type: ignore[arg-type]
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL, logging.WARNING]


def test_the_audit_says_nothing_while_all_is_sound(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger, scheduler = make_ledger(tmp_path), _Scheduler()
    for n in range(3):
        post(ledger, make_command(n))
        jobs.audit_job(ledger, scheduler, _Leading())  # type: ignore[arg-type]
    assert caplog.records == []
    assert not scheduler.stopped


def test_what_the_audit_finds_is_told_with_its_index_until_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The ledger goes on meanwhile; nobody is named."""
    ledger = make_ledger(tmp_path)
    post(ledger, *(make_command(n) for n in range(3)))
    jobs.audit_job(ledger, _Scheduler(), _Leading())  # type: ignore[arg-type]
    edit(ledger, "UPDATE record SET event_on = '2024-01-01' WHERE \"index\" = 5")
    for _ in range(2):
        scheduler = _Scheduler()
        caplog.clear()
        jobs.audit_job(reopen(ledger), scheduler, _Leading())  # type: ignore[arg-type]
        assert not scheduler.stopped
        assert {record.levelno for record in caplog.records} == {logging.CRITICAL}
        assert "record: entry 5: " in caplog.text
        assert "first bad index 5" in caplog.text
    edit(ledger, "UPDATE record SET event_on = '2025-04-11' WHERE \"index\" = 5")
    caplog.clear()
    jobs.audit_job(reopen(ledger), _Scheduler(), _Leading())  # type: ignore[arg-type]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("error", "level"),
    [(jobs.LedgerError("busy"), "WARNING"), (jobs.DamagedError("gone"), "CRITICAL")],
)
def test_an_audit_that_cannot_be_done_is_told(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    level: str,
) -> None:
    def fail(_ledger: object) -> None:
        raise error

    ledger, scheduler = make_ledger(tmp_path), _Scheduler()
    monkeypatch.setattr(jobs, "audit_further", fail)
    jobs.audit_job(ledger, scheduler, _Leading())  # type: ignore[arg-type]
    assert not scheduler.stopped
    assert [record.levelname for record in caplog.records] == [level]


@pytest.mark.parametrize(("ending", "status"), [(KeyboardInterrupt, 0), (None, 1)])
def test_the_process_tells_by_its_status_whether_it_was_asked_to_stop(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: type[BaseException] | None,
    status: int,
) -> None:
    home, found = make_ledger(tmp_path).home, []

    def start(scheduler: BlockingScheduler, *_arguments: Any) -> None:  # noqa: ANN401
        found.extend(job.id for job in scheduler.get_jobs())
        if ending is not None:
            raise ending

    monkeypatch.setenv("JINLAN_HOME", str(home))
    assert Settings.from_environment().home == home
    monkeypatch.setattr(BlockingScheduler, "start", start)
    assert jobs.main() == status
    assert found == ["checkpoint", "publish", "audit"]


def test_who_does_not_lead_signs_nothing_and_keeps_what_others_sign(tmp_path: Path) -> None:
    """Its own machine then knows how far the log had come."""
    ledger, idle = make_ledger(tmp_path), _Leading()
    idle.leads = False
    post(ledger, make_command())
    before = checkpoints.read_outside(ledger.home)
    jobs.checkpoint_job(ledger, _Scheduler(), idle)  # type: ignore[arg-type]
    jobs.publish_job(ledger, _Scheduler(), idle)  # type: ignore[arg-type]
    jobs.audit_job(ledger, _Scheduler(), idle)  # type: ignore[arg-type]
    assert checkpoints.read_outside(ledger.home) == before
    assert not ledger.settings.public_folder.exists()
    verify_whole(ledger)
    newest = checkpoints.read_outside(ledger.home)
    assert before is not None
    checkpoints.write_outside(ledger.home, before)
    jobs.checkpoint_job(ledger, _Scheduler(), idle)  # type: ignore[arg-type]
    assert checkpoints.read_outside(ledger.home) == newest != before
