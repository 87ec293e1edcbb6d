"""The scheduler: a process of its own, in which each job calls one service.

Signs a checkpoint about every second while the log grows, writes what is new to the files of the
public log, and audits a part of the log each minute, round and round. Any number of schedulers may
run; one of them is at work, and when it dies another takes over within a second. The others keep
the checkpoint file of their own data folder up to date.

A job that fails is told on standard error and tried again at its next time. A log that contradicts
its checkpoint stops the process: a person must look.
"""

import logging
import sys
from typing import Final

from apscheduler.schedulers.blocking import BlockingScheduler

from ledger.errors import DamagedError, LedgerError
from ledger.services.checkpointing import keep_newest_checkpoint, sign_checkpoint
from ledger.services.context import Ledger, open_ledger, spare_collector
from ledger.services.publishing import publish
from ledger.services.rolling_audit import audit_further
from ledger.services.settings import Settings
from ledger.storage.leadership import Leadership

CHECKPOINT_SECONDS: Final = 1
PUBLISH_SECONDS: Final = 1
AUDIT_SECONDS: Final = 60
FINDINGS_TOLD: Final = 10

log = logging.getLogger("ledger.jobs")


def checkpoint_job(ledger: Ledger, scheduler: BlockingScheduler, leadership: Leadership) -> None:
    """Sign a checkpoint if the log has grown; who does not lead takes over what was signed."""
    try:
        if leadership.held():
            sign_checkpoint(ledger)
        else:
            keep_newest_checkpoint(ledger)
    except DamagedError as error:
        log.critical("checkpoint: %s: %s", error.code, error.message)
        scheduler.shutdown(wait=False)
    except LedgerError as error:
        log.warning("checkpoint: %s: %s", error.code, error.message)


def publish_job(ledger: Ledger, _scheduler: BlockingScheduler, leadership: Leadership) -> None:
    """Bring the public log's files up to the newest checkpoint.

    A job of its own, so that a slow or spoilt copy never delays a signature or stops the ledger.
    """
    try:
        if leadership.held():
            publish(ledger, ledger.settings.public_folder)
    except DamagedError as error:
        log.critical("publish: %s: %s", error.code, error.message)
    except LedgerError as error:
        log.warning("publish: %s: %s", error.code, error.message)


def audit_job(ledger: Ledger, _scheduler: BlockingScheduler, leadership: Leadership) -> None:
    """Audit what is new and a slice of what is old, and say what is wrong.

    The ledger goes on: one spoilt row of years ago is no reason to keep everybody from writing.
    What is wrong is told again each time until it is mended.
    """
    try:
        if not leadership.held():
            return
        report = audit_further(ledger)
    except DamagedError as error:
        log.critical("audit: %s: %s", error.code, error.message)
        return
    except LedgerError as error:
        log.warning("audit: %s: %s", error.code, error.message)
        return
    for finding in report.findings[:FINDINGS_TOLD]:
        place = "" if finding.index is None else f"entry {finding.index}: "
        log.critical("audit: %s: %s%s", finding.what, place, finding.message)
    if not report.sound:
        log.critical(
            "audit: %d findings, first bad index %s; run 'python -m ledger audit'",
            len(report.findings),
            report.first_bad_index,
        )


JOBS: Final = (
    ("checkpoint", checkpoint_job, CHECKPOINT_SECONDS),
    ("publish", publish_job, PUBLISH_SECONDS),
    ("audit", audit_job, AUDIT_SECONDS),
)


def main() -> int:
    """Run the scheduler until it is stopped."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    spare_collector()
    ledger = open_ledger(Settings.from_environment())
    scheduler = BlockingScheduler(timezone="UTC")
    leadership = ledger.leadership("scheduler")
    for name, job, seconds in JOBS:
        scheduler.add_job(
            job,
            "interval",
            seconds=seconds,
            args=[ledger, scheduler, leadership],
            id=name,
            replace_existing=True,
            coalesce=True,
            max_instances=1,
        )
    try:
        scheduler.start()
    except (KeyboardInterrupt, SystemExit):
        return 0
    finally:
        leadership.give_up()
        ledger.close()
    return 1


if __name__ == "__main__":
    sys.exit(main())
