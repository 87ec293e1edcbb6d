"""Serve: the web process and the scheduler, started together and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Final

import click

from ledger.services.settings import Settings

HOST: Final = "127.0.0.1"
THREADS: Final = 8
START_SECONDS_MAX: Final = 20
STOP_SECONDS_MAX: Final = 10
POLL_SECONDS: Final = 0.2
PROBE: Final = "livez"


def serve(
    settings: Settings,
    *,
    once: bool,
    quiet: bool = False,
    on_start: Callable[[str], None] | None = None,
) -> int:
    """Serve until interrupted, or until one answer was given; give the exit status.

    ``quiet`` keeps standard output for what ``on_start`` prints when it is told the address.
    """
    port = free_port(settings.port)
    url = f"http://{HOST}:{port}/"
    environment = {**os.environ, "JINLAN_HOME": str(settings.home)}  # noqa: TID251 - handed on, not read
    web = subprocess.Popen(  # noqa: S603 - our own command
        web_command(port), env=environment, start_new_session=True, stderr=subprocess.PIPE
    )
    jobs = subprocess.Popen(
        [sys.executable, "-m", "ledger.jobs"], env=environment, start_new_session=True
    )
    children = [web, jobs]
    log = threading.Thread(target=_hand_on_log, args=(web,), daemon=True)
    log.start()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if not _answers(url + PROBE, web):
            click.echo(f"the API did not answer on {url}", err=True)
            return 1
        click.echo(f"9  API        {url}   (stop with Ctrl-C)", err=quiet)
        if on_start is not None:
            on_start(url)
        while not once:
            if any(child.poll() is not None for child in children):
                click.echo("a process of the ledger ended by itself; stopping", err=True)
                return 1
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        click.echo("stopped", err=quiet)
    finally:
        stop(children)
        log.join(STOP_SECONDS_MAX)
    return 0


def web_command(port: int) -> list[str]:
    """Give the command of the web process: gunicorn, one process with threads."""
    return [
        sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}", "--worker-class", "gthread",
        "--threads", str(THREADS), "--timeout", "120", "--log-level", "warning", "wsgi:app",
    ]  # fmt: skip


def _hand_on_log(web: "subprocess.Popen[bytes]") -> None:
    if web.stderr is not None:
        with web.stderr as lines:
            hand_on(lines)


def hand_on(lines: Iterable[bytes]) -> None:
    """Hand on the log of the web process, without the line about the probe that asked if it runs.

    That one answer is ours and not a caller's, and would stand in the midst of what is shown.
    """
    probed = False
    for line in lines:
        if not probed and f'"/{PROBE}"'.encode() in line:
            probed = True
            continue
        click.echo(line, nl=False, err=True)


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
    while (left := deadline - time.monotonic()) > 0 and child.poll() is None:
        try:
            # Whoever listens is waited for: a second question would be a second line in the log.
            with urllib.request.urlopen(url, timeout=left) as answer:  # noqa: S310 - our own loopback address
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
