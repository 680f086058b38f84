"""Glances at the quarantine that leave the bodies, of up to 1 MiB each, where they are."""

from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, LargeBinary, func, select

from webhook_app.storage import tables as t

#: Bytes of a body in a list.
EXCERPT = 200


class Glance(NamedTuple):
    """A quarantined row without its body."""

    id: int
    platform: str
    #: Milliseconds since 1970.
    received_at: int
    #: marshmallow's messages.
    errors: dict[str, Any]
    #: Bytes of the body.
    size: int
    #: How the body begins.
    excerpt: bytes


def glance_at_quarantine(connection: Connection, after: int, limit: int) -> list[Glance]:
    """At most `limit` rows with a greater id, oldest first."""
    q = t.quarantine.c
    excerpt = func.substr(q.body, 1, EXCERPT, type_=LargeBinary)
    query = select(q.id, q.platform, q.received_at, q.errors, func.length(q.body), excerpt)
    rows = connection.execute(query.where(q.id > after).order_by(q.id).limit(limit))
    return [
        # To SQLite the beginning of nothing is NULL.
        Glance(row_id, platform, at, orjson.loads(errors), size, bytes(begin or b""))
        for row_id, platform, at, errors, size, begin in rows
    ]


def count_quarantine(connection: Connection) -> int:
    """How many rows there are; at most 100 000."""
    return connection.scalar(select(func.count()).select_from(t.quarantine)) or 0
