"""A web server on loopback that serves the files of a folder, and lies where a test says so."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class LogServer:
    """What is served: the files of ``folder`` unless ``lies`` has the path; ``asked`` keeps all."""

    folder: Path
    url: str = ""
    lies: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        path = handler.path.removeprefix("/log/")
        self.asked.append(path)
        if path in self.lies:
            self.lies[path](handler)
            return
        file = self.folder / path
        if handler.path.startswith("/log/") and file.is_file():
            send(file.read_bytes())(handler)
        else:
            send(b"nothing here", status=404)(handler)


def send(data: bytes, status: int = 200, **headers: str) -> Answer:
    """Give an answer with these bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(data)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


@contextmanager
def log_server(folder: Path) -> Iterator[LogServer]:
    """Serve a folder below ``/log`` for a while."""
    served = LogServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                served.answer(self)
            except OSError:  # whoever asked has gone
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}/log"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
