"""What recoveries excuse: bodies that were lost, and checkpoints of a history that does not go on.

Nothing more: a body is excused only if a recovery brought its entry back from a copy of the log,
and checkpoints only if they are exactly those that a recovery tells of.
"""

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.digest import commitment, sha256
from ledger.core.entry import decode_entry
from ledger.domain.recoveries import KIND, Recovery, Span, Superseded, parse_recovery
from ledger.services.checkpointing import contradicting_checkpoints
from ledger.services.context import Ledger
from ledger.storage import bodies, log, projections


class Recoveries:
    """The recoveries of a log, as an audit or a recovery meets them."""

    def __init__(self) -> None:
        self.recorded: list[tuple[int, Recovery]] = []
        self._lost: list[Span] = []

    def add(self, index: int, body: object) -> None:
        """Take up the recovery that entry ``index`` records.

        Raises:
            MalformedError: The body is not one of a recovery.
        """
        recovery = parse_recovery(body)
        self.recorded.append((index, recovery))
        # It cannot excuse what came after it.
        if recovery.restored is not None and recovery.restored.last < index:
            self._lost.append(recovery.restored)

    def excuses_body(self, index: int) -> bool:
        """Tell whether the body of an entry may be missing."""
        return any(index in span for span in self._lost)

    def excused(self, contradicting: dict[int, bytes]) -> set[int]:
        """Give the sizes of those checkpoints, of notes by size, that recoveries tell of."""
        known: set[int] = set()
        for _, recovery in self.recorded:
            told = recovery.superseded
            if told is not None:
                within = {s: n for s, n in contradicting.items() if told.first <= s <= told.last}
                if superseded_of(within) == told:
                    known |= within.keys()
        return known


def stored_recoveries(connection: Connection) -> Recoveries:
    """Read the recoveries of the log, in their order; one that no entry commits to is none.

    Raises:
        LedgerError: The log or a body cannot be read.
    """
    known = Recoveries()
    indices = [index for index, _ in projections.public_entries(connection, kinds=(KIND,))]
    for index, stored in sorted(bodies.read_bodies(connection, indices).items()):
        entry = decode_entry(log.read_entry(connection, index).bytes)
        if entry.kind == KIND and commitment(stored.salt or b"", stored.content) == entry.body:
            known.add(index, decode(stored.content))
    return known


def superseded_sizes(ledger: Ledger, connection: Connection) -> set[int]:
    """Give the sizes of the stored checkpoints that recoveries tell of.

    Raises:
        LedgerError: The log or a body cannot be read.
    """
    recoveries = stored_recoveries(connection)
    if not recoveries.recorded:
        return set()
    return recoveries.excused(contradicting_checkpoints(ledger, connection))


def superseded_of(notes: dict[int, bytes]) -> Superseded | None:
    """Tell of checkpoints, notes by size, as a recovery does; None of none."""
    if not notes:
        return None
    joined = b"".join(notes[size] for size in sorted(notes))
    return Superseded(min(notes), max(notes), len(notes), sha256(joined).hex())
