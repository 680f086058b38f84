"""Read positions: listed, found with their history, set by an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    func,
    or_,
    select,
    text,
    tuple_,
)  # fmt: skip

from webhook_app.domain.position import Key, ReadPosition
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.cells import MINUTE

p = t.read_positions.c


@dataclass(frozen=True, slots=True)
class Filter:
    """Which positions, in what order, from where on."""

    #: Asked one after the other, in order, so that each uses an index.
    platforms: tuple[str, ...]
    reader: str | None = None
    peer: str | None = None
    #: Changed at or after this moment, in milliseconds; orders by time instead of by key.
    updated_since: int | None = None
    #: Positions behind this message.
    before: int | None = None
    #: The sort key of the last item of the page before.
    after: tuple[int | str, ...] = ()
    limit: int = 100


def _with_names() -> Select[Any]:
    """Positions with the names of both sides.

    Each name by its key: joined, Postgres would walk through the people from the first to a late page's.
    """
    return select(
        p.platform, p.reader, p.peer, p.cursor, p.read_at, p.updated_at, p.not_before,
        name_of(p.platform, p.reader).label("reader_name"), name_of(p.platform, p.peer).label("peer_name"),
    )  # fmt: skip


def name_of(platform: ColumnElement[str], person: ColumnElement[str]) -> ColumnElement[str]:
    """The name of a person in another table's row, empty if unknown."""
    of_person = (t.people.c.platform == platform, t.people.c.id == person)
    name = select(t.people.c.name).where(*of_person).correlate_except(t.people)
    return func.coalesce(name.scalar_subquery(), "")


#: Made once: building it costs more than running it.
COLUMNS = _with_names()


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.reader is not None:
        conditions.append(p.reader == wanted.reader)
    if wanted.peer is not None:
        conditions.append(p.peer == wanted.peer)
    if wanted.before is not None:
        conditions.append(p.cursor < wanted.before)
    return conditions


def list_positions(connection: Connection, wanted: Filter) -> list[ReadPosition]:
    """At most `limit` positions, by (platform, reader, peer), or by (updated_at, …) with `updated_since`."""
    if wanted.updated_since is not None:
        return _by_time(connection, wanted, wanted.updated_since)
    found: list[ReadPosition] = []
    key = (p.reader, p.peer)
    for platform in sorted(wanted.platforms):
        if wanted.after and platform < str(wanted.after[0]):
            continue
        query = COLUMNS.where(p.platform == platform, *_conditions(wanted)).order_by(*key)
        if wanted.after and platform == wanted.after[0]:
            query = query.where(tuple_(*key) > tuple_(*wanted.after[1:]))
        rows = connection.execute(query.limit(wanted.limit - len(found)))
        found += [ReadPosition(*row) for row in rows]
        if len(found) >= wanted.limit:
            break
    return found


def _by_time(connection: Connection, wanted: Filter, since: int) -> list[ReadPosition]:
    order = (p.updated_at, p.platform, p.reader, p.peer)
    query = COLUMNS.where(p.updated_at >= since, p.platform.in_(wanted.platforms), *_conditions(wanted))
    if wanted.after:
        query = query.where(tuple_(*order) > tuple_(*wanted.after))
    return [ReadPosition(*row) for row in connection.execute(query.order_by(*order).limit(wanted.limit))]


def latest_positions(connection: Connection, limit: int) -> list[ReadPosition]:
    """The positions that changed last, newest first."""
    rows = connection.execute(COLUMNS.order_by(p.updated_at.desc()).limit(limit))
    return [ReadPosition(*row) for row in rows]


def positions_of(connection: Connection, keys: Sequence[Key]) -> list[ReadPosition]:
    """The positions of a few keys, as far as there are any.

    One condition a key: of a list of keys SQLite would look for each row of the table in it.
    """
    if not keys:
        return []
    same = [and_(*_is(t.read_positions, key)) for key in keys]
    return [ReadPosition(*row) for row in connection.execute(COLUMNS.where(or_(*same)))]


def one_position(connection: Connection, key: Key) -> ReadPosition | None:
    """The position of that key."""
    row = connection.execute(COLUMNS.where(*_is(t.read_positions, key))).one_or_none()
    return ReadPosition(*row) if row else None


def history_of(connection: Connection, key: Key) -> list[tuple[int, int]]:
    """(cursor, read_at) of every mark of the key, oldest first."""
    h = t.history.c
    rows = connection.execute(select(h.cursor, h.read_at).where(*_is(t.history, key)).order_by(h.cursor))
    return [(cursor, read_at) for cursor, read_at in rows]


def readers_of(
    connection: Connection, platform: str, peer: str, message: int, reader: str | None, after: str, limit: int
) -> list[tuple[str, int, int | None]]:
    """(reader, cursor, when the message was first read or None), by reader, of who has read this peer."""
    h = t.history.c
    first = (
        select(func.min(h.read_at))
        .where(h.platform == p.platform, h.reader == p.reader, h.peer == p.peer, h.cursor >= message)
        .scalar_subquery()
    )
    query = select(p.reader, p.cursor, func.coalesce(first, p.read_at).label("read_at"))
    query = query.where(p.platform == platform, p.peer == peer, p.reader > after)
    if reader is not None:
        query = query.where(p.reader == reader)
    rows = connection.execute(query.order_by(p.reader).limit(limit))
    return [(who, cursor, at if cursor >= message else None) for who, cursor, at in rows]


def set_position(connection: Connection, dialect: str, key: Key, cursor: int, now: int) -> None:
    """Put a position where an operator wants it, also backwards, and keep it there.

    History above it goes; marks with an earlier time than `now` are dropped from here on.
    """
    close_gate(connection, dialect)
    h = t.history.c
    latest = connection.scalar(select(func.max(h.read_at)).where(*_is(t.history, key)))
    before = connection.scalar(select(p.not_before).where(*_is(t.read_positions, key)))
    # A platform's clock may be ahead of ours: what was ever stored must not come back by a retry either.
    not_before = max(now, (latest or 0) + 1, before or 0)
    insert = sql.insert(dialect, t.read_positions).values(
        platform=key[0], reader=key[1], peer=key[2],
        cursor=cursor, read_at=now, updated_at=sql.now_ms(), not_before=not_before,
    )  # fmt: skip
    new = {name: insert.excluded[name] for name in ("cursor", "read_at", "updated_at", "not_before")}
    connection.execute(insert.on_conflict_do_update(index_elements=["platform", "reader", "peer"], set_=new))
    beyond = (*_is(t.history, key), t.history.c.cursor > cursor)
    gone = select(t.history.c.read_at // MINUTE).where(*beyond)
    connection.execute(t.stale_minutes.insert().from_select(["minute"], gone))
    connection.execute(delete(t.history).where(*beyond))
    past = sql.insert(dialect, t.history).values(
        platform=key[0], reader=key[1], peer=key[2], cursor=cursor, read_at=now
    )
    connection.execute(past.on_conflict_do_nothing())


def close_gate(connection: Connection, dialect: str) -> None:
    """Wait until no ingest is between its look at the exceptions and its commit; hold the next ones off.

    On SQLite a transaction that writes has the database to itself anyway.
    """
    if dialect == "postgresql":
        connection.execute(text("LOCK TABLE forgotten IN ACCESS EXCLUSIVE MODE"))


def _is(table: Table, key: Key) -> list[ColumnElement[bool]]:
    names = ("platform", "reader", "peer")
    return [table.c[name] == value for name, value in zip(names, key, strict=True)]
