"""Gzip for texts of the desk: a page over a phone's connection is there sooner.

The standard library's, because Flask-Compress brings brotli and zstandard along, two native packages, for a
page of a few KiB. The webhooks are not behind the desk: what a platform gets is never compressed.
"""

import gzip

from flask import Response, request

#: Streams and exports are of other types.
TYPES = frozenset(
    {
        "text/html",
        "text/css",
        "text/javascript",
        "application/javascript",
        "application/json",
        "image/svg+xml",
    }
)
#: Below so many bytes it saves no packet.
LEAST = 1024
LEVEL = 5


def compress(response: Response) -> Response:
    """Compress an answer for who takes it, and say that answers differ by who asks.

    A compressed answer is another representation, so its validator becomes a weak one; that of a 304 too.
    """
    if response.mimetype not in TYPES or (response.is_streamed and not response.direct_passthrough):
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0 or "Content-Encoding" in response.headers:
        return response
    if response.status_code == 304:
        _weaken(response)
    elif response.status_code not in (206, 416):
        _pack(response)
    return response


def _pack(response: Response) -> None:
    # A file would be handed to the server as it is.
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) < LEAST:
        return
    response.set_data(gzip.compress(body, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    _weaken(response)


def _weaken(response: Response) -> None:
    tag, _ = response.get_etag()
    if tag is not None:
        response.set_etag(tag, weak=True)
