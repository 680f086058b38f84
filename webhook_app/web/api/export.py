"""Exports: all positions, or all of the history, streamed."""

import logging
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from flask import Response, request

from schemas.api import ExportQuery
from webhook_app.errors import DatabaseUnavailable, NotFound
from webhook_app.export import FIELDS, FORMATS, Export
from webhook_app.platforms.parties import read_parties
from webhook_app.web.api.routing import TEXT, noun, route
from webhook_app.web.auth import only_own
from webhook_app.web.current import services
from webhook_app.web.front import Environ, front

logger = logging.getLogger(__name__)
blueprint = noun("exports", "Everything at once, for notebooks, spreadsheets and other databases.")
#: A socket that is closed with this resets its connection.
RESET = struct.pack("ii", 1, 0)


def export(what: str, format: str, **query: Any) -> Response:
    """Export all read positions, or all of the history

    Ordered by platform, reader and peer, and history by message. A row of `positions` is a position as the
    lists have it; one of `history` has `platform`, `reader`, `peer`, `cursor`, `read_at`, `sent_at` and
    `seconds_to_read`.

    `ndjson` is a JSON object a line. `csv` is a header line and a line a row; before a name that a
    spreadsheet would take for a formula, as it begins with `=`, `+`, `-`, `@`, a tab or a line's end, stands
    an apostrophe.

    It may be of any length. What changes meanwhile is in it or not. An answer that breaks off (the database
    fails, the process ends) has not ended as HTTP wants it, and the client reports an error: ask again.
    """
    if what not in FIELDS or format not in FORMATS:
        raise NotFound("There is no such export.")
    parties = read_parties(front().platforms, *(query.get(name) for name in ("platform", "reader", "peer")))
    only_own(query.get("platform"), parties.reader, parties.peer)
    here = services()
    wanted = Export(here.store, here.platforms, what, format, parties)
    rows = iter(()) if request.method == "HEAD" else _stream(wanted, request.environ)
    headers = {
        "Content-Type": FORMATS[format],
        "Content-Disposition": f'attachment; filename="readmark-{what}.{format}"',
        "Cache-Control": "no-store",
    }
    return Response(rows, headers=headers)


route(
    blueprint, "/export/<what>.<format>", scope="read", bound=True, query=ExportQuery, media=FORMATS["ndjson"]
)(blueprint.alt_response(200, schema=TEXT, content_type=FORMATS["csv"], success=True)(export))


def _stream(wanted: Export, environ: Environ) -> Iterator[bytes]:
    """The chunks, begun: where the first cannot be read, there is still time to say so."""
    chunks = wanted.chunks()
    first = next(chunks, (0, b""))
    return _whole_or_broken(wanted, chain([first], chunks), environ)


def _whole_or_broken(
    wanted: Export, chunks: Iterator[tuple[int, bytes]], environ: Environ
) -> Iterator[bytes]:
    """The chunks; unless it comes to their end, the connection breaks.

    Raises ConnectionAbortedError if the database fails, or when the process ends.
    """
    shutdown, give_way = environ.get("readmark.shutdown"), wanted.store.database.concurrency.pause
    whole = False
    try:
        for _, chunk in chunks:
            if shutdown is not None and shutdown.is_set():
                raise ConnectionAbortedError("The process ends.")
            if chunk:
                yield chunk
            give_way(0)
        whole = True
    except (ConnectionAbortedError, DatabaseUnavailable) as error:
        logger.warning("export of %s broken off: %s", wanted.what, error)
        raise ConnectionAbortedError(str(error)) from error
    finally:
        if not whole:
            _reset(environ.get("gunicorn.socket"))


def _reset(sock: Any) -> None:
    """Let a connection end in a reset: to a client of HTTP/1.0 a mere close is the end of the answer."""
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
