"""A platform's end of the line: it answers what a test has laid down, and keeps what came."""

import socket
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self


class Answer(NamedTuple):
    """What is answered to a call."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    #: Close the connection instead.
    drop: bool = False
    #: Close it a byte before the end.
    cut: bool = False
    #: Do not answer before the end.
    hang: bool = False


class Came(NamedTuple):
    """A call that came."""

    path: str
    #: With lower-case names.
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


class FarEnd:
    """A server on loopback for as long as the ``with`` block lasts."""

    def __init__(self) -> None:
        #: The next answers; after them always the same.
        self.answers: deque[Answer] = deque()
        self.always = Answer()
        self.came: list[Came] = []
        self.connections: list[socket.socket] = []
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(far_end: FarEnd) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave together, or loopback waits 40 ms for an acknowledgement.
        wbufsize = -1
        #: An idle connection of a client that has gone.
        timeout = 30

        def setup(self) -> None:
            super().setup()
            far_end.connections.append(self.connection)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            far_end.came.append(Came(self.path, headers, body, self.command))
            answer = far_end.answers.popleft() if far_end.answers else far_end.always
            if answer.hang:
                far_end.over.wait()
            if answer.hang or answer.drop:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = self.close_connection or answer.cut

        do_GET = do_PUT = do_DELETE = do_POST

        def log_message(self, *args: object) -> None:
            pass

    return Handler
