"""A small application whose every path shows the host one kind of behaviour."""

import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent

from webhook_app.gunicorn_worker import ReadmarkWorker, Shutdown

Answer = Iterable[bytes]


class HastyWorker(ReadmarkWorker):
    """The worker with little patience, so that its tests are short."""

    header_seconds = 0.5
    piece_seconds = 1
    quit_seconds = 0.5


class App:
    """A WSGI application that is told about the process's end like ours."""

    def __init__(self) -> None:
        self.extensions = {"readmark.start": self.started}
        self.waiting = 0

    def started(self, shutdown: Shutdown) -> None:
        """Ask to be called at the end."""
        shutdown.call(self.flush)

    def flush(self) -> None:
        """Take a moment, as writing does, and tell."""
        gevent.sleep(0.1)
        print("flushed", file=sys.stderr, flush=True)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
        path = environ["PATH_INFO"].strip("/") or "hello"
        if path == "fails":
            raise ValueError(f"no luck with {environ['QUERY_STRING']}")
        answer: Answer = getattr(self, path)(environ)
        headers = [("Content-Length", str(len(answer[0])))] if isinstance(answer, list) else []
        start_response("200 OK", headers)
        return answer

    def hello(self, environ: dict[str, Any]) -> Answer:
        """Answer at once, without a look at the body."""
        return [b"hello"]

    def process(self, environ: dict[str, Any]) -> Answer:
        """Tell which process answers."""
        return [str(os.getpid()).encode()]

    def files(self, environ: dict[str, Any]) -> Answer:
        """Tell how many files this process may open."""
        return [str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]).encode()]

    def body(self, environ: dict[str, Any]) -> Answer:
        """Read the whole body."""
        return [str(len(environ["wsgi.input"].read())).encode()]

    def stream(self, environ: dict[str, Any]) -> Iterator[bytes]:
        """Go on until the process ends."""
        yield b"begun\n"
        environ["readmark.shutdown"].wait()
        yield b"done\n"

    def flood(self, environ: dict[str, Any]) -> Iterator[bytes]:
        """Send more than anybody takes, until it fails."""
        self.waiting += 1
        try:
            while True:
                yield bytes(1 << 20)
        finally:
            self.waiting -= 1

    def stubborn(self, environ: dict[str, Any]) -> Iterator[bytes]:
        """The same, but hang up at the end of the process."""
        environ["readmark.shutdown"].call(environ["readmark.hang_up"])
        return self.flood(environ)

    def slow(self, environ: dict[str, Any]) -> Answer:
        """Answer a moment after the process has begun to end."""
        self.waiting += 1
        environ["readmark.shutdown"].wait()
        gevent.sleep(0.3)
        return [b"answered"]

    def stuck(self, environ: dict[str, Any]) -> Answer:
        """Never answer."""
        self.waiting += 1
        gevent.sleep(3600)
        return [b"never"]

    def in_flight(self, environ: dict[str, Any]) -> Answer:
        """Tell how many slow requests this process has in hand."""
        return [str(self.waiting).encode()]

    def breaks(self, environ: dict[str, Any]) -> Iterator[bytes]:
        """Break after the answer has begun."""
        yield b"begun\n"
        raise ValueError(f"no luck with {environ['QUERY_STRING']}")

    def forgets(self, environ: dict[str, Any]) -> Answer:
        """Start something that breaks later."""
        gevent.spawn(self.in_flight, *environ["QUERY_STRING"])
        return [b"forgotten"]


app = App()
