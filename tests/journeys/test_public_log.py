"""The public log as strangers meet it: a served ledger, mirrors of it in processes of their own."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from ledger.services.context import open_ledger
from ledger.services.publishing import publish
from tests.databases import copy_home, settings_for
from tests.journeys.command_line import ROOT, environment, jinlan, sound
from tests.ledgers import make_command, make_ledger, make_roster, post, verify_whole

SECONDS_MAX = 60


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Serve a ledger, API and scheduler, by the operator's own command; give the address."""
    command = [sys.executable, "-m", "ledger", "serve", "--json"]
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert server.stdout is not None
        told = b"".join(iter(server.stdout.readline, b"}\n"))
        yield str(orjson.loads(told + b"}")["url"]).rstrip("/")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(SECONDS_MAX)
        server.stdout.close()


def wait_for_publication(home: Path, size: int) -> None:
    """Wait until the scheduler has signed and published so many entries."""
    deadline = time.monotonic() + SECONDS_MAX
    while not (home / "public/checkpoint").exists() or (
        (home / "public/checkpoint").read_text(encoding="utf-8").split("\n")[1] != str(size)
    ):
        assert time.monotonic() < deadline, "nothing was published"
        time.sleep(0.1)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_a_mirror_follows_a_served_ledger_and_its_files(tmp_path: Path) -> None:
    home, trust = tmp_path / "home", str(tmp_path / "home/keys.json")
    school = sound(home, "init", "--example")["organisation"]["id"]
    roster = tmp_path / "roster.csv"
    stranger = tmp_path / "no-ledger-here"
    with serving(home) as url:
        prefix = {"api": f"{url}/log", "files": str(home / "public")}
        for first, size, sources in ((0, 304, ["api"]), (300, 604, ["api", "files"])):
            roster.write_bytes(make_roster(*range(first, first + 300)))
            told = sound(home, "import", str(roster), "--issuer", school, "--key", f"k{first}")
            assert told["outcomes"]["accepted"] == 300
            wait_for_publication(home, size)
            for source in sources:
                folder = str(tmp_path / source)
                done = sound(stranger, "mirror", prefix[source], folder, "--trust", trust)
                assert (done["size"], done["first_use"]) == (size, False)
        with urllib.request.urlopen(f"{url}/log/checkpoint", timeout=10) as answer:  # noqa: S310
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert answer.headers["Cache-Control"] == "public, max-age=2"
    assert not stranger.exists(), "a mirror needs no data folder and makes none"
    public = files(home / "public")
    for source in prefix:
        held = files(tmp_path / source)
        assert held["checkpoint"] == public["checkpoint"]
        assert {name for name in held if ".p/" not in name} <= public.keys()
        assert all(public.get(name, data) == data for name, data in held.items())
    refused = jinlan(stranger, "mirror", prefix["api"], str(tmp_path / "api"), "--json")
    assert (refused.status, refused.code) == (1, "log-unreachable")


def test_a_ledger_whose_past_was_rewritten_is_found_out_by_who_kept_a_copy(tmp_path: Path) -> None:
    """The operator puts back a backup and goes on: every proof of the new history is good."""
    ledger = make_ledger(tmp_path)
    trust, copy = str(ledger.home / "keys.json"), str(tmp_path / "copy")
    backup = copy_home(ledger.home, tmp_path / "backup")
    rewritten = open_ledger(settings_for(backup), clock=ledger.clock)
    for each, person, status in ((ledger, 1, 0), (rewritten, 2, 1)):
        post(each, make_command(person))
        verify_whole(each)  # from inside nothing can be seen
        publish(each, each.home / "public")
        public = str(each.home / "public")
        answer = jinlan(tmp_path / "x", "mirror", public, copy, "--trust", trust, "--json")
        assert answer.status == status, answer
    assert answer.code == "log-forked"
    assert len(list((tmp_path / "copy/evidence").iterdir())) == 2
