"""Where a log is read from by somebody outside: a server's address, or a folder with its files.

Nothing that comes from there is believed. Here it is only seen to that an answer is an answer: the
file that was asked for, from the server that was asked, no larger than the file can be, in time.
"""

import queue
import threading
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, Final, Protocol

from ledger.errors import (
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from ledger.storage.log_files import LogFolder

SECONDS_MAX: Final = 30
"""How long one answer may take, from the call to its last byte."""

AGENT: Final = "jinlan-mirror"
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_TOLD_MAX: Final = 200


class LogSource(Protocol):
    """Where the files of a log can be had."""

    def fetch(self, path: str, bytes_max: int) -> bytes:
        """Get one file below the log's prefix.

        Raises:
            NotFoundError: There is none.
            MalformedError: It is larger than such a file can be, or not what it says it is.
            RefusedError: The server sent us elsewhere.
            UnavailableError: It could not be had.
        """
        ...

    def fetch_beside(self, path: str, bytes_max: int) -> bytes:
        """Get a file of ``.well-known``, below the log's prefix or else at the server's root.

        Raises:
            LedgerError: As ``fetch``.
        """
        ...


def open_source(address: str, seconds_max: float = SECONDS_MAX) -> LogSource:
    """Give the source at an address: ``http``, ``https``, ``file`` or the path of a folder.

    Raises:
        MalformedError: It is no such address.
        NotFoundError: There is no such folder.
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme in {"http", "https"}:
        if not parts.hostname or parts.query or parts.fragment or parts.username is not None:
            raise MalformedError(
                "log address: expected https://HOST/PATH without name, query and fragment"
            )
        return HttpSource(address.rstrip("/"), seconds_max)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise MalformedError("log address: expected file:///PATH of this machine")
        folder = Path(urllib.parse.unquote(parts.path))
    elif "://" in address:
        raise MalformedError(
            f"log address: found {parts.scheme!r}, expected http, https, file or a folder"
        )
    else:
        folder = Path(address)
    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder")
    return FolderSource(LogFolder(folder))


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder: one that the ledger published, a copy of it, or an object store that is mounted."""

    folder: LogFolder

    def fetch(self, path: str, bytes_max: int) -> bytes:
        """Read one file."""
        try:
            data = self.folder.read(path, bytes_max)
        except OSError as error:
            raise UnavailableError(
                f"{path}: {error.strerror or 'cannot be read'}", code="log-unreachable"
            ) from error
        return _checked_length(data, path, bytes_max)

    def fetch_beside(self, path: str, bytes_max: int) -> bytes:
        """Read one file."""
        return self.fetch(path, bytes_max)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: whoever is to be believed about a log is named by whoever mirrors it."""

    def redirect_request(  # type: ignore[explicit-override]
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: Message,  # noqa: ARG002
        newurl: str,
    ) -> None:
        """Refuse.

        Raises:
            RefusedError: Always.
        """
        fp.close()
        raise RefusedError(
            f"the server sends us elsewhere ({newurl[:_TOLD_MAX]!r}); if that is the log, name it",
            code="log-redirected",
        )


@dataclass(frozen=True, slots=True)
class HttpSource:
    """A web server: the ledger's own, or any that serves its files."""

    prefix: str
    seconds_max: float = SECONDS_MAX

    def fetch(self, path: str, bytes_max: int) -> bytes:
        """Get one file, within the time that one answer may take."""
        return self._get(f"{self.prefix}/{path}", path, bytes_max)

    def fetch_beside(self, path: str, bytes_max: int) -> bytes:
        """Get one file, from the root of the host where the log's prefix does not have it."""
        try:
            return self.fetch(path, bytes_max)
        except NotFoundError:
            root = urllib.parse.urljoin(self.prefix, f"/{path}")
            return self._get(root, path, bytes_max)

    def _get(self, url: str, path: str, bytes_max: int) -> bytes:
        try:
            return _within(self.seconds_max, lambda: _download(url, bytes_max, self.seconds_max))
        except LedgerError as error:
            raise type(error)(f"{path}: {error.message}", code=error.code) from error


def _within(seconds: float, work: Callable[[], bytes]) -> bytes:
    """Give what ``work`` gives, if it does so in time.

    The library's own limit is for each piece that arrives, and a server that sends a byte now and
    then never runs into it. A thread that is given up ends with its connection.
    """
    done: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            done.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = done.get(timeout=seconds)
    except queue.Empty:
        raise UnavailableError(
            f"no whole answer within {seconds:g} seconds", code="log-unreachable"
        ) from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _download(url: str, bytes_max: int, seconds_max: float) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - only http and https come here
        url, headers={"Accept-Encoding": "gzip, identity", "User-Agent": AGENT}
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=seconds_max) as answer:
            return _body(answer, bytes_max)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _GONE:
            raise NotFoundError(f"the server does not have it ({error.code})") from error
        raise UnavailableError(
            f"the server answered {error.code}", code="log-unreachable"
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        raise UnavailableError(
            f"no answer ({type(error).__name__}: {str(error)[:_TOLD_MAX]})", code="log-unreachable"
        ) from error


def _body(answer: Any, bytes_max: int) -> bytes:  # noqa: ANN401 - the library's answer
    if answer.status != HTTPStatus.OK:
        raise UnavailableError(f"the server answered {answer.status}", code="log-unreachable")
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", ""}:
        raise MalformedError(f"found the encoding {encoding[:20]!r}, expected gzip or none")
    # One byte more tells a file that is too large.
    data: bytes = answer.read(bytes_max + 1)
    announced = answer.headers.get("Content-Length")
    if len(data) <= bytes_max and announced is not None and int(announced) != len(data):
        raise UnavailableError("the answer was cut short", code="log-unreachable")
    if "gzip" in encoding:
        data = _unzipped(data, bytes_max)
    return _checked_length(data, "answer", bytes_max)


def _unzipped(data: bytes, bytes_max: int) -> bytes:
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unzip.decompress(data, bytes_max + 1)
    except zlib.error:
        raise MalformedError("expected gzip, as the answer says of itself") from None
    if len(plain) <= bytes_max and (not unzip.eof or unzip.unused_data):
        raise MalformedError("expected one whole gzip stream")
    return plain


def _checked_length(data: bytes, path: str, bytes_max: int) -> bytes:
    if len(data) > bytes_max:
        raise MalformedError(
            f"{path}: longer than the {bytes_max} bytes that it may have", code="answer-too-large"
        )
    return data
