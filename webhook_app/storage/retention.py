"""What may go after its time, in pieces small enough not to hold anybody up; and who may do it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, exists, select, tuple_

from webhook_app.storage import sql
from webhook_app.storage import tables as t

DAY = 86_400_000  # milliseconds
QUARANTINE_DAYS = 30
#: No lease is taken for so long: one that ends later was written by a clock that was ahead.
LONGEST_LEASE = 600_000  # milliseconds
#: Rows looked at in one transaction.
PIECE = 2000
#: The last key of a piece.
Place = tuple[str | int, ...]


def take_lease(connection: Connection, dialect: str, name: str, holder: str, milliseconds: int) -> bool:
    """Take or renew a lease, by the database's clock; returns whether the holder has it."""
    insert = sql.insert(dialect, t.leases).values(name=name, holder=holder, until=sql.now_ms() + milliseconds)
    over = (t.leases.c.until < sql.now_ms()) | (t.leases.c.until > sql.now_ms() + LONGEST_LEASE)
    take = insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
        where=(t.leases.c.holder == insert.excluded.holder) | over,
    )
    return connection.execute(take.returning(t.leases.c.name)).first() is not None


def give_lease(connection: Connection, name: str, holder: str) -> None:
    """Give a lease back, if the holder has it."""
    c = t.leases.c
    connection.execute(delete(t.leases).where(c.name == name, c.holder == holder))


def drop_history(connection: Connection, after: Place | None, before: int) -> Place | None:
    """Delete what is older than `before` among the next piece of the history; returns where to go on.

    The mark that a position stands on stays with it. A walk by key, because an index by time would cost
    every delivery more than a daily walk costs.
    """
    h, p = t.history.c, t.read_positions.c
    key = (h.platform, h.reader, h.peer, h.cursor)
    standing = exists(select(p.reader).where(*(p[column.name] == column for column in key)))
    return _walk(connection, t.history, key, after, h.read_at < before, ~standing)


def drop_read_messages(connection: Connection, after: Place | None) -> Place | None:
    """Delete the unread ids that a position has passed among the next piece; returns where to go on."""
    u, p = t.unread_messages.c, t.read_positions.c
    key = (u.platform, u.reader, u.peer, u.message)
    same = (p.platform == u.platform, p.reader == u.reader, p.peer == u.peer)
    return _walk(
        connection,
        t.unread_messages,
        key,
        after,
        exists(select(p.reader).where(*same, p.cursor >= u.message)),
    )


def drop_settled(connection: Connection, after: Place | None, before: int) -> Place | None:
    """Delete what was settled before `before` among the next piece of the outbox; returns where to go on."""
    o = t.outbox.c
    last = sql.greatest(o.accepted_at, o.last_sent_at, o.delivered_at)
    key = (o.platform, o.account, o.peer)
    return _walk(connection, t.outbox, key, after, o.due_at.is_(None), last < before)


def _walk(
    connection: Connection,
    table: Table,
    key: Sequence[Column[Any]],
    after: Place | None,
    *conditions: ColumnElement[bool],
) -> Place | None:
    """Delete what meets the conditions among the next rows by key; returns the last key of a full piece."""
    beyond = [tuple_(*key) > tuple_(*after)] if after is not None else []
    last = connection.execute(select(*key).where(*beyond).order_by(*key).offset(PIECE - 1).limit(1)).first()
    piece = [*beyond, tuple_(*key) <= tuple_(*last)] if last is not None else beyond
    connection.execute(delete(table).where(*piece, *conditions))
    return tuple(last) if last is not None else None


def drop_overflow(connection: Connection) -> None:
    """Forget how many messages were only counted, in conversations that are read to their end."""
    u, p = t.unread_overflow.c, t.read_positions.c
    same = (p.platform == u.platform, p.reader == u.reader, p.peer == u.peer, p.cursor >= u.latest)
    connection.execute(delete(t.unread_overflow).where(exists(select(p.reader).where(*same))))


def drop_expired(connection: Connection) -> int:
    """Delete a piece of what has expired by itself: quarantine, memories of the forgotten, login links."""
    old = select(t.quarantine.c.id).where(t.quarantine.c.received_at < sql.now_ms() - QUARANTINE_DAYS * DAY)
    gone = connection.execute(
        delete(t.quarantine).where(t.quarantine.c.id.in_(old.order_by(t.quarantine.c.id).limit(PIECE)))
    ).rowcount
    gone += connection.execute(delete(t.forgotten).where(t.forgotten.c.expires_at < sql.now_ms())).rowcount
    gone += connection.execute(
        delete(t.login_links).where(t.login_links.c.expires_at < sql.now_ms())
    ).rowcount
    return gone
