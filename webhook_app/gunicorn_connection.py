"""A client's connection as gunicorn's parser reads it: every wait has a deadline and can be ended."""

import socket
import time
from dataclasses import dataclass
from typing import Any

from gunicorn import util
from gunicorn.http.errors import ParseException

UNREAD_BODY = 64 * 1024  # bytes of a body nobody wanted, read away to keep the connection
UNREAD_AT_CLOSE = 4 * 1024 * 1024  # bytes read away so that a refusal is not overtaken by a reset


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a connection waits for its client."""

    #: From an answer to the first byte of the next request.
    idle: float
    #: From the first byte of a request to the end of its header, and from accept to the first byte.
    header: float = 10
    #: For each piece of a body, and for each of an answer to be taken; the application sets the time for the
    #: whole. A client that takes nothing must not keep what is meant for it for ever.
    piece: float = 30
    #: For the rest of a body that the application left.
    unread: float = 2


class Connection:
    """One client's socket, always in one of three states.

    1. Waiting for the first byte of a request: `waiting`.
    2. Reading a header: neither.
    3. Answering: `request` is set.
    """

    def __init__(self, sock: Any, patience: Patience) -> None:
        self.sock = sock
        self.patience = patience
        self.waiting = True
        self.request: Any = None
        self._next_wait = patience.header
        self._deadline: float | None = None
        self._stopped = False

    def recv(self, size: int) -> bytes:
        """Return what has arrived, b"" at the end of it; called by the parser. Raises TimeoutError."""
        if self._deadline is not None:
            self.sock.settimeout(max(self._deadline - time.monotonic(), 0.001))
        data: bytes = self.sock.recv(size)
        if self.waiting:
            self.waiting = False
            self._allow(self.patience.header)
        return data

    def expect(self, *, begun: bool) -> None:
        """Await the next request, whose beginning may have come with the last one."""
        self.request = None
        self.waiting = not begun
        self._allow(self.patience.header if begun else self._next_wait)
        self._next_wait = self.patience.idle

    def take(self, request: Any) -> None:
        """Let the application answer this request, at its own pace."""
        self.request = request
        self._deadline = None
        self.sock.settimeout(self.patience.piece)

    def skip_body(self, parser: Any) -> bool:
        """Read away what the application left of the body, and return whether it was little enough."""
        self._allow(self.patience.unread)
        try:
            return bool(parser.finish_body(max_bytes=UNREAD_BODY))
        except (OSError, ParseException):
            return False

    def close_after_answer(self) -> None:
        """Close once the client has had time to read: closing on unread bytes would reset the connection."""
        util.close_graceful(self.sock, timeout=self.patience.unread, max_drain=UNREAD_AT_CLOSE)

    def stop_reading(self) -> None:
        """End the input: whoever reads sees its end, and what has arrived until now is still answered."""
        if self._stopped:
            return
        self._stopped = True
        _shut(self.sock, socket.SHUT_RD)

    def _allow(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds


def hang_up(sock: Any) -> None:
    """Break a connection off: whoever reads from it or writes to it learns that it is gone."""
    _shut(sock, socket.SHUT_RDWR)


def _shut(sock: Any, how: int) -> None:
    try:
        # Through a twin, since gevent's shutdown() would throw an error at whoever waits on this socket.
        with sock.dup() as twin:
            twin.shutdown(how)
    except OSError:
        pass  # gone already
