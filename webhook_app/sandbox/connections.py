"""Connections that stay open between calls, as those to a platform do; Werkzeug's own close after each.

Werkzeug closes because it cannot know what a view has left unread of a body. Here the body is read before the
view is called, and the answer leaves in one piece.
"""

import socket
import struct
import threading
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Seconds that the threads of closed connections have to end.
_PATIENCE = 2.0


class Handler(WSGIRequestHandler):
    """One connection; says nothing of its calls: a demonstration shares its terminal with the consumer."""

    protocol_version = "HTTP/1.1"
    # Head and body leave together and at once; else each answer waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def make_environ(self) -> "WSGIEnvironment":
        """The environment of the request, whose body has been read to its end."""
        # "100 Continue" may be waiting, and for that the client with the body.
        self.wfile.flush()
        environ = super().make_environ()
        stream = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH", "")
        if environ.get("wsgi.input_terminated"):
            body = stream.read()
        else:
            body = stream.read(int(length)) if length.isdigit() else b""
        environ["wsgi.input"] = BytesIO(body)
        return environ

    def run_wsgi(self) -> None:
        """Answers one request; where the answer raises ConnectionResetError, resets the connection."""
        try:
            answer = Response.from_app(self.server.app, self.make_environ(), buffered=True)
        except ConnectionResetError:
            return self._reset()
        self.send_response_only(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.get_data())
        return self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Does nothing, on purpose."""

    def _reset(self) -> None:
        self.close_connection = True
        # To linger for no time is to answer with RST.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())


class Server(ThreadedWSGIServer):
    """A thread for each connection, and all of them known, so that they can be closed."""

    def __init__(self, host: str, port: int, app: Flask) -> None:
        super().__init__(host, port, app, Handler)
        self._open: set[Any] = set()
        self._changed = threading.Condition()

    def get_request(self) -> tuple[Any, Any]:
        """Accepts a connection."""
        connection, address = super().get_request()
        with self._changed:
            self._open.add(connection)
        return connection, address

    def close_request(self, request: Any) -> None:
        """The connection is over."""
        super().close_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def hang_up(self) -> None:
        """Closes all connections, also those on which a call is being answered."""
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, _PATIENCE)
