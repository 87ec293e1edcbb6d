"""Keys in the log: each published key is an entry.

Rotation appends the new key and the old one's end. A verifier that pinned an older key list thus
learns of a new key from the log itself, signed by a key that it knows.
"""

from typing import Any, Final

from keys import rotation
from keys.index import SECRET
from ledger.core.canonical import Json, decode
from ledger.core.entry import LEDGER_ISSUER
from ledger.core.key_history import KeyOpening, encode_key_history
from ledger.core.key_list import PublishedKey
from ledger.errors import DamagedError
from ledger.services.batch import Batch
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.record import write
from ledger.storage import bodies, projections, reports, vault
from ledger.storage.engine import reading

KIND: Final = "key"
OVERLAP_MS: Final = 30 * 24 * 3600 * 1000


def key_body(key: PublishedKey) -> dict[str, Json]:
    """Make the body of a ``key`` entry."""
    return {"v": 1, **key.to_json()}


def publish_keys(ledger: Ledger) -> list[int]:
    """Append each published key that the log does not have as it is now; give the indices."""

    def work(batch: Batch) -> Json:
        newest: dict[str, Json] = {}
        indices = [
            index for index, _ in projections.public_entries(batch.connection, kinds=(KIND,))
        ]
        for _, stored in sorted(bodies.read_bodies(batch.connection, indices).items()):
            body: Any = decode(stored.content)
            newest[body["id"]] = body
        return [
            batch.add_public(KIND, LEDGER_ISSUER, key_body(key))
            for key in ledger.keyring.published().keys
            if newest.get(key.id) != key_body(key)
        ]

    answer: Any = write(ledger, work).answer
    return list(answer)


def rotate_key(ledger: Ledger, purpose: str, overlap_ms: int = OVERLAP_MS) -> dict[str, Any]:
    """Make a new key current for a purpose; what the old one signed stays good.

    For ``vault`` every person's key is wrapped anew and every import report sealed anew, so that
    the old version is needed no more.

    Raises:
        NotFoundError: There is no such purpose.
        RefusedError: The secret cannot be rotated (``lookup``).
        CustodyError: A key file is wrong or cannot be written; the old keyring is in force.
    """
    if purpose in SECRET:
        version = rotation.rotate_secret(ledger.home, purpose)
        ledger.renew_keys()

        def rewrap(batch: Batch) -> Json:
            reports.reseal_reports(batch.connection, batch.sealer)
            return vault.rewrap_all(batch.connection, batch.sealer)

        return {"purpose": purpose, "version": version, "rewrapped": write(ledger, rewrap).answer}
    key = rotation.rotate(ledger.home, purpose, ledger.clock(), overlap_ms)
    ledger.renew_keys()
    entries = publish_keys(ledger)
    sign_checkpoint(ledger)
    return {"purpose": purpose, "key": key.to_json(), "entries": entries}


def key_history(ledger: Ledger, size: int) -> bytes:
    """Give the document that opens each ``key`` entry among the first ``size`` entries.

    Raises:
        DamagedError: The body of one is gone.
    """
    with reading(ledger.engine) as connection:
        found = projections.public_entries(connection, kinds=(KIND,))
        indices = [index for index, _ in found if index < size]
        stored = bodies.read_bodies(connection, indices)
    openings = []
    for index in indices:
        body = stored.get(index)
        if body is None or body.salt is None:
            raise DamagedError(f"key entry {index}: its body is not there")
        openings.append(KeyOpening(index, body.salt, body.content))
    return encode_key_history(openings)
