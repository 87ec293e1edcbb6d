"""What the killed processes do. Each says a byte when it is ready and waits for one to begin.

What is to be killed next gets its program here, and a row in test_kill.py or test_killed_work.py.
"""

import ctypes
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson
from sqlalchemy import event

from ledger.errors import LedgerError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger, open_ledger
from ledger.services.opening import initialise, migrate
from ledger.services.settings import Settings
from tests.torture import appending

BATCHES_A_CHECKPOINT = 4
SECONDS_MAX = 60
PR_SET_PTRACER = 0x59616D61
ANY_TRACER = ctypes.c_ulong(-1)


def _wait_for_the_word() -> None:
    os.write(1, b"r")
    os.read(0, 1)


def _opened(home: str) -> Ledger:
    return open_ledger(Settings(home=Path(home)))


def append(home: str, issuer: str, answers: str, run: str) -> None:
    """Post batches, write each answer down, sign now and then; say a byte before each COMMIT."""
    ledger = _opened(home)
    event.listen(ledger.engine, "commit", lambda _connection: os.write(1, b"c"))
    _wait_for_the_word()
    with Path(answers).open("ab") as file:
        for number in range(appending.BATCHES_MAX):
            answer = appending.answer_of(appending.post(ledger, issuer, int(run), number))
            appending.write_down(file, answer)
            if number % BATCHES_A_CHECKPOINT == 0:
                sign_checkpoint(ledger)
    time.sleep(SECONDS_MAX)


def sign(home: str, issuer: str, answers: str, run: str) -> None:
    """Post a batch and sign, again and again; say a byte before each signature."""
    ledger = _opened(home)
    _wait_for_the_word()
    with Path(answers).open("ab") as file:
        for number in range(appending.BATCHES_MAX):
            appending.post(ledger, issuer, int(run), number)
            os.write(1, b"c")
            signed = sign_checkpoint(ledger).checkpoint
            appending.write_down(file, [signed.size, signed.root.hex()])
    time.sleep(SECONDS_MAX)


def make(home: str) -> None:
    """Make a ledger, or go on where an earlier one was killed."""
    _wait_for_the_word()
    initialise(Settings(home=Path(home))).close()


def bring_up(home: str) -> None:
    """Bring the database to the newest migration."""
    _wait_for_the_word()
    migrate(Settings(home=Path(home)))


def _let_trace() -> None:
    """Let a process trace this one that is not its parent, where the kernel asks for that."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY_TRACER, 0, 0, 0)


def wait() -> None:
    """Do nothing, for whoever wants to know whether it can be traced."""
    _let_trace()
    _wait_for_the_word()


def take_steps(home: str, issuer: str) -> None:
    """Post, sign, post, sign, close, whatever became of the step before; say what each gave."""
    ledger = _opened(home)
    wait()
    for step in (
        lambda: appending.answer_of(appending.post(ledger, issuer, 0, 0)),
        lambda: sign_checkpoint(ledger).checkpoint.size,
        lambda: appending.answer_of(appending.post(ledger, issuer, 0, 1)),
        lambda: sign_checkpoint(ledger).checkpoint.size,
        ledger.close,
    ):
        said: dict[str, object]
        try:
            said = {"answer": step()}
        except LedgerError as error:
            said = {"refused": error.code}
        except Exception as error:  # noqa: BLE001 - told, and held against what may happen
            said = {"broke": repr(error)}
        os.write(1, orjson.dumps(said) + b"\n")


PROGRAMS: Final[Mapping[str, Callable[..., None]]] = MappingProxyType(
    {f.__name__: f for f in (append, sign, make, bring_up, wait, take_steps)}
)
