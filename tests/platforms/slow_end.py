"""A platform's end of the line that answers in pieces, as slowly and as much as a test likes."""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self


class Pieces(NamedTuple):
    """An answer, and how long to wait before each piece of it."""

    pieces: Iterable[bytes]
    seconds: float = 0.0
    #: Close the connection after it.
    close: bool = False


class SlowEnd:
    """A server on loopback for as long as the ``with`` block lasts; over TLS if it is given a context."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: deque[Pieces] = deque()
        self.calls = 0
        self.connections: list[socket.socket] = []
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for line in self.connections:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(line,), daemon=True))
                self._threads[-1].start()

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), self._tls.wrap_socket(line, server_side=True) if self._tls else line as line:
            self.connections.append(line)
            while _request(line):
                self.calls += 1
                answer = self.answers.popleft()
                for piece in answer.pieces:
                    if self._over.wait(answer.seconds):
                        return
                    line.sendall(piece)
                if answer.close:
                    return


def _request(line: socket.socket) -> bool:
    """Whether a call came, which has been read to its end."""
    came = b""
    while b"\r\n\r\n" not in came:
        if not (more := line.recv(65536)):
            return False
        came += more
    head, _, body = came.lower().partition(b"\r\n\r\n")
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    while len(body) < length:
        body += line.recv(65536)
    return True
