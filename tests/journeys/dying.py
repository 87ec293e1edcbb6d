"""A process that is killed with kill -9 at its n-th step, whatever it is doing there.

A step is a file that is opened for writing, a name that is made, changed or deleted, a statement
that goes to the database, or a commit. The process is a fork of this one, so that a test can afford
every step of a command.
"""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Engine, event

NAMING = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link"}
WRITING = os.O_WRONLY | os.O_RDWR
STEPS_MAX = 2_000
FAILED = 3


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a process that is killed before its n-th step; tell whether it got there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of newer versions: the fork uses no other thread
        child = os.fork()
    if child == 0:
        _work_until(step, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "it failed before it was killed"
    return False


def every_step(work: Callable[[], object], stride: int) -> Iterator[int]:
    """Kill ``work`` at its first step, at each ``stride``-th after, and at last let it end.

    Gives each step when the process is dead; the caller checks what it left.
    """
    for step in range(1, STEPS_MAX, stride):
        died = killed_at(step, work)
        yield step
        if not died:
            return
    raise AssertionError("it never ends")


def _work_until(step: int, work: Callable[[], object]) -> None:
    left = step
    ours = threading.get_ident()

    def count(*_told: object) -> None:
        nonlocal left
        if threading.get_ident() == ours:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def listen(name: str, arguments: tuple[Any, ...]) -> None:
        if name in NAMING or (name == "open" and (arguments[2] or 0) & WRITING):
            count()

    try:
        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        sys.addaudithook(listen)
        work()
    except BaseException:  # noqa: BLE001 - a fork must never come back into the test
        os._exit(FAILED)
    os._exit(0)
