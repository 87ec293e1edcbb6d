"""Serving: the port, and the processes that are started and stopped together."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.cli import serving
from ledger.cli.serving import HOST, free_port, hand_on, serve, stop, web_command
from ledger.services.settings import Settings
from tests.journeys.command_line import ROOT
from tests.ledgers import make_ledger


def test_a_free_port_is_taken_as_asked() -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    assert free_port(port) == port


def test_a_taken_port_gives_another_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        port = free_port(taken)
        assert port not in (taken, 0)
    assert f"port {taken} is taken" in capsys.readouterr().err


def test_port_0_means_any() -> None:
    assert free_port(0) > 0


def test_the_web_process_listens_on_the_loopback_only() -> None:
    arguments = web_command(8123)
    assert arguments[arguments.index("--bind") + 1] == "127.0.0.1:8123"
    assert arguments[-1] == "wsgi:app"


def test_only_the_line_about_our_own_probe_is_kept_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    probe, other = b'{"route":"/livez"}\n', b'{"route":"/v1/verify"}\n'
    hand_on([b"worker\n", probe, other, probe])
    out, err = capsys.readouterr()
    assert (out, err.encode()) == ("", b"worker\n" + other + probe)


@pytest.fixture
def _terminable() -> Iterator[None]:
    """Give the signal back that serving takes."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_terminable")
def test_standard_output_is_kept_free_and_our_probe_is_not_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    told: list[str] = []
    settings = Settings(make_ledger(tmp_path).home, port=0)
    assert serve(settings, once=True, quiet=True, on_start=told.append) == 0
    out, err = capsys.readouterr()
    (url,) = told
    assert out == ""
    assert url in err
    assert "livez" not in err


def test_every_process_that_was_started_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ended by itself, one that obeys, and one that does not listen."""
    monkeypatch.setattr(serving, "STOP_SECONDS_MAX", 0.3)
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    obeying = "import time; print(flush=True); time.sleep(60)"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        for code in ("print()", obeying, deaf)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
    children[0].wait()
    stop(children)
    assert [child.returncode for child in children] == [0, -signal.SIGTERM, -signal.SIGKILL]
