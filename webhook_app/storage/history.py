"""The history of one platform, page by page in the order of its keys, and how much there is to export."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal, or_, select, tuple_

from webhook_app.domain.position import Mark
from webhook_app.storage import tables as t

h, p = t.history.c, t.read_positions.c
#: (reader, peer, cursor): after which a page begins.
Place = tuple[str, str, int]
#: Readers of a peer that are looked at for one page.
READERS = 500
LAST_CURSOR = (1 << 63) - 1
#: More rows than these are not counted.
COUNTED = 1_000_000


def history_page(
    connection: Connection, platform: str, reader: str | None, peer: str | None, after: Place, limit: int
) -> tuple[list[Mark], Place | None]:
    """At most `limit` rows behind `after`, and where the next page begins; None at the end.

    `("", "", -1)` is before all. Pages of one peer may be short, or empty, before the end.
    """
    if reader is None and peer is not None:
        return _page_of_peer(connection, platform, peer, after, limit)
    given = {"reader": reader, "peer": peer}
    behind = dict(zip(("reader", "peer", "cursor"), after, strict=True))
    # What is given must not stand in the order, or SQLite would begin at the platform's first row.
    order = [h[name] for name in behind if given.get(name) is None]
    places = [value for name, value in behind.items() if given.get(name) is None]
    query = select(t.history).where(h.platform == platform, tuple_(*order) > tuple_(*places))
    query = query.where(*(h[name] == value for name, value in given.items() if value is not None))
    rows = [Mark(*row) for row in connection.execute(query.order_by(*order).limit(limit))]
    return rows, rows[-1][1:4] if len(rows) == limit else None


def _page_of_peer(
    connection: Connection, platform: str, peer: str, after: Place, limit: int
) -> tuple[list[Mark], Place | None]:
    """By way of the peer's positions: the history itself cannot be searched by peer."""
    reader, _, cursor = after
    of_peer = select(p.reader).where(p.platform == platform, p.peer == peer, p.reader >= reader)
    readers = list(connection.scalars(of_peer.order_by(p.reader).limit(READERS)))
    query = select(t.history).where(h.platform == platform, h.peer == peer, h.reader.in_(readers))
    query = query.where(or_(h.reader > reader, h.cursor > cursor)).order_by(h.reader, h.cursor)
    rows = [Mark(*row) for row in connection.execute(query.limit(limit))]
    if len(rows) == limit:
        return rows, rows[-1][1:4]
    return rows, (readers[-1], peer, LAST_CURSOR) if len(readers) == READERS else None


def count_rows(
    connection: Connection,
    table: Table,
    platform: str,
    reader: str | None,
    peer: str | None,
    most: int = COUNTED,
) -> int | None:
    """How many rows there are; None if they are more than `most`, or if many would be read to count them."""
    if table is t.history and reader is None and peer is not None:
        return None
    given: list[tuple[Any, str | None]] = [(table.c.reader, reader), (table.c.peer, peer)]
    conditions: list[ColumnElement[bool]] = [column == value for column, value in given if value is not None]
    some = select(literal(1)).where(table.c.platform == platform, *conditions).limit(most + 1).subquery()
    counted = connection.scalar(select(func.count()).select_from(some)) or 0
    return counted if counted <= most else None
