"""Takes the unread ids away that positions have passed, soon after.

They would harm nobody but whoever lists what is unread, and has to look at each of them first. So the
positions that have changed are followed, at a distance, by the index of their times; retention walks through
the whole table besides.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, tuple_

from webhook_app.domain.position import Key
from webhook_app.storage import sql
from webhook_app.storage import tables as t

#: How far behind the present they are followed: a transaction may become visible so long after its time.
DISTANCE = 10_000  # milliseconds
#: How far back whoever begins looks, who does not know where another has ended.
BACK = 300_000  # milliseconds
#: Positions looked at at once.
PIECE = 5000
#: Ids deleted in one transaction, or all of one conversation.
MOST = 1000
#: (updated_at, platform, reader, peer).
Place = tuple[int, str, str, str]
#: A conversation, and how many ids in it have been passed.
Passed = tuple[Key, int]


class Look(NamedTuple):
    """What a look at the next positions has found."""

    passed: list[Passed]
    #: Where to go on, and whether there is more at once.
    end: Place
    more: bool


def look_for_passed(connection: Connection, after: Place | None) -> Look:
    """Look at the next piece of the changed positions; nothing is written."""
    p, u = t.read_positions.c, t.unread_messages.c
    until = connection.scalar(select(sql.now_ms() - DISTANCE)) or 0
    after = after or (until - BACK, "", "", "")
    order = (p.updated_at, p.platform, p.reader, p.peer)
    beyond = (tuple_(*order) > tuple_(*after), p.updated_at < until)
    piece = select(*order, p.cursor).where(*beyond).order_by(*order).limit(PIECE).subquery("piece")
    last = select(*order).where(*beyond).order_by(*order).offset(PIECE - 1).limit(1)
    end = connection.execute(last).first()
    # Counted one by one: joined, Postgres might read all that is unread.
    behind = [u[name] == piece.c[name] for name in ("platform", "reader", "peer")]
    ids = select(func.count()).where(*behind, u.message <= piece.c.cursor).correlate(piece).scalar_subquery()
    rows = connection.execute(select(piece.c.platform, piece.c.reader, piece.c.peer, ids).where(ids > 0))
    passed = [((platform, reader, peer), n) for platform, reader, peer, n in rows]
    return Look(passed, tuple(end) if end else (until, "", "", ""), end is not None)


def small_batches(passed: Sequence[Passed]) -> Iterator[list[Key]]:
    """The conversations, in the order of keys, as many at once as a transaction may hold up others with."""
    batch: list[Key] = []
    size = 0
    for key, n in sorted(passed):
        if batch and size + n > MOST:
            yield batch
            batch, size = [], 0
        batch.append(key)
        size += n
    if batch:
        yield batch


def drop_passed(connection: Connection, keys: Sequence[Key]) -> None:
    """Delete what the positions of these keys have passed; an operator may have put one back meanwhile."""
    u, p = t.unread_messages.c, t.read_positions.c
    names = ("platform", "reader", "peer")
    key: list[BindParameter[str]] = [bindparam(f"of_{name}") for name in names]
    cursor = select(p.cursor).where(*(p[name] == value for name, value in zip(names, key, strict=True)))
    same = (u[name] == value for name, value in zip(names, key, strict=True))
    gone = delete(t.unread_messages).where(*same, u.message <= cursor.scalar_subquery())
    connection.execute(
        gone, [{f"of_{name}": part for name, part in zip(names, k, strict=True)} for k in keys]
    )
