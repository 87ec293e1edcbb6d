"""An answer is only taken if it is one: from whom was asked, whole, in time, and not too large."""

import gzip
import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ledger.errors import LedgerError, MalformedError, NotFoundError
from ledger.services.log_sources import HttpSource, open_source
from tests.services.log_server import LogServer, log_server, send


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LogServer]:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "checkpoint").write_bytes(b"a note")
    with log_server(tmp_path / "log") as served:
        yield served


def refusal(server: LogServer, seconds: float = 5) -> str:
    with pytest.raises(LedgerError) as caught:
        HttpSource(server.url, seconds).fetch("checkpoint", 100)
    assert caught.value.message.startswith("checkpoint: "), "it says which file"
    return caught.value.code


@pytest.mark.parametrize("form", ["{folder}", "file://{folder}", "{url}", "{url}/"])
def test_a_log_is_read_from_a_folder_or_a_server(server: LogServer, form: str) -> None:
    source = open_source(form.format(folder=server.folder, url=server.url))
    assert source.fetch("checkpoint", 6) == b"a note"
    with pytest.raises(MalformedError) as caught:
        source.fetch("checkpoint", 5)
    assert caught.value.code == "answer-too-large"
    for path in ("nothing", "tile"):
        with pytest.raises(NotFoundError):
            source.fetch(path, 100)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://h/x",
        "https://",
        "https://u:p@h/log",
        "https://h/log?x=1",
        "https://h/log#x",
        "file://h/x",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(MalformedError):
        open_source(address)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        open_source(str(tmp_path / "nowhere"))


def test_a_pipe_in_a_folder_is_no_file_to_wait_for(server: LogServer) -> None:
    os.mkfifo(server.folder / "tile")
    with pytest.raises(NotFoundError):
        open_source(str(server.folder)).fetch("tile", 100)


ZIPPED = {"Content_Encoding": "gzip"}


LIES = {
    "too long": (send(b"x" * 101), "answer-too-large"),
    "a bomb": (send(gzip.compress(bytes(10**6)), **ZIPPED), "answer-too-large"),
    "not gzip": (send(b"not gzip", **ZIPPED), "malformed"),
    "gzip cut short": (send(gzip.compress(b"x")[:-3], **ZIPPED), "malformed"),
    "two gzips": (send(gzip.compress(b"x") * 2, **ZIPPED), "malformed"),
    "another encoding": (send(b"x", Content_Encoding="br"), "malformed"),
    "gone": (send(b"gone", status=410), "not-found"),
    "no content": (send(b"", status=204), "log-unreachable"),
    "a part": (send(b"x", status=206), "log-unreachable"),
    "not for you": (send(b"x", status=401), "log-unreachable"),
    "broken": (send(b"x", status=500), "log-unreachable"),
    "cut short": (send(b"x", Content_Length="50"), "log-unreachable"),
    "no length": (send(b"x", Content_Length="fifty"), "log-unreachable"),
    "sent on": (send(b"", status=302, Location="/log/other"), "log-redirected"),
    "sent away": (send(b"", status=301, Location="https://elsewhere.example/"), "log-redirected"),
    "garbage": (lambda handler: handler.wfile.write(b"\0garbage\r\n\r\n"), "log-unreachable"),
    "silence": (lambda _handler: None, "log-unreachable"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_none_is_refused(server: LogServer, lie: str) -> None:
    server.lies["checkpoint"], code = LIES[lie]
    assert refusal(server) == code


def test_an_answer_may_be_compressed(server: LogServer) -> None:
    """c2sp.org/tlog-tiles: entry bundles should be, without being asked."""
    server.lies["checkpoint"] = send(gzip.compress(b"a note"), Content_Encoding="gzip")
    assert HttpSource(server.url).fetch("checkpoint", 100) == b"a note"


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(server: LogServer) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    server.lies["checkpoint"] = drip
    assert refusal(server, 0.5) == "log-unreachable"


def test_nobody_there_is_told() -> None:
    with pytest.raises(LedgerError) as caught:
        HttpSource("http://127.0.0.1:9/log", 5).fetch("checkpoint", 100)
    assert caught.value.code == "log-unreachable"


def test_what_lies_beside_the_log_may_lie_at_the_root_of_its_host(server: LogServer) -> None:
    server.lies["/.well-known/keys"] = send(b"at the root")
    assert HttpSource(server.url).fetch_beside(".well-known/keys", 100) == b"at the root"
    server.lies[".well-known/keys"] = send(b"below the prefix")
    assert HttpSource(server.url).fetch_beside(".well-known/keys", 100) == b"below the prefix"
