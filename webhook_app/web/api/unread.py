"""What is not read yet: listed by reader and peer, the oldest first."""

from itertools import chain
from typing import Any

from schemas.unread_api import UnreadPage, UnreadQuery
from webhook_app.platforms.parties import read_parties
from webhook_app.storage.unread import Unread, UnreadFilter
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import page_token, read_page
from webhook_app.web.auth import only_own
from webhook_app.web.current import platform_named, services
from webhook_app.web.front import front
from webhook_app.web.unread import age, oldest_unread

blueprint = noun("unread messages", "Which messages wait to be read, and since when.")


@route(blueprint, "/unread", scope="read", bound=True, query=UnreadQuery, answer=UnreadPage)
def unread(
    limit: int,
    platform: str | None = None,
    reader: str | None = None,
    peer: str | None = None,
    page: str | None = None,
) -> dict[str, Any]:
    """List what is not read

    One item a reader and peer with messages that the reader has not read; the one whose message has been
    waiting longest comes first. A page may be short, or empty, although there is a next one.
    """
    platforms, reader, peer = read_parties(front().platforms, platform, reader, peer)
    only_own(platform, reader, peer)
    # A message, a reader and a peer of each platform.
    flat = iter(read_page(page, *(int, str, str) * len(platforms)))
    after: Any = tuple(zip(flat, flat, flat, strict=True))
    rows, places = oldest_unread(UnreadFilter(platforms, reader, peer, after, limit))
    now = services().clock()
    next_page = None if places is None else page_token(tuple(chain.from_iterable(places)))
    return {"items": [show_unread(row, now) for row in rows], "next_page": next_page}


def show_unread(row: Unread, now: int) -> dict[str, Any]:
    """An unread conversation as the API shows it; its times are still numbers."""
    there = platform_named(row.platform)
    return {
        "platform": row.platform,
        "reader": row.reader,
        "peer": row.peer,
        "message": there.show(row.message),
        "sent_at": there.moment(row.message),
        "age_seconds": age(row.platform, row.message, now),
        "latest": there.show(row.latest),
        "count": row.count,
        "reader_name": row.reader_name or None,
        "peer_name": row.peer_name or None,
    }
