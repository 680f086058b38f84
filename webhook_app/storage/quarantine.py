"""The quarantine: what was signed and could not be understood; listed, read, discarded."""

from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, delete, select

from webhook_app.storage import tables as t


class Quarantined(NamedTuple):
    """A delivery, or a part of one, that waits for somebody to look at it."""

    id: int
    platform: str
    #: Milliseconds since 1970.
    received_at: int
    #: marshmallow's messages.
    errors: dict[str, Any]
    body: bytes


q = t.quarantine.c
_columns = select(q.id, q.platform, q.received_at, q.errors, q.body)


def _row(row: Any) -> Quarantined:
    return Quarantined(row.id, row.platform, row.received_at, orjson.loads(row.errors), bytes(row.body))


def list_quarantine(connection: Connection, after: int, limit: int) -> list[Quarantined]:
    """At most `limit` rows with a greater id, oldest first."""
    rows = connection.execute(_columns.where(q.id > after).order_by(q.id).limit(limit))
    return [_row(row) for row in rows]


def one_quarantined(connection: Connection, row_id: int) -> Quarantined | None:
    """The row of that id."""
    row = connection.execute(_columns.where(q.id == row_id)).one_or_none()
    return _row(row) if row else None


def discard(connection: Connection, row_id: int) -> bool:
    """Delete a row; returns whether it was there."""
    return connection.execute(delete(t.quarantine).where(q.id == row_id)).rowcount > 0


def quarantined_ids(connection: Connection) -> list[int]:
    """The ids of all rows, oldest first."""
    return list(connection.scalars(select(q.id).order_by(q.id)))
