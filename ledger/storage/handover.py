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

No write may fail or wait because of a slot: what stands in the way here is passed over, and whoever
is passed over writes for itself.
"""

import fcntl
import mmap
import os
import select
import tempfile
import time
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
_FORGETTING_SECONDS_MAX: Final = 2.0
_ASKED_AGAIN_SECONDS: Final = 0.01
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

    @property
    def there(self) -> bool:
        """Whether others can find it."""
        return os.fstat(self._descriptor).st_nlink > 0

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
        # A forked child needs its own; one that was taken away is found by nobody.
        if self._own is not None and (self._owner != os.getpid() or not self._own.there):
            self._own.close()
            self._own = None
        if self._own is None:
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
        """Empty the own slot; tell whether it is sure that nobody had begun to write it."""
        own = self._own
        if own is None:
            return True
        if own.state != WAITING:
            untouched = own.state == FREE
            own.put(FREE)
            return untouched
        with self._exclusively() as alone:
            untouched = alone and own.state == WAITING
            own.put(FREE)
        return untouched

    def take(self) -> list[tuple[Slot, bytes]]:
        """Take what others wait to have written: their slots, emptied, with the contents."""
        if self.waiting() is None:
            return []
        taken = []
        with self._exclusively() as alone:
            for slot in self._others.values() if alone else ():
                # Of a process that died meanwhile nobody knows any more what it wanted.
                if slot.state == WAITING and _is_living(slot.path):
                    taken.append((slot, slot.read()))
                    slot.put(TAKEN)
        return taken

    def waiting(self) -> Slot | None:
        """Give the slot of another that waits."""
        self._look_around()
        return next((slot for slot in self._others.values() if slot.state == WAITING), None)

    def forget_dead(self) -> bool:
        """Take away what processes that died have left; tell whether nothing of them stays."""
        if not self._folder.exists():
            return True
        with self._exclusively(_FORGETTING_SECONDS_MAX) as alone:
            try:
                return alone and all(
                    _is_living(path) or not path.exists() for path in self._paths().values()
                )
            except OSError:
                return False

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
        # Alone, so that nobody takes it for one of the dead before it is locked.
        with self._exclusively() as alone:
            if not alone:
                raise BlockingIOError
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

    def _paths(self) -> dict[str, Path]:
        names = os.listdir(self._folder)  # noqa: PTH208 - asked at each commit
        return {name: self._folder / name for name in names if not name.endswith(BELL_SUFFIX)}

    def _look_around(self) -> None:
        """Map the slots that came since the last look; let go of those that went."""
        try:
            paths = self._paths()
        except OSError:  # there is no folder, or it is another user's
            paths = {}
        if self._own is not None:
            paths.pop(self._own.path.name, None)
        if paths.keys() == self._others.keys():
            return
        for name in self._others.keys() - paths.keys():
            self._others.pop(name).close()
        with self._exclusively() as alone:
            for name in paths.keys() - self._others.keys() if alone else ():
                slot = _mapped(paths[name])
                if slot is not None:
                    self._others[name] = slot

    @contextmanager
    def _exclusively(self, seconds_max: float = 0.0) -> Iterator[bool]:
        """Keep others from making, taking and removing; tell whether that could be had.

        Who has it may be stopped for long, so it is not waited for where a write would wait too.
        """
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            yield False
            return
        try:
            yield _locked(descriptor, seconds_max)
        finally:
            os.close(descriptor)


def _locked(descriptor: int, seconds_max: float) -> bool:
    """Lock what is open, if others let go of it in time; tell whether."""
    deadline = time.monotonic() + seconds_max
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
        except OSError:  # a file system without such locks
            return False
        else:
            return True
        time.sleep(_ASKED_AGAIN_SECONDS)


def _mapped(path: Path) -> Slot | None:
    """Map another's slot; None if its owner is dead, or it is none that can be mapped."""
    if not _is_living(path):
        return None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return Slot(path, descriptor)
    except (OSError, ValueError):  # its bell is missing, or it is too short
        os.close(descriptor)
        return None


def _is_living(path: Path) -> bool:
    """Tell whether the owner of a slot lives; if it is dead, the slot is emptied and removed."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # What is only unlinked can be read from the disk for a while.
        os.pwrite(descriptor, bytes(SLOT_BYTES), 0)
        _remove(path)
    except BlockingIOError:
        return True
    except OSError:  # no slot at all, or no room to overwrite it
        return False
    finally:
        os.close(descriptor)
    return False


def _bell(path: Path) -> Path:
    return path.with_suffix(BELL_SUFFIX)


def _remove(path: Path) -> None:
    # A bell alone would be found by nobody.
    _bell(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
