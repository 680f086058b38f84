"""Messages: who has read one."""

from typing import Any

from schemas.api import Readers, ReadersQuery
from webhook_app.storage.positions import readers_of
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, read_page, value
from webhook_app.web.auth import only_own
from webhook_app.web.current import platform_named, store

blueprint = noun("messages", "Who has read a message.")


@route(
    blueprint,
    "/messages/<platform>/<peer>/<message>/readers",
    scope="read",
    bound=True,
    query=ReadersQuery,
    answer=Readers,
)
def readers(
    platform: str, peer: str, message: str, limit: int, reader: str | None = None, page: str | None = None
) -> dict[str, Any]:
    """Tell who has read a message and who has not

    By the time of the message: who has read this peer's messages up to then or further has read it. Known
    are the readers who have a read position with this peer. Where a platform numbers the messages of all
    conversations together and a conversation is of two, only the addressee has received the message:
    narrow with `reader`.
    """
    there = platform_named(platform)
    peer, cursor = value("peer", there.reader, peer), value("message", there.cursor, message)
    reader = None if reader is None else value("reader", there.reader, reader)
    only_own(platform, peer, reader)
    after = str((read_page(page, str) or ("",))[0])
    found = store().read(lambda c: readers_of(c, platform, peer, cursor, reader, after, limit + 1))
    rows, next_page = cut(found, limit, lambda row: row[:1])
    return {
        "read": [
            {"reader": who, "cursor": there.show(at), "read_at": when}
            for who, at, when in rows
            if when is not None
        ],
        "unread": [{"reader": who, "cursor": there.show(at)} for who, at, when in rows if when is None],
        "next_page": next_page,
    }
