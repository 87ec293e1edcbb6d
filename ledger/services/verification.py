"""Verify a document as a stranger would: against the published keys, with nothing else."""

from typing import Any

from ledger.services.context import Ledger
from ledger.verify import verify


def verify_document(ledger: Ledger, data: bytes) -> dict[str, Any]:
    """Give the verifier's report on a bundle or a lone credential, as JSON."""
    report: dict[str, Any] = verify(data, ledger.keyring.published(), ledger.clock()).to_json()
    return report
