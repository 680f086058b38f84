"""Read positions and history as the outside sees them, cheaply enough for millions of rows."""

from typing import Any

from schemas.api_fields import show_time
from webhook_app.domain.position import Mark, ReadPosition
from webhook_app.platforms import Platform


def time_to_read(platform: Platform, cursor: int, read_at: int) -> tuple[int | None, float | None]:
    """When a message was sent, in milliseconds since 1970, and the seconds until it was read.

    None where the id does not tell; the seconds also where the message would have been read before.
    """
    sent_at = platform.moment(cursor)
    return sent_at, None if sent_at is None or sent_at > read_at else (read_at - sent_at) / 1000


def position_row(platform: Platform, row: ReadPosition) -> dict[str, Any]:
    """A position as the API's JSON has it."""
    return {
        **history_row(platform, Mark(*row[:5])),
        "updated_at": show_time(row.updated_at),
        "reader_name": row.reader_name or None,
        "peer_name": row.peer_name or None,
    }


def history_row(platform: Platform, row: Mark) -> dict[str, Any]:
    """A mark of the history, with the fields that a position has of it."""
    sent_at, waited = time_to_read(platform, row.cursor, row.read_at)
    return {
        "platform": row.platform,
        "reader": row.reader,
        "peer": row.peer,
        "cursor": platform.show(row.cursor),
        "read_at": show_time(row.read_at),
        "sent_at": None if sent_at is None else show_time(sent_at),
        "seconds_to_read": waited,
    }
