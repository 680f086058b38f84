"""Reads a request's body within a size and a time."""

import sys
from collections.abc import Callable
from typing import Any

#: X's largest deliveries are a few KiB.
MOST_BYTES = 1 << 20
#: A delivery is a few KiB from a data centre; who takes longer only holds a connection.
MOST_SECONDS = 10.0
#: Bytes read at a time.
PIECE = 1 << 13


class BadBody(Exception):
    """The body is not taken, and why; `status` is the HTTP status that says so, `reason` is counted."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.reason = {408: "body too late", 413: "body too long"}.get(status, "body broken")
        super().__init__(message)


class _TookTooLong(Exception):
    """The time is over."""


def check_length(environ: dict[str, Any], most: int = MOST_BYTES) -> int | None:
    """Return the Content-Length, if there is one. Raises BadBody: 413 over `most`, 400 for no number."""
    length = _length(environ.get("CONTENT_LENGTH"))
    if length is not None and length > most:
        raise BadBody(413, f"The body has more than {most} bytes.")
    return length


def read_body(environ: dict[str, Any], most: int = MOST_BYTES, seconds: float = MOST_SECONDS) -> bytes:
    """Return the whole body of a WSGI request.

    Raises BadBody: 413 if it is longer than `most` bytes, 408 if it takes longer than `seconds`, 400 if it
    ends before its Content-Length.
    """
    length = check_length(environ, most)
    if length is None and not environ.get("wsgi.input_terminated"):
        return b""
    stream = environ["wsgi.input"]
    try:
        body = _within(seconds, stream, most + 1 if length is None else length)
    except _TookTooLong:
        raise BadBody(408, f"The body did not arrive within {seconds:g} seconds.") from None
    except OSError:
        raise BadBody(400, "The body cannot be read.") from None
    if len(body) > most:
        raise BadBody(413, f"The body has more than {most} bytes.")
    if length is not None and len(body) < length:
        raise BadBody(400, "The body is shorter than its Content-Length.")
    return body


def _length(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadBody(400, "The Content-Length is not a number.")
    return int(text[:20])


def _read(stream: Any, wanted: int, breathe: Callable[[], object]) -> bytes:
    """Read until `wanted` bytes or the end, piece by piece.

    A body in a million chunks takes seconds to put together, and others want an answer meanwhile.
    """
    pieces, left = [], wanted
    while left > 0:
        piece: bytes = stream.read(min(left, PIECE))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
        if left > 0:
            breathe()
    return b"".join(pieces)


def _within(seconds: float, stream: Any, wanted: int) -> bytes:
    """Under gevent a time-out; elsewhere (tests, flask run) the server's own time-outs hold."""
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("socket"):
        return _read(stream, wanted, lambda: None)
    from gevent import Timeout, sleep  # gevent is there only under gunicorn

    with Timeout(seconds, _TookTooLong):
        return _read(stream, wanted, lambda: sleep(0))
