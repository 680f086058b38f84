"""HTTP as a client with little time speaks it: whole requests as bytes, answers by their Content-Length."""

import re
import socket
from typing import NamedTuple, Self

from tests.host.hosting import LONGEST

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
LENGTH = re.compile(rb"(?i)\r\nContent-Length: (\d+)\r\n")


class Answer(NamedTuple):
    """An answer as it came."""

    status: int
    head: bytes
    body: bytes


class Wire:
    """One connection; a failure of it is an OSError."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def exchange(self, request: bytes) -> Answer:
        """Send a request and return its answer."""
        self.socket.sendall(request)
        return self.answer()

    def answer(self) -> Answer:
        """Return the next answer."""
        while (end := self._received.find(b"\r\n\r\n") + 4) < 4:
            self._receive()
        head = self._received[:end]
        status, length = STATUS.match(head), LENGTH.search(head)
        assert status, head
        whole = end + (int(length[1]) if length else 0)
        while len(self._received) < whole:
            self._receive()
        body, self._received = self._received[end:whole], self._received[whole:]
        return Answer(int(status[1]), head, body)

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError("closed without a whole answer")
        self._received += data


def get(path: str, *headers: str) -> bytes:
    """The bytes of a GET request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: bot.example", *headers, "", ""]).encode()


def post(body: bytes, *headers: str) -> bytes:
    """The bytes of a delivery with exactly these headers."""
    lines = ["POST /webhooks/twitter HTTP/1.1", "Host: bot.example", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
