"""Whether the ledger can serve: its database can be read and is not behind its last checkpoint."""

from ledger.errors import UnavailableError
from ledger.services.checkpointing import last_checkpoint
from ledger.services.context import Ledger
from ledger.services.proving import entry_bytes, prove


def published_size(ledger: Ledger) -> int:
    """Give the size of the published log, after reading its last entry and that entry's proof.

    Costs O(log n) reads, so that it may be asked every second.

    Raises:
        UnavailableError: With code ``not-ready``: something of it cannot be read.
    """
    try:
        last = last_checkpoint(ledger)
        size = 0 if last is None else last.checkpoint.size
        if size:
            entry_bytes(ledger, size - 1)
            prove(ledger, size - 1)
    except Exception as error:
        raise UnavailableError(
            "the ledger cannot be read, or is behind its last checkpoint", code="not-ready"
        ) from error
    return size
