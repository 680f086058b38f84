"""Read positions: listed, and one with its history."""

from typing import Any

from schemas.api import PositionQuery, Positions, PositionWithHistory
from webhook_app.domain.position import ReadPosition
from webhook_app.errors import InvalidValue
from webhook_app.platforms.parties import read_parties
from webhook_app.platforms.rendering import time_to_read
from webhook_app.storage.positions import Filter, list_positions
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, read_page, value
from webhook_app.web.auth import only_own
from webhook_app.web.current import platform_named, store
from webhook_app.web.front import front

blueprint = noun("read positions", "Who has read whose messages, up to where.")


@route(
    blueprint, "/read-positions", scope="read", bound=True, query=PositionQuery, answer=Positions, etag=True
)
def read_positions(**query: Any) -> dict[str, Any]:
    """List read positions

    Ordered by platform, reader and peer; with `updated_since` by time, oldest first.
    """
    wanted = read_filter(**query)
    rows, next_page = cut(
        store().read(lambda connection: list_positions(connection, wanted)),
        query["limit"],
        lambda row: row[:3] if wanted.updated_since is None else (row.updated_at, *row[:3]),
    )
    return {"items": [show_position(row) for row in rows], "next_page": next_page}


@route(
    blueprint,
    "/read-positions/<platform>/<reader>/<peer>",
    scope="read",
    bound=True,
    answer=PositionWithHistory,
    etag=True,
)
def one_position(platform: str, reader: str, peer: str) -> dict[str, Any]:
    """Show one read position with its history"""
    there = platform_named(platform)
    reader, peer = value("reader", there.reader, reader), value("peer", there.reader, peer)
    only_own(platform, reader, peer)
    position, history = store().position((platform, reader, peer))
    steps = [{"cursor": there.show(cursor), "read_at": read_at} for cursor, read_at in history]
    return {**show_position(position), "history": steps}


def show_position(row: ReadPosition) -> dict[str, Any]:
    """A position as the API shows it; its times are still numbers."""
    there = platform_named(row.platform)
    sent_at, waited = time_to_read(there, row.cursor, row.read_at)
    return {
        "platform": row.platform,
        "reader": row.reader,
        "peer": row.peer,
        "cursor": there.show(row.cursor),
        "read_at": row.read_at,
        "sent_at": sent_at,
        "seconds_to_read": waited,
        "updated_at": row.updated_at,
        "reader_name": row.reader_name or None,
        "peer_name": row.peer_name or None,
    }


def read_filter(
    *,
    platform: str | None = None,
    reader: str | None = None,
    peer: str | None = None,
    before_message: str | None = None,
    updated_since: int | None = None,
    limit: int,
    page: str | None = None,
) -> Filter:
    """Read a query's values; who is bound to an account asks for its own. Raises InvalidValue."""
    platforms, reader, peer = read_parties(front().platforms, platform, reader, peer)
    before = None
    if before_message is not None:
        if platform is None:
            raise InvalidValue(
                "before_message", "This filter needs platform: messages are numbered per platform."
            )
        before = value("before_message", platform_named(platform).cursor, before_message)
    only_own(platform, reader, peer)
    after = read_page(page, str, str, str) if updated_since is None else read_page(page, int, str, str, str)
    return Filter(platforms, reader, peer, updated_since, before, after, limit + 1)
