"""The main job through the real server: roster in, transcript, export, verdict, proof."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.services.transcripts import list_subjects
from tests.api.worlds import MULTIPART, SAMPLE_NAME, multipart, opened_world, roster

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 20


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(home: Path, output: Path) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--threads", "4", "wsgi:app"]
    environment = {**os.environ, "JINLAN_HOME": str(home)}
    with output.open("wb") as file:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
        try:
            _wait_for(f"http://127.0.0.1:{port}/livez")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)


def _call(url: str, token: str | None = None, data: bytes | None = None, kind: str = "") -> bytes:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if kind:
        headers["Content-Type"] = kind
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body


def test_the_main_job_over_http(tmp_path: Path) -> None:
    with opened_world(tmp_path) as world:
        home, token, school = world.ledger.home, world.token, world.school
        output = tmp_path / "output"
        with _serving(home, output) as url:
            form = multipart({"issuer": school}, roster())
            posted = _call(f"{url}/v1/rosters", token, form, MULTIPART)
            summary = json.loads(posted)
            assert summary["outcomes"]["accepted"] == 1
            report = json.loads(_call(f"{url}/v1/rosters/{summary['report_id']}", token))
            index = report["rows"][0]["entry_index"]
            subject = list_subjects(world.ledger)[0]["id"]
            transcript = json.loads(_call(f"{url}/v1/subjects/{subject}/transcript", token))
            assert transcript["total_credits"] == summary["credits"] + ".0"
            exported = _call(f"{url}/v1/subjects/{subject}/export", token)
            verdict = json.loads(_call(f"{url}/v1/verify", None, exported, "application/json"))
            assert verdict["verdict"] == "valid"
            assert _call(f"{url}/log/proof/{index}").startswith(b"c2sp.org/tlog-proof@v1\n")
            with pytest.raises(urllib.error.HTTPError, match="401") as refused:
                _call(f"{url}/v1/subjects/{subject}/transcript")
            refused.value.close()
        log = output.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert {line["event"] for line in lines} == {"request"}
        assert SAMPLE_NAME not in log
        assert subject not in log
