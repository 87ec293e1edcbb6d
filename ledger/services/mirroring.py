"""The mirror: follow a log from outside, check everything, keep a copy that can be served.

No ledger is needed where it runs. A round takes the log's newest checkpoint, proves that it
continues the one that is held, and checks each new tile and entry down from the signed root before
it is kept. The held checkpoint is replaced last, so a mirror that dies goes on where it was.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from ledger.core.canonical import BYTES_MAX
from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import sha256
from ledger.core.entry import Entry
from ledger.core.key_history import decode_key_history
from ledger.core.key_list import KeyList, decode_key_list
from ledger.core.note import NOTE_BYTES_MAX
from ledger.core.tile import TILE_WIDTH, encode_bundle, tile_path, tiles_between
from ledger.errors import (
    DamagedError,
    LedgerError,
    NotFoundError,
    UnavailableError,
    VerificationError,
)
from ledger.services.context import Clock, system_clock
from ledger.services.log_sources import FolderSource, LogSource
from ledger.storage.log_files import CHECKPOINT, KEY_HISTORY, KEY_LIST, LogFolder
from ledger.verify.key_trust import check_period, checkpoint_signers
from ledger.verify.log_copy import CheckedLog, EntryChain, chain_at
from ledger.verify.log_keys import followed_keys, opened_bodies

EVIDENCE: Final = "evidence"
PINNED: Final = ".pinned.json"
"""The key list that was named, beside the one that the log has made of it since."""

_NAME_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a round did.

    Attributes:
        checkpoint: The checkpoint that is held now.
        old_size: Size of the one before.
        trust: The key list that is believed now.
        first_use: True if nobody vouched for the key list: it was taken from the log itself.
    """

    checkpoint: Checkpoint
    old_size: int
    trust: KeyList
    first_use: bool


@dataclass(slots=True)
class Mirror:
    """A copy of one log in a folder, and where the log is.

    Attributes:
        source: Where the log is read.
        folder: Where the copy is.
        trust: The key list that its owner got from the authority; None to go on with the one that
            is held, or in an empty folder to believe the log's own, once.
        clock: Now, in milliseconds since 1970, UTC.
        expect: Told how many entries a round will read.
        advance: Told each time how many were read.
    """

    source: LogSource
    folder: LogFolder
    trust: KeyList | None = None
    clock: Clock = system_clock
    expect: Callable[[int], None] = field(default=lambda _total: None)
    advance: Callable[[int], None] = field(default=lambda _count: None)

    def follow(self) -> Mirrored:
        """Do one round.

        Raises:
            VerificationError: The log forked or went back (both notes are kept as evidence), or a
                signature, tile, bundle, entry or key is wrong.
            MalformedError: An answer is not in its form.
            UnavailableError: The log cannot be had now, or not whole.
            DamagedError: The copy itself is not sound.
        """
        with self.folder.held():
            try:
                return self._follow()
            except NotFoundError as error:
                raise UnavailableError(
                    f"{error.message}; a log must serve it", code="log-incomplete"
                ) from error

    def _follow(self) -> Mirrored:
        trust, first_use = self._believed()
        held = self._held(trust)
        note = self.source.fetch(CHECKPOINT, NOTE_BYTES_MAX)
        newest = _open(note, trust)
        old_size = 0 if held is None else held.size
        if held is not None:
            self._check_goes_on(held, newest, note)
        log = CheckedLog(newest, FolderSource(self.folder).fetch, self.source.fetch)
        if held is not None and log.root_at(old_size) != held.root:
            raise self._forked(note, f"it does not continue the {old_size} entries that are held")
        chain = chain_at(log, old_size)
        self.expect(newest.size - old_size)
        self.folder.begin(newest.size, old_size)
        trust = self._follow_keys(trust, self._keep(log, chain, old_size))
        _check_signers(note, trust, chain.time_ms, self.clock())
        self._keep_file(KEY_LIST, trust.encode())
        if self.trust is not None:
            self._keep_file(PINNED, self.trust.encode())
        if not self.folder.has(CHECKPOINT, note):
            self.folder.publish(note)
        return Mirrored(newest, old_size, trust, first_use)

    def _believed(self) -> tuple[KeyList, bool]:
        """Give the key list to go by, and whether it is the log's own word.

        What was learned from the log by way of a key list is believed as long as that list is.
        """
        if self.trust is not None and not self.folder.has(PINNED, self.trust.encode()):
            return self.trust, False
        with suppress(NotFoundError):
            return decode_key_list(self.folder.read(KEY_LIST)), False
        return decode_key_list(self.source.fetch_beside(KEY_LIST, BYTES_MAX)), True

    def _held(self, trust: KeyList) -> Checkpoint | None:
        try:
            note = self.folder.read(CHECKPOINT)
        except NotFoundError:
            return None
        try:
            return open_checkpoint(note, trust.origin, trust.every_log_verifier_key())
        except LedgerError as error:
            raise DamagedError(
                f"{self.folder.path / CHECKPOINT}: not of this log ({error.message}); name another "
                "folder, or the right keys with --trust",
                code="copy-differs",
            ) from error

    def _check_goes_on(self, held: Checkpoint, newest: Checkpoint, note: bytes) -> None:
        if newest.size == held.size and newest.root != held.root:
            raise self._forked(note, f"it has another root for the {held.size} entries held")
        if newest.size < held.size:
            copy = CheckedLog(held, FolderSource(self.folder).fetch)
            if copy.root_at(newest.size) != newest.root:
                raise self._forked(note, f"its {newest.size} entries are not the first of those")
            self._keep_evidence(note)
            raise VerificationError(
                f"log: it shows {newest.size} entries, but had signed {held.size} before; entries "
                f"were taken back, or an old copy is served. Both notes are in "
                f"{self.folder.path / EVIDENCE}",
                code="log-went-back",
            )

    def _forked(self, note: bytes, what: str) -> VerificationError:
        self._keep_evidence(note)
        return VerificationError(
            f"log: FORKED: {what}. The log signed two histories; both notes are in "
            f"{self.folder.path / EVIDENCE}: show them to others",
            code="log-forked",
        )

    def _keep_evidence(self, note: bytes) -> None:
        for one in (note, self.folder.read(CHECKPOINT)):
            # Named by what it holds, so that seeing it again adds nothing.
            name = f"{EVIDENCE}/{sha256(one).hex()[:_NAME_DIGITS]}.note"
            if not self.folder.has(name, one):
                self.folder.replace(name, one)
        self.folder.sync()

    def _keep(self, log: CheckedLog, chain: EntryChain, old_size: int) -> list[Entry]:
        """Keep every new file, entries checked first; give the ``key`` entries among them."""
        seen: list[Entry] = []
        for level, n, width in tiles_between(old_size, log.checkpoint.size):
            if level == 0:
                bundle = log.bundle(n)
                new = [chain.check(data) for data in bundle[chain.size - n * TILE_WIDTH :]]
                seen += [entry for entry in new if entry.kind == "key"]
                self._keep_file(tile_path("entries", n, width), encode_bundle(bundle))
                self.advance(len(new))
            self._keep_file(tile_path(level, n, width), log.tile(level, n))
        return seen

    def _keep_file(self, name: str, data: bytes) -> None:
        # What an earlier round left lies beyond the held checkpoint: nobody relies on it.
        if not self.folder.has(name, data):
            self.folder.replace(name, data)

    def _follow_keys(self, trust: KeyList, seen: list[Entry]) -> KeyList:
        if not seen:
            return trust
        history = self.source.fetch_beside(KEY_HISTORY, BYTES_MAX)
        followed = followed_keys(trust, opened_bodies(seen, decode_key_history(history)))
        self._keep_file(KEY_HISTORY, history)
        return followed


def _open(note: bytes, trust: KeyList) -> Checkpoint:
    try:
        return open_checkpoint(note, trust.origin, trust.log_verifier_keys())
    except VerificationError as error:
        if error.code != "no-known-signature":
            raise
        raise VerificationError(
            f"{error.message}; if the log changed its key and the mirror was not there while old "
            "and new key both signed, get keys.json from the authority anew and name it with "
            "--trust",
            code=error.code,
        ) from error


def _check_signers(note: bytes, trust: KeyList, newest_ms: int, now_ms: int) -> None:
    """Check that a key signed the checkpoint while it was valid.

    A checkpoint bears no time: it was signed after its newest entry and before now.
    """
    refusal = VerificationError("checkpoint: no known key", code="no-known-signature")
    for key in checkpoint_signers(note, trust):
        try:
            # Entries never go back in time, so that their times may run ahead of a clock.
            check_period(key, newest_ms, max(newest_ms, now_ms))
        except VerificationError as error:
            refusal = error
        else:
            return
    raise refusal
