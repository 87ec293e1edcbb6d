"""The fence: a database that has forgotten what this process acknowledged is not written.

A server that failed over to a standby which lagged behind is a truncated and perfectly valid log.
The process that acknowledged the lost entries still knows better.
"""

from sqlalchemy import Connection

from ledger.errors import DamagedError
from ledger.services.context import Ledger
from ledger.storage import log


def hold_against_acknowledged(ledger: Ledger, connection: Connection, head: log.Head) -> None:
    """Refuse to go on with a log that does not hold the last entry this process acknowledged.

    ``head`` is the log's head as ``connection`` sees it.

    Raises:
        DamagedError: The log is shorter than it was, or has another history.
    """
    known = ledger.acknowledged
    if known is None or head == known:
        return
    if not log.holds(connection, head, known):
        raise DamagedError(
            f"database: it holds {head.size} entries, and not the entry {known.size - 1} that this "
            "process acknowledged; another server took over without it, or an old backup was put "
            "back. Nothing is written until the newer database is back. To go on without what is "
            "lost, start this process anew: it is then held against the last checkpoint, and where "
            "that is lost too, 'python -m ledger recover' records it",
            code="behind-acknowledged",
        )
