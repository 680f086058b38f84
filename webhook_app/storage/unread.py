"""The messages nobody has read yet, listed by conversation, oldest first.

What has been read may stand in the tables for a while: a message is unread if its reader's position is
behind it, or if there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    Table,
    func,
    select,
    tuple_,
)  # fmt: skip

from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.positions import name_of

#: Ids looked at in one statement, and in so many statements, for one list: most may be of few conversations.
PIECE, PIECES = 1000, 5
#: (message, reader, peer), the order of a platform's list.
Place = tuple[int, str, str]
#: Before all messages.
START: Place = (-1, "", "")


@dataclass(frozen=True, slots=True)
class Unread:
    """A conversation with messages that its reader has not read."""

    platform: str
    #: Who has not read.
    reader: str
    #: Whose messages wait.
    peer: str
    #: The oldest that is known by its id.
    message: int
    latest: int
    #: Too great where messages that were counted only, beyond a thousand, have been read in part.
    count: int
    #: Empty if unknown.
    reader_name: str
    peer_name: str

    @property
    def place(self) -> Place:
        """Where it stands in its platform's list."""
        return (self.message, self.reader, self.peer)


@dataclass(frozen=True, slots=True)
class UnreadFilter:
    """Which unread messages, from where on."""

    #: Listed one after the other: their ids are not comparable.
    platforms: tuple[str, ...]
    reader: str | None = None
    peer: str | None = None
    #: Of each of the platforms, in their order, where to go on.
    after: tuple[Place, ...] = ()
    #: At most so many of each platform.
    limit: int = 100


class Stretch(NamedTuple):
    """A part of a platform's list."""

    items: list[Unread]
    #: Where to go on; None at the end.
    end: Place | None


def list_unread(connection: Connection, wanted: UnreadFilter) -> list[Unread]:
    """The oldest of each platform, oldest first, one platform after the other."""
    return [item for stretch in walk_unread(connection, wanted) for item in stretch.items]


def walk_unread(connection: Connection, wanted: UnreadFilter) -> list[Stretch]:
    """Of each platform, in order, the next conversations by their oldest unread message.

    A stretch ends after `limit` conversations or after `PIECES` pieces of ids, whatever comes first: it may
    be short or empty though there is more.
    """
    after = wanted.after or (START,) * len(wanted.platforms)
    return [_walk(connection, wanted, *which) for which in zip(wanted.platforms, after, strict=True)]


def _walk(connection: Connection, wanted: UnreadFilter, platform: str, start: Place) -> Stretch:
    """One more than `limit` is sought, to know whether there is more."""
    kept, counted = t.unread_messages, t.unread_overflow
    found: list[Unread] = []
    after, end = start, None
    for _ in range(PIECES):
        end = _end_of_piece(connection, wanted, platform, after)
        piece = _part(kept, kept.c.message, wanted, platform, after, end)
        rows = _KEPT.where(*piece).limit(wanted.limit + 1 - len(found))
        found += [Unread(*row) for row in connection.execute(rows)]
        if end is None or len(found) > wanted.limit:
            break
        after = end
    part = _part(counted, counted.c.latest, wanted, platform, start, end)
    rows = _COUNTED.where(*part).limit(wanted.limit + 1)
    found += [Unread(*row) for row in connection.execute(rows)]
    found.sort(key=lambda item: item.place)
    if len(found) > wanted.limit:
        found = found[: wanted.limit]
        end = found[-1].place
    return Stretch(found, end)


def _end_of_piece(connection: Connection, wanted: UnreadFilter, platform: str, after: Place) -> Place | None:
    """The place of the last of the next `PIECE` ids; None if there are fewer."""
    u = t.unread_messages.c
    order = (u.message, u.reader, u.peer)
    part = _part(t.unread_messages, u.message, wanted, platform, after, None)
    row = connection.execute(select(*order).where(*part).order_by(*order).offset(PIECE - 1).limit(1)).first()
    return (row[0], row[1], row[2]) if row else None


def _part(
    table: Table, message: Column[int], wanted: UnreadFilter, platform: str, after: Place, end: Place | None
) -> list[ColumnElement[bool]]:
    """The rows of a platform that are wanted, beyond a place, up to another."""
    place = tuple_(message, table.c.reader, table.c.peer)
    conditions = [table.c.platform == platform, place > tuple_(*after)]
    if end is not None:
        conditions.append(place <= tuple_(*end))
    if wanted.reader is not None:
        conditions.append(table.c.reader == wanted.reader)
    if wanted.peer is not None:
        conditions.append(table.c.peer == wanted.peer)
    return conditions


def _of_same(table: FromClause, row: FromClause) -> list[ColumnElement[bool]]:
    """Of the conversation of a row."""
    return [table.c[name] == row.c[name] for name in ("platform", "reader", "peer")]


def _read(row: FromClause) -> ColumnElement[int]:
    """How far the reader of a row has read, -1 if not at all.

    Looked up row by row, as all that follows: joined, Postgres would read whole tables.
    """
    p = t.read_positions
    cursor = select(p.c.cursor).where(*_of_same(p, row)).correlate(row).scalar_subquery()
    return func.coalesce(cursor, -1)


def _names(row: FromClause) -> list[ColumnElement[str]]:
    return [name_of(row.c.platform, row.c[side]).label(f"{side}_name") for side in ("reader", "peer")]


def _kept() -> Select[Any]:
    """The oldest unread id of each conversation, by place."""
    u, o, every = t.unread_messages, t.unread_overflow, t.unread_messages.alias("every")

    def of_all(what: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
        return select(what).where(*_of_same(every, u), *conditions).correlate(u).scalar_subquery()

    def of_counted(what: Column[int]) -> ColumnElement[int]:
        counted = select(what).where(*_of_same(o, u), o.c.latest > _read(u)).correlate(u)
        return func.coalesce(counted.scalar_subquery(), 0)

    oldest = of_all(func.min(every.c.message), every.c.message > _read(u))
    latest = sql.greatest(of_all(func.max(every.c.message)), of_counted(o.c.latest))
    count = of_all(func.count(), every.c.message >= u.c.message) + of_counted(o.c.count)
    return (
        select(
            u.c.platform, u.c.reader, u.c.peer, u.c.message,
            latest.label("latest"), count.label("count"), *_names(u),
        )
        .where(u.c.message == oldest)
        .order_by(u.c.message, u.c.reader, u.c.peer)
    )  # fmt: skip


def _counted() -> Select[Any]:
    """Conversations of which only the number is left to know, by place."""
    o, u = t.unread_overflow, t.unread_messages
    kept = select(func.max(u.c.message)).where(*_of_same(u, o)).correlate(o).scalar_subquery()
    return (
        select(
            o.c.platform, o.c.reader, o.c.peer, o.c.latest.label("message"), o.c.latest, o.c.count, *_names(o)
        )
        .where(o.c.latest > _read(o), func.coalesce(kept, -1) <= _read(o))
        .order_by(o.c.latest, o.c.reader, o.c.peer)
    )


#: Made once: building them costs more than running them.
_KEPT, _COUNTED = _kept(), _counted()


def oldest_of_platforms(connection: Connection, platforms: Sequence[str]) -> dict[str, int]:
    """By platform, the oldest message that is not read, if there is any."""
    found: dict[str, int] = {}
    for platform in platforms:
        stretch = Stretch([], START)
        while stretch.end is not None and not stretch.items:
            stretch = _walk(connection, UnreadFilter((platform,), limit=1), platform, stretch.end)
        if stretch.items:
            found[platform] = stretch.items[0].message
    return found


def oldest_of_accounts(connection: Connection) -> dict[str, int]:
    """By platform, the oldest message that an account of ours has not read, if there is any."""
    a, u = t.accounts.c, t.unread_messages
    unread = (u.c.platform == a.platform, u.c.reader == a.id, u.c.message > _read(u))
    oldest = select(u.c.message).where(*unread).order_by(u.c.message).limit(1).correlate(t.accounts)
    query = select(a.platform, func.min(oldest.scalar_subquery())).group_by(a.platform)
    return {platform: message for platform, message in connection.execute(query) if message is not None}
