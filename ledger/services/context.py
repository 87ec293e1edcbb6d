"""What every service works with: the open ledger, its keys, its clock and its source of randomness.

Time and random ids enter here and nowhere else, so that rules and proofs are tested without either.
"""

import base64
import gc
import io
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from keys.keyring import Keyring
from ledger.domain.china_time import day_in_china
from ledger.errors import NotFoundError
from ledger.services.committer import Committer
from ledger.services.registry import RegistryCache
from ledger.services.settings import Settings
from ledger.storage.engine import database_exists, leadership, on_connect, open_engine
from ledger.storage.handover import Handover
from ledger.storage.leadership import Leadership
from ledger.storage.log import Head
from ledger.storage.sealing import RandomBytes, Sealer

KEYS_INDEX: Final = "keys/index.json"
ID_BYTES: Final = 16
TIME_BYTES: Final = 6
GC_OBJECTS: Final = 50_000
POOL_BYTES: Final = 65_536

Clock = Callable[[], int]


def spare_collector() -> None:
    """Let the process look for cyclic garbage less often; each program calls this as it starts.

    A batch makes tens of thousands of small objects that live until it is committed. Looking for
    cycles among them after every 700 costs a quarter of the time and finds none.
    """
    gc.set_threshold(GC_OBJECTS)


class RandomPool:
    """Random bytes from the system, fetched many at a time: a call for each salt costs more.

    Threads may share it: a stream's ``read`` is one step that no other thread can enter, so nothing
    is read twice. A forked child begins with an empty pool, so that no two processes ever give out
    the same bytes.
    """

    def __init__(self) -> None:
        self._read: RandomBytes = io.BytesIO().read
        os.register_at_fork(after_in_child=self._empty)

    def draw(self, count: int) -> bytes:
        """Give ``count`` bytes that were given to nobody else."""
        drawn = self._read(count)
        if len(drawn) == count:
            return drawn
        # The few bytes that were left are thrown away.
        pool = io.BytesIO(os.urandom(max(POOL_BYTES, count)))
        drawn = pool.read(count)
        self._read = pool.read
        return drawn

    def _empty(self) -> None:
        self._read = io.BytesIO().read


SYSTEM_RANDOM: Final[RandomBytes] = RandomPool().draw


def system_clock() -> int:
    """Give the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class OpenKeys:
    """The open keyring and what seals with its secrets, as of one state of its index."""

    keyring: Keyring
    sealer: Sealer
    stamp: tuple[int, int]


@dataclass(slots=True)
class Ledger:
    """An open ledger. Threads may share it; each use opens its own transaction.

    ``keys`` are exchanged as a whole when another process has rotated one. ``registry`` is what
    this process last read of organisations and schedules. ``checked`` tells whether it has held
    the database against its last checkpoint; no write comes before that. ``committer`` joins what
    this process writes, ``handover`` what processes of this machine write for each other, and
    ``acknowledged`` is the log's head when it last answered a write.
    """

    settings: Settings
    engine: Engine
    keys: OpenKeys
    clock: Clock = system_clock
    random: RandomBytes = SYSTEM_RANDOM
    checked: bool = field(default=False)
    registry: RegistryCache = field(default_factory=RegistryCache)
    committer: Committer[Any] = field(default_factory=Committer)
    acknowledged: Head | None = field(default=None)
    handover: Handover = field(init=False)
    _renewing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.handover = Handover(self.home)

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.settings.home

    @property
    def keyring(self) -> Keyring:
        """The open keyring."""
        return self.keys.keyring

    @property
    def sealer(self) -> Sealer:
        """What wraps persons' keys and makes tags."""
        return self.keys.sealer

    def renew_keys(self) -> None:
        """Open the keyring again if another process has rotated a key since."""
        with self._renewing:  # so that nobody puts back what they opened before another
            if _keys_stamp(self.home) != self.keys.stamp:
                self.keys = open_keys(self.home, self.random)

    def today(self) -> date:
        """Give the day in China by the ledger's clock."""
        return day_in_china(self.clock())

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self.keyring.origin

    def new_subject_id(self, now_ms: int) -> str:
        """Make a person's id: 32 hex digits that say nothing of the person.

        The first 48 bits are the time, so that new persons lie side by side in the indexes; 80 bits
        are random.
        """
        return (now_ms.to_bytes(TIME_BYTES, "big") + self.random(ID_BYTES - TIME_BYTES)).hex()

    def new_id(self, prefix: str) -> str:
        """Make a random 128-bit id such as ``org-...``."""
        text = base64.b32encode(self.random(ID_BYTES)).decode()
        return f"{prefix}-{text.rstrip('=').lower()}"

    def distrust(self) -> None:
        """Hold the database against its last checkpoint again before the next write."""
        self.checked = False

    def leadership(self, name: str) -> Leadership:
        """Give what asks for the lead in something that one process at a time does."""
        return leadership(self.engine, name)

    def close(self) -> None:
        """Close the database."""
        self.handover.close()
        self.engine.dispose()


def open_ledger(
    settings: Settings, *, clock: Clock = system_clock, random: RandomBytes = SYSTEM_RANDOM
) -> Ledger:
    """Open the ledger in ``settings.home``.

    Raises:
        NotFoundError: There is no ledger in that folder.
        CustodyError: A key file is missing or open to others.
    """
    if not database_exists(settings.database):
        raise NotFoundError(
            f"no ledger in {settings.home}: run 'python -m ledger init' there, or set JINLAN_HOME",
            code="no-ledger",
        )
    return assemble(settings, clock=clock, random=random)


def assemble(settings: Settings, *, clock: Clock, random: RandomBytes) -> Ledger:
    """Join the keyring and the database of a data folder; ``open_ledger`` and ``init`` call this.

    Raises:
        CustodyError: A key file is missing or open to others.
    """
    ledger = Ledger(
        settings=settings,
        engine=open_engine(settings.database),
        keys=open_keys(settings.home, random),
        clock=clock,
        random=random,
    )
    on_connect(ledger.engine, ledger.distrust)
    return ledger


def open_keys(home: Path, random: RandomBytes) -> OpenKeys:
    """Open the keyring of a data folder.

    Raises:
        CustodyError: A key file is missing or open to others.
    """
    # The stamp is taken first: a rotation in between is then seen the next time.
    stamp = _keys_stamp(home)
    keyring = Keyring.open(home)
    version = keyring.secret_version("vault")
    vault_keys = {v: keyring.secret("vault", v) for v in range(1, version + 1)}
    return OpenKeys(keyring, Sealer(vault_keys, version, keyring.secret("lookup"), random), stamp)


def _keys_stamp(home: Path) -> tuple[int, int]:
    # The index is replaced as a whole, so another inode or time means another keyring.
    try:
        status = (home / KEYS_INDEX).stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns
