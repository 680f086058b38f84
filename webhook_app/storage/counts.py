"""Counts as rows: one per (name, minute), and one total."""

from collections import Counter

from sqlalchemy import Connection, delete, select

from webhook_app.domain.counts import Gathered
from webhook_app.storage import sql
from webhook_app.storage import tables as t

#: From what age on what comes is late: the figures may have been made without it.
LATE = 60_000  # milliseconds
#: The minute of the row that holds the total since the beginning.
TOTAL = 0


def write_counts(connection: Connection, dialect: str, gathered: Gathered, now: int) -> None:
    """Add what was gathered to the minutes and to the totals; what comes late is said to be."""
    rows: Gathered = Counter(gathered)
    for (name, _), n in gathered.items():
        rows[name, TOTAL] += n
    insert = sql.insert(dialect, t.counts)
    add = insert.on_conflict_do_update(
        index_elements=["name", "minute"], set_={"n": t.counts.c.n + insert.excluded.n}
    )
    # In one order everywhere, so that two processes cannot deadlock.
    connection.execute(add, [{"name": k[0], "minute": k[1], "n": n} for k, n in sorted(rows.items())])
    stale = sorted({minute for _, minute in gathered if (minute + 1) * 60_000 < now - LATE})
    if stale:
        connection.execute(t.stale_minutes.insert(), [{"minute": minute} for minute in stale])


def totals(connection: Connection) -> dict[str, int]:
    """Every name's total since the beginning."""
    c = t.counts.c
    rows = connection.execute(select(c.name, c.n).where(c.minute == TOTAL))
    return {row.name: row.n for row in rows}


def last_minute(connection: Connection, name: str) -> int | None:
    """The last minute in which something was counted under the name, in minutes since 1970."""
    c = t.counts.c
    query = select(c.minute).where(c.name == name, c.minute > TOTAL).order_by(c.minute.desc()).limit(1)
    return connection.scalar(query)


def drop_counts(connection: Connection, before: int) -> None:
    """Delete the minutes before that one; totals stay. Name by name, each by the primary key."""
    c = t.counts.c
    for name in totals(connection):
        connection.execute(delete(t.counts).where(c.name == name, c.minute > TOTAL, c.minute < before))
