"""The signs of life in the tables, for whoever examines an installation."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from webhook_app.storage import sql
from webhook_app.storage.counts import last_minute
from webhook_app.storage.database import schema_version
from webhook_app.storage.glances import count_quarantine
from webhook_app.storage.migrations import KNOWN
from webhook_app.storage.outbox import OutboxNumbers, count_outbox, last_seen

MINUTE = 60_000  # milliseconds


class Signs(NamedTuple):
    """What the tables tell. Times are milliseconds since 1970."""

    #: By the database's clock.
    now: int
    schema: str
    #: Whether this release knows it; an unknown one is of a newer release.
    known: bool
    #: When a dispatcher was last seen, anywhere; None if never.
    dispatcher: int | None
    outbox: OutboxNumbers
    #: The minute of the last delivery, by platform.
    deliveries: dict[str, int]
    quarantine: int


def read_signs(connection: Connection, platforms: Iterable[str]) -> Signs:
    """Read the tables."""
    minutes = {name: last_minute(connection, f"deliveries|{name}") for name in platforms}
    schema = schema_version(connection) or ""
    return Signs(
        connection.execute(select(sql.now_ms())).scalar_one(),
        schema,
        schema in KNOWN,
        last_seen(connection),
        count_outbox(connection),
        {name: minute * MINUTE for name, minute in minutes.items() if minute is not None},
        count_quarantine(connection),
    )
