"""The stream: what changes, told to whoever looks on."""

import time
from collections.abc import Generator, Iterator
from typing import Any, cast

from flask import Response, current_app, request

from schemas.stream_api import Event, Resumption, StreamQuery
from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage.changes import LATEST, Wanted
from webhook_app.web.api.positions import read_filter
from webhook_app.web.api.routing import noun, route
from webhook_app.web.auth import caller
from webhook_app.web.feed import BEHIND, Feed, Full, Viewer
from webhook_app.web.front import front
from webhook_app.web.refusals import deny

blueprint = noun("stream", "What changes, as it changes.")
MEDIA = "text/event-stream"
HEADERS = {
    "Content-Type": f"{MEDIA}; charset=utf-8",
    # Neither kept nor compressed: an event is to arrive at once.
    "Cache-Control": "no-cache, no-transform",
    # Nginx would gather it.
    "X-Accel-Buffering": "no",
}
#: First bytes at once, and how long a browser waits before it comes back.
OPENING = b": readmark\nretry: 2000\n\n"
#: The longest silence; routers end connections that say nothing for a minute.
SILENCE = 15.0  # seconds
FULL = "As many look on as this process serves; come back, or ask again and again with If-None-Match."
LATER = {503: "As many look on as one process serves, or the database cannot be reached."}


@route(
    blueprint,
    "/stream",
    scope="read",
    bound=True,
    query=StreamQuery,
    answer=Event,
    headers=Resumption,
    media=MEDIA,
    later=LATER,
)
def stream(updated_since: int | None = None, **filters: Any) -> Response:
    """Follow what changes

    Server-sent events, within a second of the change: `position` with an item of `GET /read-positions`,
    `mark` with one of `GET /marks`, `rate-limit` with one of `GET /rate-limits`. A `position` that an
    operator has set has `"corrected": true`: it replaces what was known, also backwards; others are merged by
    the greater `cursor`.

    `id` is a time. A connection that breaks is resumed by `Last-Event-ID`, as browsers do: nothing is missed,
    and some of it comes again. Who begins without one is told what has changed in the last 10 s.
    """
    wanted = _wanted(**filters)
    if request.method == "HEAD":
        return Response(iter(()), headers=HEADERS)
    environ = request.environ
    feed = cast(Feed, current_app.extensions["readmark.feed"])
    viewer = Viewer(caller().token.id, wanted, environ.get("readmark.hang_up", lambda: None))
    try:
        feed.join(viewer, environ.get("readmark.shutdown"))
    except Full:
        deny(503, FULL, {"Retry-After": "5"})
    last = request.headers.get("Last-Event-ID")
    known = int(last) if last else updated_since
    begin = feed.looked_at - LATEST if known is None else _back(known, feed.looked_at) - BEHIND
    response = Response(_events(feed, viewer, begin), headers=HEADERS)
    response.call_on_close(lambda: feed.leave(viewer))
    return response


def _back(known: int, now: int) -> int:
    """Where to go on: a time that lies ahead is of a clock put back since, and so as far behind."""
    return min(known, 2 * now - known)


def _wanted(**filters: Any) -> Wanted | None:
    """What the query asks for; None if for everything."""
    found = read_filter(**filters, limit=1)
    bound = caller().token.account
    if (found.reader, found.peer) == (None, None) and set(found.platforms) == set(front().platforms):
        return None
    own = bound[1] if bound else None
    return Wanted(tuple(sorted(found.platforms)), found.reader, found.peer, own)


def _events(feed: Feed, viewer: Viewer, begin: int) -> Iterator[bytes]:
    """What has changed since the beginning, and then what changes, until the viewer is to end."""
    yield OPENING
    viewer.place = feed.ring.place(begin)
    try:
        while viewer.place is None and not viewer.ended:
            begin = yield from _catch_up(feed, viewer, begin)
    except DatabaseUnavailable:
        return  # it comes back, and says what it has
    yield from _news(feed, viewer)


def _catch_up(feed: Feed, viewer: Viewer, begin: int) -> Generator[bytes, None, int]:
    """Page by page what has changed since, and then on with the feed; if that has gone too far, once more."""
    place = None
    for page in feed.past.walk(begin, feed.looked_at, viewer.wanted):
        if place is None:
            place, begin = page.feed_place, page.now - BEHIND
        yield from page.tick.pieces(viewer.wanted)
        if viewer.ended:
            return begin
    if place is not None and place >= feed.ring.first:
        viewer.place = place
    return begin


def _news(feed: Feed, viewer: Viewer) -> Iterator[bytes]:
    beat_at = time.monotonic()
    while not viewer.ended and viewer.place is not None:
        viewer.news.clear()
        ticks = feed.ring.after(viewer.place)
        for tick in ticks:
            for piece in tick.pieces(viewer.wanted):
                yield piece
                beat_at = time.monotonic() + SILENCE
            viewer.place += 1
        if ticks or viewer.ended:
            continue
        if time.monotonic() >= beat_at:
            # Whom nothing concerns learns all the same how far it is.
            yield b":\nid: %d\n\n" % feed.looked_at
            beat_at = time.monotonic() + SILENCE
        viewer.news.wait(beat_at - time.monotonic())
