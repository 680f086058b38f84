"""Connections on which an answer may last only so long, and be only so long, whatever it is made of.

urllib3's time-out for reading is one of every single read: a byte now and then satisfies it for ever; and it
reads a body to the end, wherever that is. Here that time-out is one of the whole answer, and bytes are
counted. Both end a call as a broken connection does: by an OSError, which urllib3 translates.
"""

import io
import socket
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from ssl import SSLWantReadError
from time import monotonic
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util.wait import wait_for_read

#: Bytes of an answer as they come, its headers too: dozens of times what a platform has to say.
LONGEST = 64 * 1024
#: By so little an answer may come later than it should.
AT_ONCE = 0.01  # seconds


def bound(manager: PoolManager, longest: int = LONGEST) -> None:
    """Let the manager open connections with bounded answers from here on; not for managers of SOCKS.

    `longest`: bytes that an answer may have.
    """
    plain: Any = partial(_PlainPool, longest=longest)
    secure: Any = partial(_SecurePool, longest=longest)
    manager.pool_classes_by_scheme = {"http": plain, "https": secure}


class _Line(io.RawIOBase):
    """What comes over a socket for one answer, which has begun: its time is the socket's time-out."""

    def __init__(self, line: socket.socket, file: io.RawIOBase, longest: int) -> None:
        #: It keeps the socket open until it is closed itself, also where the connection has let it go.
        self._file = file
        self._line, self._seconds = line, line.gettimeout()
        self._until = monotonic() + (self._seconds or 0.0)
        self._left = longest

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, or will come in time. Raises OSError."""
        count = self._line.recv_into(buffer) if self._early() else self._read(buffer)
        self._left -= count
        if self._left < 0:
            raise OSError("the answer is too long")
        return count

    def _early(self) -> bool:
        """Whether the socket's own time-out will do: nearly always, for most answers come in one piece.

        gevent and the standard library differ in what the time-out of a read over TLS is one of.
        """
        early = self._seconds is not None and self._until - monotonic() > self._seconds - AT_ONCE
        return early and not hasattr(self._line, "pending")

    def _read(self, buffer: Any) -> int:
        self._line.settimeout(0.0)
        try:
            return self._wait(buffer)
        finally:
            # The next call is sent with it.
            self._line.settimeout(self._seconds)

    def _wait(self, buffer: Any) -> int:
        while True:
            with suppress(BlockingIOError, SSLWantReadError):
                return self._line.recv_into(buffer)
            left = self._until - monotonic()
            if left <= 0 or not wait_for_read(self._line, left):
                raise TimeoutError("the answer takes too long")

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        super().close()


class _Reader(io.BufferedReader):
    """A line that makes no room for what will not be read to its end."""

    def __init__(self, line: _Line, longest: int) -> None:
        super().__init__(line)
        self._longest = longest

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as always. Raises OSError if more is asked for than an answer may have."""
        if size is not None and size > self._longest:
            raise OSError("the answer is too long")
        return super().read(size)


class _Answer(HTTPResponse):
    """An answer within its bounds."""

    def __init__(self, sock: socket.socket, *args: Any, longest: int, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = _Reader(_Line(sock, self.fp.detach(), longest), longest)

    def begin(self) -> None:
        """Read the headers, and forget that the body is compressed.

        Nobody has asked for that; of 64 KiB it can make 64 MiB, and so it is read as what it is not: JSON.
        """
        super().begin()
        del self.headers["Content-Encoding"]


def _within(longest: int) -> Any:
    """What a connection makes its answers by."""
    return partial(_Answer, longest=longest)


class _Plain(HTTPConnection):
    def __init__(self, *args: Any, longest: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.response_class = _within(longest)

    def connect(self) -> None:
        """Connect. Raises ConnectTimeoutError."""
        began = monotonic()
        super().connect()
        _refuse_late(self, began)


class _Secure(HTTPSConnection):
    def __init__(self, *args: Any, longest: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.response_class = _within(longest)

    def connect(self) -> None:
        """Connect. Raises ConnectTimeoutError."""
        began = monotonic()
        super().connect()
        _refuse_late(self, began)


def _refuse_late(connection: HTTPConnection, began: float) -> None:
    """Refuse to send what would be late: a time-out is one of each address of a host, not of its name."""
    if connection.timeout is not None and monotonic() - began > connection.timeout:
        connection.close()
        raise ConnectTimeoutError(connection, "Connecting took too long.")


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure
