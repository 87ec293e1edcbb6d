"""What waits to be written, handed from one process of a machine to another.

Who finds the write lock taken lays what it wants written into a slot of its own, and waits for its
bell to ring. Who holds the lock takes it into its own transaction, lays the answer into the slot
and rings. So many processes share a transaction as the threads of one do. Bells are a courtesy:
nobody relies on being rung for.

    FREE      nothing is asked
    WAITING   a content, to be written by who has the lock next
    TAKEN     somebody began to write it; an answer that is there holds if the log has its entries
    WRITTEN   the answer holds

A slot is a file that its owner keeps locked while it lives, mapped into memory by all, so contents
come sealed; its bell is a named pipe beside it. Slots of the dead are overwritten and taken away
unread.
"""

import fcntl
import mmap
import os
import select
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

FOLDER: Final = "handover"
BELL_SUFFIX: Final = ".bell"
SLOT_BYTES: Final = 131_072
FREE, WAITING, TAKEN, WRITTEN = range(4)

_HEADER_BYTES: Final = 8
_LENGTH: Final = slice(4, _HEADER_BYTES)
_RINGS_MAX: Final = 4_096
CONTENT_BYTES_MAX: Final = SLOT_BYTES - _HEADER_BYTES


class Slot:
    """A slot in memory: the state, the content's length, the content."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, SLOT_BYTES)
        # Opened for both, a pipe needs no other end, and is never at its end.
        flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
        self._bell = os.open(_bell(path), flags)
        self._listening = select.poll()
        self._listening.register(self._bell, select.POLLIN)

    @property
    def state(self) -> int:
        """How far it is: ``FREE``, ``WAITING``, ``TAKEN`` or ``WRITTEN``."""
        return self._memory[0]

    def read(self) -> bytes:
        """Give the content; empty if there is none."""
        length = int.from_bytes(self._memory[_LENGTH], "little")
        return self._memory[_HEADER_BYTES : _HEADER_BYTES + min(length, CONTENT_BYTES_MAX)]

    def put(self, state: int, content: bytes = b"") -> None:
        """Replace the content, of which nothing stays, then the state."""
        before = int.from_bytes(self._memory[_LENGTH], "little")
        if before:
            stop = _HEADER_BYTES + min(before, CONTENT_BYTES_MAX)
            self._memory[_HEADER_BYTES:stop] = bytes(stop - _HEADER_BYTES)
        self._memory[_HEADER_BYTES : _HEADER_BYTES + len(content)] = content
        self._memory[_LENGTH] = len(content).to_bytes(4, "little")
        self._memory[0] = state

    def mark(self, state: int) -> None:
        """Set the state alone."""
        self._memory[0] = state

    def ring(self) -> None:
        """Wake the owner, if it listens."""
        with suppress(BlockingIOError):  # full of rings that nobody heard
            os.write(self._bell, b"\0")

    def listen(self, seconds_max: float) -> None:
        """Wait until somebody rings, for a while."""
        if self._listening.poll(seconds_max * 1000):
            with suppress(BlockingIOError):
                os.read(self._bell, _RINGS_MAX)

    def close(self) -> None:
        """Let go of it; the owner's lock ends."""
        self._memory.close()
        os.close(self._bell)
        os.close(self._descriptor)


class Handover:
    """The slots of one ledger's processes on one machine, as one of these processes has them.

    ``offer``, ``listen``, ``answer`` and ``withdraw`` are for one thread at a time, ``take`` and
    ``waiting`` for the one that holds the write lock.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._own: Slot | None = None
        self._owner = 0
        self._others: dict[str, Slot] = {}

    def offer(self, content: bytes) -> bool:
        """Lay a content into the own slot; tell whether it fits and there is a slot."""
        if len(content) > CONTENT_BYTES_MAX:
            return False
        if self._own is None or self._owner != os.getpid():  # a forked child needs its own
            try:
                self._own, self._owner = self._make(), os.getpid()
            except OSError:  # no room for a slot is no reason not to write
                return False
        self._own.put(WAITING, content)
        return True

    def listen(self, seconds_max: float) -> None:
        """Wait until somebody rings for this process, for a while."""
        if self._own is not None:
            self._own.listen(seconds_max)

    def answer(self) -> tuple[int, bytes]:
        """Give the state of what was offered, and the answer; empty if there is none yet."""
        if self._own is None or self._own.state not in {TAKEN, WRITTEN}:
            return FREE, b""
        return self._own.state, self._own.read()

    def withdraw(self) -> bool:
        """Empty the own slot; tell whether nobody had begun to write what was in it."""
        if self._own is None:
            return True
        with self._exclusively():
            untouched = self._own.state in {FREE, WAITING}
            self._own.put(FREE)
        return untouched

    def take(self) -> list[tuple[Slot, bytes]]:
        """Take what others wait to have written: their slots, emptied, with the contents."""
        if self.waiting() is None:
            return []
        taken = []
        with self._exclusively():
            for slot in self._others.values():
                # Of a process that died meanwhile nobody knows any more what it wanted.
                if slot.state == WAITING and not _drop_if_dead(slot.path):
                    taken.append((slot, slot.read()))
                    slot.put(TAKEN)
        return taken

    def waiting(self) -> Slot | None:
        """Give the slot of another that waits."""
        self._look_around()
        return next((slot for slot in self._others.values() if slot.state == WAITING), None)

    def forget_dead(self) -> None:
        """Take away what processes that died have left."""
        for name in self._names():
            _drop_if_dead(self._folder / name)

    def close(self) -> None:
        """Give up the own slot, and let go of the others'."""
        if self._own is not None and self._owner == os.getpid():
            self._own.put(FREE)
            _remove(self._own.path)
            self._own.close()
        self._own = None
        for slot in self._others.values():
            slot.close()
        self._others = {}

    def _make(self) -> Slot:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with self._exclusively():  # nobody takes it for one of the dead before it is locked
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=f"{os.getpid()}-")
            path = Path(name)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                # All its blocks now: on a full disk memory over a hole would end the process.
                os.posix_fallocate(descriptor, 0, SLOT_BYTES)
                os.mkfifo(_bell(path), 0o600)
                return Slot(path, descriptor)
            except OSError:
                os.close(descriptor)
                _remove(path)
                raise

    def _names(self) -> set[str]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - asked at each commit
        except FileNotFoundError:
            return set()
        return {name for name in names if not name.endswith(BELL_SUFFIX)}

    def _look_around(self) -> None:
        """Map the slots that came since the last look; let go of those that went."""
        names = self._names()
        if self._own is not None:
            names.discard(self._own.path.name)
        if names == self._others.keys():
            return
        for name in self._others.keys() - names:
            self._others.pop(name).close()
        with self._exclusively():
            for name in names - self._others.keys():
                slot = _living(self._folder / name)
                if slot is not None:
                    self._others[name] = slot

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _living(path: Path) -> Slot | None:
    """Map another's slot; None, and the file goes, if its owner is dead."""
    if _drop_if_dead(path):
        return None
    with suppress(FileNotFoundError):
        return Slot(path, os.open(path, os.O_RDWR | os.O_CLOEXEC))
    return None


def _drop_if_dead(path: Path) -> bool:
    """Empty and remove a slot whose owner is dead; tell whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        # What is only unlinked can be read from the disk for a while.
        os.pwrite(descriptor, bytes(SLOT_BYTES), 0)
        _remove(path)
        return True
    finally:
        os.close(descriptor)


def _bell(path: Path) -> Path:
    return path.with_suffix(BELL_SUFFIX)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _bell(path).unlink(missing_ok=True)
