"""Offline verification: bytes, a pinned key list and an instant go in, a report comes out.

Nothing is fetched, opened or written here. This room imports ``ledger.core`` and
``ledger.credentials``, which imports ``ledger.domain``; the four are handed out together, without
the rest, to whoever wants to check a document alone.
"""

from ledger.verify.report import Report
from ledger.verify.verifier import verify

__all__ = ["Report", "verify"]
