"""The gunicorn worker: gevent's, with deadlines for requests, and an end that waits for nobody idle.

gunicorn's gevent worker has one time-out, `keepalive`, for the silence between requests and the arrival of a
header alike, and at SIGTERM it waits for every connection, idle ones included. Here, at SIGTERM:

1. Nothing more is accepted, idle connections are closed, and the application is told, so that streams end.
2. What is arriving has `last_read_seconds` more to arrive.
3. The process leaves when the last request is answered and the last callback has returned.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.select import select
from gevent.server import StreamServer
from gunicorn import util
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    ExpectationFailed,
    InvalidChunkExtension,
    InvalidChunkSize,
    LimitRequestHeaders,
    NoMoreData,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.parser import RequestParser
from gunicorn.workers.ggevent import GeventWorker

from webhook_app.gunicorn_connection import Connection, Patience, hang_up

#: Seconds in which to leave by ourselves before gunicorn's master kills, at `graceful_timeout`.
MASTER_MARGIN = 3

#: The client went away, dawdled or broke off: nobody's fault here, and nobody left to be told.
CLIENT_GONE = (
    ConnectionError,
    TimeoutError,
    NoMoreData,
    InvalidChunkSize,
    InvalidChunkExtension,
    ChunkMissingTerminator,
)

#: What a request that cannot be parsed is answered, where it is not 400.
REFUSALS = {
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


class Shutdown:
    """What the application finds as `environ["readmark.shutdown"]`: whether this process is about to end."""

    def __init__(self) -> None:
        self._event = Event()
        self._callbacks: list[Callable[[], object]] = []
        self._running: list[Any] = []

    def is_set(self) -> bool:
        """Return whether the end has begun; streams then stop."""
        return bool(self._event.is_set())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end to begin, at most so many seconds, and return whether it has."""
        return bool(self._event.wait(timeout))

    def call(self, callback: Callable[[], object]) -> None:
        """Call this once when the end begins, in a greenlet of its own, which the process waits for."""
        if self.is_set():
            self._running.append(gevent.spawn(callback))
        else:
            self._callbacks.append(callback)

    def begin(self) -> None:
        """Begin the end: wake all who wait and start the callbacks. A second time changes nothing."""
        self._event.set()
        callbacks, self._callbacks = self._callbacks, []
        self._running += [gevent.spawn(callback) for callback in callbacks]

    @property
    def busy(self) -> bool:
        """Whether a callback still runs."""
        return not all(greenlet.ready() for greenlet in self._running)


class ReadmarkWorker(GeventWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """A gevent worker that bounds every wait for a client and ends quickly at SIGTERM."""

    #: Seconds for a header to arrive.
    header_seconds: float = 10
    #: Seconds for a client to take a piece of an answer, or to send one of a body.
    piece_seconds: float = 30
    #: Seconds after SIGTERM in which requests that have begun to arrive may finish arriving.
    last_read_seconds: float = 2
    #: Seconds that are left to all when somebody asks with SIGINT or SIGQUIT, at a terminal for instance.
    quit_seconds: float = 3
    #: Seconds that the application has to put away its things.
    stop_seconds: float = 2
    hurried: bool = False
    wsgi: Any

    def load_wsgi(self) -> None:
        """Load the application, and call its `extensions["readmark.start"]`, if any, with the `Shutdown`.

        Its `extensions["readmark.stop"]` is called when the last request has been answered.
        """
        super().load_wsgi()
        self.patience = Patience(self.cfg.keepalive, self.header_seconds, self.piece_seconds)
        self.connections: set[Connection] = set()
        self.shutdown = Shutdown()
        # gevent would print tracebacks, with whatever their messages hold, over many lines.
        gevent.get_hub().print_exception = self._report
        application = self.wsgi

        def with_shutdown(environ: dict[str, Any], start_response: Any) -> Any:
            environ["readmark.shutdown"] = self.shutdown
            environ["readmark.hang_up"] = partial(hang_up, environ["gunicorn.socket"])
            return application(environ, start_response)

        self.wsgi = with_shutdown
        extensions = getattr(application, "extensions", {})
        self.stop = extensions.get("readmark.stop", lambda: None)
        start = extensions.get("readmark.start")
        if start is not None:
            start(self.shutdown)

    def run(self) -> None:
        """Serve until SIGTERM, then end; called by gunicorn in the forked process."""
        servers = [self._listen(listener) for listener in self.sockets]
        while self.alive:
            self.notify()
            # The pipe that Python writes to at a signal: it is seen at once, not at the next beat.
            if select([self.PIPE[0]], [], [], 1.0)[0]:
                os.read(self.PIPE[0], 4096)
        self._end(servers)
        with gevent.Timeout(self.stop_seconds, False):
            self.stop()

    def handle_quit(self, sig: int, frame: object) -> None:
        """End as at SIGTERM, but soon; gunicorn's own exits in a greenlet, and hangs if called twice."""
        self.hurried = True
        self.alive = False

    def _listen(self, listener: Any) -> Any:
        name = listener.getsockname()

        def converse(sock: Any, address: Any) -> None:
            self._converse(name, sock, address)

        server = StreamServer(listener, handle=converse, spawn=Pool(self.worker_connections))
        if self.cfg.workers > 1:
            server.max_accept = 1  # at a time, so that the workers share
        server.start()
        return server

    def _converse(self, listener: Any, sock: Any, address: Any) -> None:
        """Serve one connection from accept to close, whatever happens on it."""
        connection = Connection(sock, self.patience)
        self.connections.add(connection)
        try:
            self._answer_all(connection, listener, address)
        except (StopIteration, *CLIENT_GONE) as exc:
            if isinstance(exc, TimeoutError) and not connection.waiting and connection.request is None:
                self._refuse(connection, HTTPStatus.REQUEST_TIMEOUT)
        except ParseException as exc:
            # Its message would quote the request line, query string and all.
            self.log.info("bad request", extra={"reason": type(exc).__name__, "ip": address[0]})
            self._refuse(connection, REFUSALS.get(type(exc), HTTPStatus.BAD_REQUEST))
        except Exception:
            self.log.exception("request failed")
            self._refuse(connection, HTTPStatus.INTERNAL_SERVER_ERROR)
        finally:
            self.connections.discard(connection)
            util.close(sock)

    def _answer_all(self, connection: Connection, listener: Any, address: Any) -> None:
        """Answer requests until the client closes, which raises StopIteration, or we want to."""
        parser = RequestParser(self.cfg, connection, address)
        wanted = True
        while wanted:
            connection.expect(begun=parser.unreader.buf.tell() > 0)
            connection.take(next(parser))
            try:
                self.handle_request(listener, connection.request, connection.sock, address)
            except StopIteration:
                wanted = False
            if not connection.skip_body(parser):
                connection.close_after_answer()
                return
            wanted = wanted and self.alive

    def _refuse(self, connection: Connection, status: HTTPStatus) -> None:
        try:
            util.write_error(connection.sock, status.value, status.phrase, "")
            connection.close_after_answer()
        except OSError:
            pass  # gone already

    def _end(self, servers: list[Any]) -> None:
        for server in servers:
            server.close()
        self.shutdown.begin()
        for connection in self.connections:
            if connection.request is not None:
                connection.request.force_close()  # its answer then says so
        began = time.monotonic()
        while self.shutdown.busy or any(len(server.pool) for server in servers):
            seconds = time.monotonic() - began
            if seconds > (self.quit_seconds if self.hurried else self.cfg.graceful_timeout - MASTER_MARGIN):
                self.log.warning("ended unfinished", extra={"connections": len(self.connections)})
                return
            for connection in list(self.connections):
                if connection.waiting or seconds > self.last_read_seconds:
                    connection.stop_reading()
            self.notify()
            gevent.sleep(0.02)

    def _report(self, context: object, kind: Any, value: Any, traceback: Any) -> None:
        """Log what killed a greenlet; gevent's hub calls this."""
        self.log.error("greenlet failed", exc_info=(kind, value, traceback))
