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
#: Rows deleted at once, roughly.
PIECE = 100_000


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
    """Delete a piece of the minutes before that one, the oldest; totals stay."""
    c = t.counts.c
    old = select(c.minute).where(c.minute > TOTAL, c.minute < before).order_by(c.minute)
    last = connection.scalar(old.offset(PIECE).limit(1))
    beyond = before if last is None else last + 1
    connection.execute(delete(t.counts).where(c.minute > TOTAL, c.minute < beyond))
