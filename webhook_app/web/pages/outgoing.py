"""Marks on their way out, and what may still be called, as the page tells it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from webhook_app.domain.outbox import OutboxRow, Status
from webhook_app.outbound import RateLimitRow
from webhook_app.storage.outbox import (
    MISSED,
    OutboxFilter,
    count_outbox,
    last_seen,
    list_due,
    list_outbox,
)
from webhook_app.storage.searching import Who, names_of

ROWS = 20


class Outgoing(NamedTuple):
    """Marks on their way out. Times are milliseconds since 1970."""

    waiting: int
    #: Since when the oldest waits.
    oldest: int
    failed: int
    #: When a dispatcher was last seen; None if never.
    seen: int | None
    #: Whether something waits and nobody seems to pass it on.
    stuck: bool
    #: Failed ones first.
    rows: list[OutboxRow]
    #: By (platform, id).
    names: dict[Who, str]


class Limit(NamedTuple):
    """A rate window and whose it is."""

    row: RateLimitRow
    name: str
    #: Used of it, in percent.
    part: float


def read_outgoing(connection: Any, platforms: Sequence[str], now: int) -> Outgoing:
    """Read the outbox: numbers, and the first rows of what has failed and what waits."""
    numbers, seen = count_outbox(connection), last_seen(connection)
    rows = list_outbox(connection, OutboxFilter(status=Status.FAILED, limit=ROWS))
    rows += list_due(connection, ROWS - len(rows)) if len(rows) < ROWS else []
    rows = [row for row in rows if row.platform in platforms]
    people = {(row.platform, person) for row in rows for person in (row.account, row.peer)}
    waiting = sum(numbers.waiting.values())
    return Outgoing(
        waiting,
        min(numbers.oldest.values(), default=now),
        sum(numbers.failed.values()),
        seen,
        waiting > 0 and (seen is None or now - seen >= MISSED),
        rows,
        names_of(connection, people),
    )


def read_limits(connection: Any, limits: Sequence[RateLimitRow]) -> list[Limit]:
    """The windows of which most is used, the fullest first."""
    fullest = sorted(limits, key=lambda row: (-_part(row), row[:3]))[:ROWS]
    names = names_of(connection, {row[:2] for row in fullest})
    return [Limit(row, names.get(row[:2], ""), _part(row)) for row in fullest]


def _part(row: RateLimitRow) -> float:
    return round(100 * row.used / max(1, row.limit), 1)
