"""A second process that seals large batches, while this one stores what is sealed already.

It is started by the first large batch and used as soon as it is up; until then, and after any
failure of it, sealing is done here. It gets its one key through its standard input and ends when
that is closed, however this process ends.

One block is under way at a time: the next is sent when the last has come back whole, so neither end
ever waits to write while the other does. Frames are a length in eight bytes and a ``marshal``
value: both ends are this program.
"""

import fcntl
import logging
import marshal
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any, Final

from ledger.storage.sealing_work import Job, Sealed, seal_rows

ROWS_MIN: Final = 500
"""Below this many rows a second process costs more than it spares."""
BLOCK_ROWS: Final = 250
LENGTH_BYTES: Final = 8
END_SECONDS: Final = 5
PIPE_BYTES: Final = 1024 * 1024
READY: Final = "ready"

_log = logging.getLogger("ledger.sealing")
_ROOT: Final = Path(__file__).resolve().parents[2]


class SealingProcess:
    """The second process of an open ledger. Its caller holds the write lock."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._usable = _has_another_core()
        self._key = b""
        self._owner = 0
        self._up = False
        self._under_way = False

    def seal(self, vault_key: bytes, jobs: Sequence[Job]) -> Iterator[list[Sealed]]:
        """Seal ``jobs``, giving blocks of up to ``BLOCK_ROWS`` in their order.

        Where the second process does it, it has begun when this returns.
        """
        blocks = [jobs[start : start + BLOCK_ROWS] for start in range(0, len(jobs), BLOCK_ROWS)]
        if len(jobs) >= ROWS_MIN and self._is_up(vault_key):
            self._send(blocks[0])
        return self._sealed(vault_key, blocks)

    def _sealed(self, vault_key: bytes, blocks: Sequence[Sequence[Job]]) -> Iterator[list[Sealed]]:
        for place, block in enumerate(blocks):
            sealed = self._receive() if self._under_way else None
            if sealed is not None and place + 1 < len(blocks):
                self._send(blocks[place + 1])
            yield seal_rows(vault_key, block) if sealed is None else sealed

    def _is_up(self, vault_key: bytes) -> bool:
        if self._owner != os.getpid():  # a forked child leaves the process to its parent
            self._process = None
        if self._under_way or self._key != vault_key:  # a batch failed midway; a key was rotated
            self.close()
        if self._process is None and self._usable:
            self._start(vault_key)
        process = self._process
        if process is not None and not self._up and select.select([process.stdout], [], [], 0)[0]:
            self._up = self._receive() == READY
        return self._up

    def _start(self, vault_key: bytes) -> None:
        self._key, self._owner = vault_key, os.getpid()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                cwd=_ROOT,  # where it finds this package
                start_new_session=True,  # an interrupt at the terminal is for its parent alone
            )
        except OSError as error:
            self._give_up(error)
            return
        _widen(self._process.stdin)
        _widen(self._process.stdout)
        self._send(vault_key)
        self._under_way = False

    def _send(self, value: object) -> None:
        process = self._process
        try:
            if process is not None:
                _write_frame(process.stdin, value)
                self._under_way = True
        except OSError as error:
            self._give_up(error)

    def _receive(self) -> Any:  # noqa: ANN401 - whatever the other end sent
        self._under_way = False
        process = self._process
        try:
            return None if process is None else _read_frame(process.stdout)
        except (EOFError, OSError, ValueError, TypeError) as error:
            self._give_up(error)
            return None

    def _give_up(self, error: Exception) -> None:
        _log.warning("the sealing process failed (%s); sealing goes on here", type(error).__name__)
        self._usable = False
        self.close()

    def close(self) -> None:
        """End the second process."""
        process, self._process = self._process, None
        self._up = self._under_way = False
        if process is None or self._owner != os.getpid():
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _has_another_core() -> bool:
    # Under some servers the executable is theirs, which would not know what to do.
    is_python = Path(sys.executable or "").name.startswith("python")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return is_python and (cores or 1) > 1


def _widen(pipe: Any) -> None:  # noqa: ANN401 - a raw pipe
    # A block that fits goes over in one piece; where that is not allowed it takes longer.
    with suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _write_frame(pipe: Any, value: object) -> None:  # noqa: ANN401 - a raw pipe
    data = marshal.dumps(value)
    rest = memoryview(len(data).to_bytes(LENGTH_BYTES, "big") + data)
    while rest:
        rest = rest[pipe.write(rest) :]


def _read_frame(pipe: Any) -> Any:  # noqa: ANN401 - a raw pipe, and whatever was sent
    length = int.from_bytes(_read(pipe, LENGTH_BYTES), "big")
    return marshal.loads(_read(pipe, length))  # noqa: S302 - from ourselves


def _read(pipe: Any, count: int) -> bytearray:  # noqa: ANN401 - a raw pipe
    data = bytearray(count)
    rest = memoryview(data)
    while rest:
        got = pipe.readinto(rest)
        if not got:
            raise EOFError
        rest = rest[got:]
    return data


def main() -> None:
    """Be the second process: seal what comes in until it is closed."""
    incoming, outgoing = FileIO(0), FileIO(1, "w")
    try:
        vault_key = _read_frame(incoming)
        _write_frame(outgoing, READY)
        while True:
            _write_frame(outgoing, seal_rows(vault_key, _read_frame(incoming)))
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
