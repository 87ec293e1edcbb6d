"""Who does the work of an audit: this process alone, or children beside it.

A child opens database and keys from the data folder: no connection of this process goes with it. It
is forked where this process has one thread, so that nobody else holds a lock in it, for that costs
nothing; else it is spawned, and imports for a third of a second what it needs. One that dies makes
the audit fail; none outlives this process, however that ends.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, connection, get_context, parent_process
from multiprocessing.util import Finalize
from typing import Final, Protocol

from ledger.errors import UnavailableError
from ledger.services.audit_beside import BESIDE, audit_beside
from ledger.services.audit_report import Finding
from ledger.services.context import Ledger, open_ledger, spare_collector
from ledger.services.settings import Settings
from ledger.services.span_audit import Depth, SpanAudit, SpanSeen

Span = tuple[int, int]
# Spans that a child has before it: enough that it is never idle.
BEGUN: Final = 2
LAST: Final = -1_000
# Spans that wait for one before them: few enough that memory stays flat.
AHEAD: Final = 32


class Workers(Protocol):
    """Does the parts of an audit that need no other part."""

    def spans(self, spans: Iterable[Span]) -> Iterator[SpanSeen]:
        """Audit spans, and give what was seen of each, in their order."""

    def beside(self) -> list[Finding]:
        """Give what was found beside the log; ``spans`` comes first."""


class _Alone:
    """This process does it all, in turn."""

    def __init__(self, ledger: Ledger, depth: Depth) -> None:
        self._ledger = ledger
        self._audit = SpanAudit(ledger, depth)
        self._names = tuple(BESIDE) if depth is Depth.EVERYTHING else ()

    def spans(self, spans: Iterable[Span]) -> Iterator[SpanSeen]:
        return (self._audit.audit(*span) for span in spans)

    def beside(self) -> list[Finding]:
        return [finding for name in self._names for finding in audit_beside(self._ledger, name)]


class _Shared:
    """Children do what they can; this process does spans too while it would wait for them."""

    def __init__(
        self, ledger: Ledger, pool: ProcessPoolExecutor, children: int, depth: Depth
    ) -> None:
        self._pool = pool
        self._begun_max = BEGUN * children
        self._audit = SpanAudit(ledger, depth)
        names = tuple(BESIDE) if depth is Depth.EVERYTHING else ()
        self._beside = [pool.submit(_audit_beside, name) for name in names]

    def spans(self, spans: Iterable[Span]) -> Iterator[SpanSeen]:
        # Nothing is taken back from a child: a pool of which a child dies does not outlive that.
        waiting: deque[Future[SpanSeen]] = deque()
        for span in spans:
            while waiting and (waiting[0].done() or len(waiting) >= AHEAD):
                yield waiting.popleft().result()
            if sum(not each.done() for each in waiting) < self._begun_max:
                waiting.append(self._pool.submit(_audit_span, span))
            else:
                waiting.append(_done(self._audit.audit(*span)))
        while waiting:
            yield waiting.popleft().result()

    def beside(self) -> list[Finding]:
        return [finding for each in self._beside for finding in each.result()]


def _done(seen: SpanSeen) -> Future[SpanSeen]:
    future: Future[SpanSeen] = Future()
    future.set_result(seen)
    return future


@contextmanager
def workers(ledger: Ledger, processes: int, depth: Depth) -> Iterator[Workers]:
    """Give who works: this process, and children of it so that they are ``processes``.

    Raises:
        UnavailableError: With code ``audit-broken``: a child died. Nothing is known of the ledger.
    """
    if processes == 1:
        yield _Alone(ledger, depth)
        return
    others = active_children()
    try:
        pool = ProcessPoolExecutor(
            processes - 1, get_context(_start_method()), _begin_child, (ledger.settings, depth)
        )
        # The first call makes the children: before it no connection may be open.
        ledger.engine.dispose()
        pool.submit(os.getpid)
    except OSError:  # a machine where processes can share no semaphore
        yield _Alone(ledger, depth)
        return
    try:
        yield _Shared(ledger, pool, processes - 1, depth)
    except BrokenProcessPool as error:
        raise UnavailableError(
            "audit: a process of it was ended or could not start; nothing is known of the ledger, "
            "so run it again",
            code="audit-broken",
        ) from error
    except BaseException:
        # Interrupted: what the children still do is of no use to anybody.
        for child in active_children():
            if child not in others:
                child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start_method() -> str:
    return "fork" if threading.active_count() == 1 else "spawn"


@dataclass(slots=True)
class _Child:
    ledger: Ledger
    audit: SpanAudit


_child: list[_Child] = []


def _begin_child(settings: Settings, depth: Depth) -> None:
    # Ctrl-C reaches the whole group, and one of it says so.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The last of what is done at the end: all was told to the parent, and to take an interpreter
    # down with care takes a tenth of a second, which the parent would wait for.
    Finalize(None, os._exit, args=(0,), exitpriority=LAST)
    spare_collector()
    ledger = open_ledger(settings)
    _child[:] = [_Child(ledger, SpanAudit(ledger, depth))]


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _audit_span(span: Span) -> SpanSeen:
    return _child[0].audit.audit(*span)


def _audit_beside(name: str) -> list[Finding]:
    return audit_beside(_child[0].ledger, name)
