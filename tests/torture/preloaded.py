"""Processes that begin within milliseconds: forked from one that has imported the ledger.

``python -m tests.torture.preloaded DESCRIPTOR`` is that one. Each message on the socket DESCRIPTOR
is JSON: ``["start", program, arguments]``, with two pipe ends that become the child's standard
input and output, answered by its process id; ``["kill", id]`` or ``["wait", id]``, answered by its
status when it is dead. Only the parent reaps, so that an id is never another process's.
"""

import os
import signal
import socket
import subprocess
import sys
import traceback
from contextlib import ExitStack
from typing import Any, NoReturn, Self

import orjson

from tests.journeys.command_line import ROOT
from tests.torture.programs import PROGRAMS

MESSAGE_BYTES_MAX = 65_536
KILLED = -signal.SIGKILL


class Child:
    """A process that was started, and the two pipes to it."""

    def __init__(self, parent: "Preloaded", program: str, arguments: tuple[object, ...]) -> None:
        self._parent = parent
        child_in, self.input = os.pipe()
        self.output, child_out = os.pipe()
        self.status: int | None = None
        self.pid = parent.ask(["start", program, [str(a) for a in arguments]], child_in, child_out)
        os.close(child_in)
        os.close(child_out)

    def hear(self, count: int = 1) -> bytes:
        """Wait until it says something; nothing if it is dead."""
        return os.read(self.output, count)

    def hear_all(self) -> bytes:
        """Give all that it says until it ends."""
        return b"".join(iter(lambda: os.read(self.output, MESSAGE_BYTES_MAX), b""))

    def say(self) -> None:
        """Let it go on from where it waits."""
        os.write(self.input, b"g")

    def kill(self) -> int:
        """Send SIGKILL and wait until it is dead; what it held is the kernel's to give back."""
        return self._end("kill")

    def wait(self) -> int:
        """Wait until it ends by itself; give its status, negative for a signal."""
        return self._end("wait")

    def _end(self, how: str) -> int:
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(self._parent.ask([how, self.pid]))
            os.close(self.input)
            os.close(self.output)
        return self.status


class Preloaded:
    """The process to fork from. What it started and nobody ended dies with it."""

    def __enter__(self) -> Self:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.preloaded", str(theirs.fileno())],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        return self

    def __exit__(self, *_told: object) -> None:
        self._door.close()
        self._process.wait()

    def start(self, program: str, *arguments: object) -> Child:
        """Fork a process that runs a program of ``programs``."""
        return Child(self, program, arguments)

    def ask(self, message: list[Any], *descriptors: int) -> int:
        """Send a message and give the answer."""
        socket.send_fds(self._door, [orjson.dumps(message)], descriptors)
        return int(orjson.loads(self._door.recv(MESSAGE_BYTES_MAX)))


def _run(program: str, arguments: list[str], descriptors: list[int]) -> NoReturn:
    status = 1
    try:
        for standard, descriptor in enumerate(descriptors):
            os.dup2(descriptor, standard)
            os.close(descriptor)
        PROGRAMS[program](*arguments)
        status = 0
    except BaseException:  # noqa: BLE001 - the child ends here whatever it was
        traceback.print_exc()
    finally:
        os._exit(status)


def _fork(door: socket.socket, program: str, arguments: list[str], ends: list[int]) -> int:
    pid = os.fork()
    if not pid:
        door.close()
        _run(program, arguments, ends)
    for descriptor in ends:
        os.close(descriptor)
    return pid


def main(descriptor: str) -> None:
    """Fork, kill and reap as told, until nobody can tell any more."""
    living: set[int] = set()
    with socket.socket(fileno=int(descriptor)) as door, ExitStack() as stack:
        stack.callback(lambda: [os.kill(pid, signal.SIGKILL) for pid in living])
        while True:
            message, ends, _, _ = socket.recv_fds(door, MESSAGE_BYTES_MAX, 2)
            if not message:
                return
            what, first, *rest = orjson.loads(message)
            if what == "start":
                answer = _fork(door, first, rest[0], ends)
                living.add(answer)
            else:
                if what == "kill":
                    os.kill(first, signal.SIGKILL)
                answer = os.waitpid(first, 0)[1]
                living.discard(first)
            door.send(orjson.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
