"""The scheduler: a process of its own, in which each job calls one service.

Signs a checkpoint about every second while the log grows, and audits a part of the log each minute,
round and round. A job that fails is told on standard
error and tried again at its next time; an error that a person must look at stops the process.
"""

import logging
import sys
from typing import Final

from apscheduler.schedulers.blocking import BlockingScheduler

from ledger.errors import DamagedError, LedgerError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger, open_ledger, spare_collector
from ledger.services.rolling_audit import audit_further
from ledger.services.settings import Settings

CHECKPOINT_SECONDS: Final = 1
AUDIT_SECONDS: Final = 60
FINDINGS_TOLD: Final = 10

log = logging.getLogger("ledger.jobs")


def checkpoint_job(ledger: Ledger, scheduler: BlockingScheduler) -> None:
    """Sign a checkpoint if the log has grown."""
    try:
        sign_checkpoint(ledger)
    except DamagedError as error:
        log.critical("checkpoint: %s: %s", error.code, error.message)
        scheduler.shutdown(wait=False)
    except LedgerError as error:
        log.warning("checkpoint: %s: %s", error.code, error.message)


def audit_job(ledger: Ledger, scheduler: BlockingScheduler) -> None:
    """Audit what is new and a slice of what is old; where something is wrong, say so and stop."""
    try:
        report = audit_further(ledger)
    except DamagedError as error:
        log.critical("audit: %s: %s", error.code, error.message)
        scheduler.shutdown(wait=False)
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
        scheduler.shutdown(wait=False)


def main() -> int:
    """Run the scheduler until it is stopped."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    spare_collector()
    ledger = open_ledger(Settings.from_environment())
    scheduler = BlockingScheduler(timezone="UTC")
    jobs = (("checkpoint", checkpoint_job, CHECKPOINT_SECONDS), ("audit", audit_job, AUDIT_SECONDS))
    for name, job, seconds in jobs:
        scheduler.add_job(
            job,
            "interval",
            seconds=seconds,
            args=[ledger, scheduler],
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
        ledger.close()
    return 1


if __name__ == "__main__":
    sys.exit(main())
