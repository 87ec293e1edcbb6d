"""The committer: what waits to be written in this process is written together.

There is no thread and no timer for it. Whoever comes while nobody commits takes the lead: takes
what waits, in the order in which it came, and has it written in one transaction. Whoever comes
meanwhile waits, and the first of them leads the next round. So a lone writer waits for nobody, and
under load each round is as large as what came during the last.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from ledger.errors import UnavailableError

WAITING_MAX: Final = 1_000
"""Requests that may wait in one process; whoever comes then is told to come later."""
ROUND_COMMANDS_MAX: Final = 1_000

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Request(Generic[T]):
    """Something that waits to be written, and what became of it.

    Attributes:
        commands: How many commands it has; one with none shares its round with nobody.
        key: What no two requests of one round may have in common; None for nothing.
        answer: Set when it was written.
        error: Set when it was not.
    """

    commands: int
    key: Hashable | None
    answer: T | None = None
    error: BaseException | None = None
    leads: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._turn.acquire()

    @property
    def settled(self) -> bool:
        """Whether it was written, or cannot be."""
        return self.answer is not None or self.error is not None

    def wait(self) -> None:
        """Wait until it is settled, or its caller is to lead."""
        self._turn.acquire()

    def wake(self) -> None:
        """End the wait."""
        self._turn.release()


class Committer(Generic[T]):
    """The writes of one process, one round after the other."""

    def __init__(
        self, waiting_max: int = WAITING_MAX, round_commands_max: int = ROUND_COMMANDS_MAX
    ) -> None:
        self._waiting_max = waiting_max
        self._round_commands_max = round_commands_max
        self._waiting: deque[Request[T]] = deque()
        self._guard = threading.Lock()
        self._led = False

    def submit(self, request: Request[T], settle: Callable[[Sequence[Request[T]]], None]) -> T:
        """Have a request written and give its answer.

        Args:
            request: A new one.
            settle: Writes the requests of a round, and sets answer or error of each.

        Raises:
            UnavailableError: Too many are waiting (``busy``).
            Exception: The request's error.
        """
        if not self._enter(request):
            try:
                request.wait()
            except BaseException:  # a signal: nobody waits here any more
                self._leave(request)
                raise
        if not request.settled:
            # It leads, and so it is the first that waits.
            taken = self._take()
            try:
                settle(taken)
            except BaseException:  # a signal: what it had answered may not be committed
                for each in taken:
                    each.answer = None
                raise
            finally:
                self._finish(taken)
        if request.error is not None:
            raise request.error
        if request.answer is None:
            raise _unsettled()
        return request.answer

    def _enter(self, request: Request[T]) -> bool:
        """Queue a request; tell whether its caller leads."""
        with self._guard:
            if len(self._waiting) >= self._waiting_max:
                raise UnavailableError(
                    f"{len(self._waiting)} writes are waiting already; try again in a moment",
                    code="busy",
                )
            self._waiting.append(request)
            request.leads, self._led = not self._led, True
            return request.leads

    def _leave(self, request: Request[T]) -> None:
        with self._guard:
            if not request.leads:
                if request in self._waiting:
                    self._waiting.remove(request)
                return
            self._waiting.remove(request)
            self._pass_on()

    def _take(self) -> list[Request[T]]:
        """Take the first that waits, and those behind it that can share its round."""
        with self._guard:
            first = self._waiting.popleft()
            taken, commands, keys = [first], first.commands, {first.key}
            while first.commands and self._waiting:
                following = self._waiting[0]
                commands += following.commands
                shared = following.key is not None and following.key in keys
                if not following.commands or shared or commands > self._round_commands_max:
                    break
                keys.add(following.key)
                taken.append(self._waiting.popleft())
            return taken

    def _finish(self, taken: Sequence[Request[T]]) -> None:
        with self._guard:
            self._pass_on()
        for request in taken:
            if not request.settled:  # the leader was interrupted
                request.error = _unsettled()
            request.wake()

    def _pass_on(self) -> None:
        """Let the first that waits lead."""
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].wake()
        else:
            self._led = False


def _unsettled() -> UnavailableError:
    return UnavailableError(
        "the write was broken off; what was sent may or may not be recorded: send it again under "
        "the same key",
        code="outcome-unknown",
    )
