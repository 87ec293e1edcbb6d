"""The scheduler: a process of its own, in which each job calls one service.

Signs a checkpoint about every second while the log grows, and writes what is new to the files of
the public log. A job that fails is told on standard error and tried again at its next time; an
error that a person must look at stops the process.
"""

import logging
import sys
from pathlib import Path
from typing import Final

from apscheduler.schedulers.blocking import BlockingScheduler

from ledger.errors import DamagedError, LedgerError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger, open_ledger, spare_collector
from ledger.services.publishing import publish
from ledger.services.settings import Settings

CHECKPOINT_SECONDS: Final = 1
PUBLISH_SECONDS: Final = 1

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


def publish_job(ledger: Ledger, folder: Path) -> None:
    """Bring the public log's files up to the newest checkpoint.

    A job of its own, so that a slow or spoilt copy never delays a signature or stops the ledger.
    """
    try:
        publish(ledger, folder)
    except DamagedError as error:
        log.critical("publish: %s: %s", error.code, error.message)
    except LedgerError as error:
        log.warning("publish: %s: %s", error.code, error.message)


def main() -> int:
    """Run the scheduler until it is stopped."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    spare_collector()
    settings = Settings.from_environment()
    ledger = open_ledger(settings)
    scheduler = BlockingScheduler(timezone="UTC")
    scheduler.add_job(
        checkpoint_job,
        "interval",
        seconds=CHECKPOINT_SECONDS,
        args=[ledger, scheduler],
        id="checkpoint",
        replace_existing=True,
        coalesce=True,
        max_instances=1,
    )
    scheduler.add_job(
        publish_job,
        "interval",
        seconds=PUBLISH_SECONDS,
        args=[ledger, settings.public_folder],
        id="publish",
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
