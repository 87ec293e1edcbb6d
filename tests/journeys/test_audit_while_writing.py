"""An audit while another process posts, corrects, revokes, erases and signs finds nothing wrong."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.services import auditing
from ledger.services.auditing import audit
from ledger.services.completions import record
from ledger.services.rolling_audit import audit_further
from tests.journeys.command_line import ROOT, SECONDS_MAX, environment
from tests.journeys.ledgers import make_ledger, opened, size_of
from tests.journeys.people import completion

SPAN = 256
PEOPLE = 600


@contextmanager
def changing(home: Path, issuer: str) -> Iterator[None]:
    """Let another process write meanwhile."""
    command = [sys.executable, "-m", "tests.journeys.changing", issuer]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert os.read(writer.stdout.fileno(), 1) == b"w"
        yield
        writer.stdin.write(b"stop")
        writer.stdin.close()
        assert writer.wait(SECONDS_MAX) == 0


def test_what_others_write_meanwhile_is_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among it are records of spans that were audited already, and of those that will be."""
    monkeypatch.setattr(auditing, "SPAN", SPAN)
    home = tmp_path / "home"
    ledger, issuer = make_ledger(home)
    record(ledger, issuer, [completion(number) for number in range(PEOPLE)])
    ledger.close()
    sizes = [size_of(home)]
    with changing(home, issuer), opened(home) as auditor:
        while size_of(home) == sizes[0]:
            time.sleep(0.01)
        for processes in (2, 1, 1, 1):
            report = audit(auditor, processes=processes)
            assert report.findings == []
            sizes.append(report.entries)
            for _ in range(3):
                assert audit_further(auditor, SPAN).findings == []
    with opened(home) as auditor:
        report = audit(auditor)
        assert report.findings == []
        assert report.erased > 0
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[1] < sizes[-1] <= report.entries
