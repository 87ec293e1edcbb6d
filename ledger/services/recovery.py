"""Recover: record as an entry that the database did not agree with its last checkpoint, and go on.

Where a copy of the log has the missing entries they are appended again, byte for byte, and lead to
the signed root: the log does not fork. What is public among their bodies comes back where the copy
has it, erasures among them are done again, and the projections are rebuilt. Else the gap itself is
recorded, with the old checkpoint whole, and the next checkpoint is signed over what is there; the
old file is kept beside it. Nothing else ever puts a checkpoint of fewer entries in its place.

The entry is committed before the checkpoint file is touched: whoever dies in between leaves a
ledger that still refuses to write, and a repetition finds the entry and completes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from ledger.core.canonical import decode
from ledger.core.checkpoint import Checkpoint
from ledger.core.digest import leaf_hash, sha256
from ledger.core.entry import LEDGER_ISSUER, Entry, decode_entry
from ledger.core.note import sign_note
from ledger.core.tile import root_hash
from ledger.domain.bodies import PERSONAL_KINDS
from ledger.domain.recoveries import (
    BEHIND,
    CAUSES,
    CHECKPOINT_MISSING,
    KIND,
    Recovery,
    Span,
    Superseded,
    recovery_body,
)
from ledger.domain.withdrawals import parse_erasure
from ledger.errors import DamagedError, RefusedError
from ledger.services.batch import Batch
from ledger.services.checkpointing import (
    SignedCheckpoint,
    contradicting_checkpoints,
    hold_against_last_checkpoint,
    last_checkpoint,
    read_back_all,
    tile_reader,
)
from ledger.services.context import Ledger
from ledger.services.erasure import erase_stored, finish_erasure
from ledger.services.log_copy import LogCopy, open_log_copy
from ledger.services.rebuilding import rebuild_in
from ledger.services.recovery_audit import stored_recoveries, superseded_of
from ledger.storage import bodies, checkpoints, log
from ledger.storage.engine import reading, writing

# What the ledger says besides records. Where its body is lost, a person must do it again.
TO_REPEAT: Final = frozenset(
    {"organisation", "occupations", "schedule", "revocation", "issuer-revocation", "erasure"}
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What was found.

    Attributes:
        cause: ``behind-checkpoint``, ``other-history`` or ``checkpoint-missing``.
        message: The refusal to write, in words.
        size: Number of entries in the database.
        root: Root over them.
        last: The checkpoint that the database was held against; None where it is gone.
        superseded: Checkpoints in the database that are not of its entries.
        recorded: Index of the entry that records this already, if a recovery was cut off.
    """

    cause: str
    message: str
    size: int
    root: bytes
    last: SignedCheckpoint | None
    superseded: Superseded | None
    recorded: int | None


@dataclass(slots=True)
class Recovered:
    """What was done.

    Attributes:
        situation: What was found before.
        entry: Index of the recovery's entry.
        restored: Number of entries that came back from the copy.
        without_body: How many of these have no body.
        to_repeat: (index, kind) of those of ``TO_REPEAT`` among them.
        erased: Number of persons who were erased again.
        checkpoint: Size of the new checkpoint.
        kept: Where the old checkpoint file is kept; None where it stays in force.
    """

    situation: Situation
    entry: int = 0
    restored: int = 0
    without_body: int = 0
    to_repeat: list[tuple[int, str]] = field(default_factory=list)
    erased: int = 0
    checkpoint: int = 0
    kept: Path | None = None


def find_situation(ledger: Ledger) -> Situation:
    """Tell what a recovery would record.

    Raises:
        RefusedError: There is nothing to recover.
        DamagedError: The database contradicts itself: a backup must be restored instead.
    """
    ledger.renew_keys()
    with reading(ledger.engine) as connection:
        return _situation(ledger, connection)


def recover(ledger: Ledger, reason: str, copy: Path | None = None) -> Recovered:
    """Record what happened and make the ledger writable again; for the operator at the machine.

    Args:
        ledger: The open ledger.
        reason: Why, in public words that name nobody.
        copy: Folder of a copy of the log that has the missing entries.

    Raises:
        RefusedError: There is nothing to recover, or the copy does not help.
        NotFoundError: The copy is not whole.
        VerificationError: A tile or bundle of the copy is not the one under its checkpoint.
        DamagedError: The database contradicts itself, or the copy leads to another root.
        MalformedError: The reason is empty or too long, or a bundle of the copy is none.
    """
    ledger.renew_keys()
    with writing(ledger.engine) as connection:
        done = _record(ledger, connection, reason, copy)
    # Nobody writes in between: the ledger still refuses to.
    with writing(ledger.engine) as connection:
        note = _sign(ledger, connection, done)
        checkpoints.store(connection, done.checkpoint, note)
    # What this process acknowledged before may be what was lost, and is recorded as such.
    ledger.acknowledged = None
    if done.erased:
        finish_erasure(ledger)
    return done


def _situation(ledger: Ledger, connection: Connection) -> Situation:
    ledger.checked = False
    try:
        hold_against_last_checkpoint(ledger, connection)
    except DamagedError as error:
        if error.code not in CAUSES:
            raise
        cause, message = error.code, error.message
    else:
        raise RefusedError(
            "recover: found a database that agrees with its last checkpoint; nothing to recover",
            code="nothing-to-recover",
        )
    last = None if cause == CHECKPOINT_MISSING else last_checkpoint(ledger)
    root = read_back_all(connection)
    superseded = superseded_of(contradicting_checkpoints(ledger, connection))
    size = log.read_head(connection).size
    recorded = _recorded(connection, last)
    return Situation(cause, message, size, root, last, superseded, recorded)


def _recorded(connection: Connection, last: SignedCheckpoint | None) -> int | None:
    """Find the entry of a recovery from just this, which was cut off before its checkpoint."""
    signed = checkpoints.largest_size(connection) or 0
    for index, recovery in stored_recoveries(connection).recorded[-1:]:
        if last is None and recovery.checkpoint is None and signed <= index:
            return index
        if last is not None and recovery.checkpoint == last.note.decode():
            return index
    return None


def _record(ledger: Ledger, connection: Connection, reason: str, copy: Path | None) -> Recovered:
    found = _situation(ledger, connection)
    done = Recovered(found)
    if found.recorded is not None:
        done.entry = found.recorded
        return done
    restored = None
    if copy is not None:
        last = _covered(found)
        keys = ledger.keyring.published().every_log_verifier_key()
        opened = open_log_copy(copy, ledger.origin, keys)
        restored = _bring_back(ledger, connection, last, opened, done)
    recovery = Recovery(
        found.cause,
        reason,
        None if found.last is None else found.last.note.decode(),
        found.size,
        found.root.hex(),
        restored,
        # With the entries back the checkpoints over them hold again.
        superseded_of(contradicting_checkpoints(ledger, connection)),
    )
    batch = Batch(ledger, connection, log.read_head(connection))
    done.entry = batch.add_public(KIND, LEDGER_ISSUER, recovery_body(recovery))
    batch.seal()
    batch.store(connection, batch.base)
    return done


def _covered(found: Situation) -> SignedCheckpoint:
    if found.cause == BEHIND and found.last is not None:
        return found.last
    raise RefusedError(
        "recover: a copy of the log helps only a database that is behind; where the checkpoint file"
        " is gone, put the copy's checkpoint in its place; where the history is another, restore a"
        " backup of the right one, or record it without --log",
        code="copy-unusable",
    )


def _bring_back(
    ledger: Ledger,
    connection: Connection,
    last: SignedCheckpoint,
    copy: LogCopy,
    done: Recovered,
) -> Span:
    if copy.checkpoint.size < last.checkpoint.size:
        raise RefusedError(
            f"recover: the copy holds {copy.checkpoint.size} entries, expected at least the "
            f"{last.checkpoint.size} of the last checkpoint; find a newer copy, or record the gap "
            "without --log",
            code="copy-unusable",
        )
    erased: list[int] = []
    first = done.situation.size
    for entries in _appended(connection, copy):
        done.restored += len(entries)
        for entry in entries:
            erased += _bring_body_back(connection, copy, entry, done)
    for checkpoint in (last.checkpoint, copy.checkpoint):
        if root_hash(checkpoint.size, tile_reader(connection)) != checkpoint.root:
            raise DamagedError(
                f"recover: the entries of the copy do not lead to the checkpoint of "
                f"{checkpoint.size} entries; the database or the copy has another history",
                code="other-history",
            )
    done.erased = _erase_again(ledger, connection, erased)
    rebuild_in(ledger, connection)
    return Span(first, copy.checkpoint.size - 1)


def _bring_body_back(
    connection: Connection, copy: LogCopy, entry: Entry, done: Recovered
) -> tuple[int, ...]:
    """Store the body of a restored entry, if the copy has it; give the entries that it erases."""
    body = None if entry.kind in PERSONAL_KINDS else copy.public_body(entry)
    if body is None:
        done.without_body += 1
        if entry.kind in TO_REPEAT:
            done.to_repeat.append((entry.index, entry.kind))
        return ()
    bodies.insert_bodies(connection, [(entry.index, None, body.salt, body.content)])
    return parse_erasure(decode(body.content)) if entry.kind == "erasure" else ()


def _appended(connection: Connection, copy: LogCopy) -> Iterator[Sequence[Entry]]:
    """Append what the database lacks of the copy; give it, bundle by bundle."""
    head = log.read_head(connection)
    for bundle in copy.bundles(head.size):
        entries: list[Entry] = []
        stored: list[log.StoredEntry] = []
        prev = head.leaf_hash
        for index, data in enumerate(bundle, head.size):
            entry = decode_entry(data)
            if (entry.index, entry.prev) != (index, prev):
                raise DamagedError(
                    f"recover: entry {index} of the copy does not follow the one before it; the "
                    "database or the copy has another history",
                    code="other-history",
                )
            prev = leaf_hash(data)
            entries.append(entry)
            stored.append(log.StoredEntry(index, prev, data))
        head = log.append_copies(connection, head, stored)
        yield entries


def _erase_again(ledger: Ledger, connection: Connection, indices: Sequence[int]) -> int:
    stored = bodies.read_bodies(connection, indices).values()
    people = {body.subject for body in stored if body.subject is not None}
    for subject in sorted(people):
        erase_stored(ledger, connection, subject)
    return len(people)


def _sign(ledger: Ledger, connection: Connection, done: Recovered) -> bytes:
    """Sign over what is there, keeping the old checkpoint file aside where it is contradicted."""
    root = read_back_all(connection)
    size = log.read_head(connection).size
    fresh = Checkpoint(ledger.origin, size, root)
    last = done.situation.last
    if last is not None and not _continues(connection, last):
        # Another disaster may lead to an entry at the same place.
        name = f"before-{done.entry}-{sha256(last.note)[:4].hex()}"
        done.kept = checkpoints.keep_aside(ledger.home, name, last.note)
    note = sign_note(fresh.format(), ledger.keyring.log_signers(ledger.clock()))
    checkpoints.write_outside(ledger.home, note)
    done.checkpoint = size
    return note


def _continues(connection: Connection, last: SignedCheckpoint) -> bool:
    size = last.checkpoint.size
    if size > log.read_head(connection).size:
        return False
    return root_hash(size, tile_reader(connection)) == last.checkpoint.root
