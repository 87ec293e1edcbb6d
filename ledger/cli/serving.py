"""Serve: the web process and the scheduler, started together and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from types import FrameType
from typing import Final

import click

from ledger.services.settings import Settings

HOST: Final = "127.0.0.1"
THREADS: Final = 8
START_SECONDS_MAX: Final = 20
STOP_SECONDS_MAX: Final = 10
POLL_SECONDS: Final = 0.2


def serve(settings: Settings, *, once: bool, quiet: bool = False) -> int:
    """Serve until interrupted, or until one answer was given; give the exit status."""
    port = free_port(settings.port)
    url = f"http://{HOST}:{port}/"
    environment = {**os.environ, "JINLAN_HOME": str(settings.home)}  # noqa: TID251 - handed on, not read
    children = [
        subprocess.Popen(arguments, env=environment, start_new_session=True)  # noqa: S603 - our own commands
        for arguments in (web_command(port), [sys.executable, "-m", "ledger.jobs"])
    ]
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if not _answers(url + "livez", children[0]):
            click.echo(f"the API did not answer on {url}", err=True)
            return 1
        click.echo(f"9  API        {url}   (stop with Ctrl-C)", err=quiet)
        while not once:
            if any(child.poll() is not None for child in children):
                click.echo("a process of the ledger ended by itself; stopping", err=True)
                return 1
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        stop(children)
    return 0


def web_command(port: int) -> list[str]:
    """Give the command of the web process: gunicorn, one process with threads."""
    return [
        sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}", "--worker-class", "gthread",
        "--threads", str(THREADS), "--timeout", "120", "--log-level", "warning", "wsgi:app",
    ]  # fmt: skip


def free_port(wanted: int) -> int:
    """Give ``wanted`` if it is free, else one that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                click.echo(
                    f"port {wanted} is taken; taking another (choose one with JINLAN_PORT)",
                    err=True,
                )
                continue
            return int(probe.getsockname()[1])
    return wanted


def _answers(url: str, child: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status == 200)  # noqa: PLR2004 - OK
        except OSError:
            time.sleep(POLL_SECONDS)
    return False


def stop(children: "list[subprocess.Popen[bytes]]") -> None:
    """End the processes that were started here: ask, then insist."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
