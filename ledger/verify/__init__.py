"""Offline verification: bytes, a pinned key list and an instant go in, a report comes out.

Nothing is fetched, opened or written here, and only ``ledger.core`` and ``ledger.credentials`` are
imported, so this room can be handed out with them to whoever wants to check a document alone.
"""

from ledger.verify.report import Report
from ledger.verify.verifier import verify

__all__ = ["Report", "verify"]
