"""What is not read yet, of all platforms together: the oldest first, by when it was sent."""

from collections.abc import Iterator
from heapq import merge

from webhook_app.storage.unread import START, Place, Stretch, Unread, UnreadFilter, walk_unread
from webhook_app.web.current import platform_named, store


def oldest_unread(wanted: UnreadFilter) -> tuple[list[Unread], tuple[Place, ...] | None]:
    """At most `limit` conversations; and where each platform goes on, None at the end of all.

    They may be fewer, or none, though there is more: so many ids are looked at and no more.
    """
    stretches = store().read(lambda connection: walk_unread(connection, wanted))
    rows: list[Unread] = []
    places = list(wanted.after or [START] * len(wanted.platforms))
    streams = (_stream(n, *which) for n, which in enumerate(zip(wanted.platforms, stretches, strict=True)))
    for _, n, place, row in merge(*streams):
        if len(rows) == wanted.limit:
            return rows, tuple(places)
        places[n] = place
        if row is None:
            # What comes next of this platform may be older than what is left of the others.
            return rows, tuple(places)
        rows.append(row)
    return rows, None


def age(platform: str, message: int, now: int) -> float | None:
    """Seconds since a message was sent; None if its id does not tell."""
    sent = platform_named(platform).moment(message)
    # A platform's clock may be ahead of ours.
    return None if sent is None else max(0, now - sent) / 1000


def _stream(n: int, platform: str, stretch: Stretch) -> Iterator[tuple[int, int, Place, Unread | None]]:
    """What is known of one platform, by time: its conversations, and if there are more, where they end."""
    moment = platform_named(platform).moment
    for row in stretch.items:
        yield moment(row.message) or 0, n, row.place, row
    if stretch.end is not None:
        yield moment(stretch.end[0]) or 0, n, stretch.end, None
