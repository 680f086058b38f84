"""The latest read positions of whom somebody looks for: by a part of a name, as reader, as peer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, and_, or_, select, tuple_

from webhook_app.domain.position import ReadPosition
from webhook_app.storage import tables as t
from webhook_app.storage.positions import latest_positions, positions_of

p = t.read_positions.c
#: A platform and the id of somebody there.
Who = tuple[str, str]
#: What to search an index for, and in what order.
Step = tuple[list[ColumnElement[bool]], list[Column[str]]]
#: A key, and when its position changed.
Changed = tuple[str, str, str, int]
KEY = (p.platform, p.reader, p.peer)
#: People that a name may find.
MOST_PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Search:
    """Whose positions; the latest first."""

    platforms: tuple[str, ...]
    reader: str | None = None
    peer: str | None = None
    #: Only those of whom one of these is reader or peer.
    people: frozenset[Who] | None = None
    limit: int = 50
    #: So many positions are taken by key and sorted;
    few: int = 1000
    #: where there are more, so many changes are looked through, from the last one back.
    recent: int = 20_000


class Found(NamedTuple):
    """What was found."""

    positions: list[ReadPosition]
    #: False if there may be more among what has not changed for long.
    complete: bool


def find_people(connection: Connection, platforms: Sequence[str], text: str) -> list[Who]:
    """At most 50 people whose name or handle has this part, by key.

    All people are looked through, which takes about a second for two million. SQLite lowers ASCII only, so
    other letters are compared as they are usually written.
    """
    c, spellings = t.people.c, {text}
    if not text.isascii():
        spellings |= {text.lower(), text.upper(), text.title()}
    named = [c.name.icontains(spelling, autoescape=True) for spelling in sorted(spellings)]
    handle = c.handle.icontains(text.removeprefix("@"), autoescape=True)
    query = select(c.platform, c.id).where(c.platform.in_(platforms), or_(handle, *named))
    rows = connection.execute(query.order_by(c.platform, c.id).limit(MOST_PEOPLE))
    return [(platform, person) for platform, person in rows]


def names_of(connection: Connection, people: Iterable[Who]) -> dict[Who, str]:
    """The names of those who have one, as people or as accounts of ours."""
    wanted, names = set(people), dict[Who, str]()
    for c in (t.people.c, t.accounts.c):
        left = [and_(c.platform == platform, c.id == one) for platform, one in sorted(wanted - names.keys())]
        if left:
            query = select(c.platform, c.id, c.name).where(or_(*left), c.name != "")
            names |= {(platform, person): name for platform, person, name in connection.execute(query)}
    return names


def search_positions(connection: Connection, wanted: Search, everywhere: Sequence[str]) -> Found:
    """The positions that changed last, of those wanted; `everywhere` are all platforms.

    A bot is the peer of nearly all positions, another of a few that are years old, and no index has both key
    and time. So: where a part of the key names few, they are sorted; else the last changes are looked
    through, so many and no more.
    """
    if wanted.people is not None and not wanted.people:
        return Found([], True)
    filtered = wanted.reader is not None or wanted.peer is not None or wanted.people is not None
    if not filtered and set(wanted.platforms) >= set(everywhere):
        return Found(latest_positions(connection, wanted.limit), True)
    keys, complete = _few(connection, wanted), True
    if keys is None:
        keys = _recent(connection, wanted)
        complete = len(keys) == wanted.limit or not _more_than(connection, wanted.recent)
    found = sorted(positions_of(connection, keys), key=lambda row: (row.updated_at, *row[:3]), reverse=True)
    return Found(found, complete)


def _few(connection: Connection, wanted: Search) -> list[tuple[str, str, str]] | None:
    """The keys of the latest, by the first part of the key that names few; None if each names many."""
    for way in _ways(wanted):
        rows: list[Changed] = []
        for conditions, order in way:
            # In the order of an index: else Postgres might read the table until there are enough.
            query = select(*KEY, p.updated_at).where(*conditions).order_by(*order)
            found = connection.execute(query.limit(wanted.few + 1 - len(rows)))
            rows += [(row[0], row[1], row[2], row[3]) for row in found]
            if len(rows) > wanted.few:
                break
        else:
            # Somebody may be found as reader and as peer.
            latest = sorted({row for row in rows if _fits(row, wanted)}, key=lambda row: (row[3], *row[:3]))
            return [row[:3] for row in latest[-wanted.limit :]]
    return None


def _ways(wanted: Search) -> list[list[Step]]:
    """Ways to name them: each some searches of an index that together miss none."""
    reader, peer = wanted.reader, wanted.peer
    if reader is not None and peer is not None:
        return [[_of(platform, (p.reader, reader), (p.peer, peer)) for platform in wanted.platforms]]
    ways = []
    if reader is not None:
        ways.append([_of(platform, (p.reader, reader)) for platform in wanted.platforms])
    if peer is not None:
        ways.append([_of(platform, (p.peer, peer)) for platform in wanted.platforms])
    if wanted.people is not None:
        people = sorted(who for who in wanted.people if who[0] in wanted.platforms)
        ways.append([_of(platform, (side, one)) for platform, one in people for side in (p.reader, p.peer)])
    return ways or [[_of(platform) for platform in wanted.platforms]]


def _of(platform: str, *sides: tuple[Column[str], str]) -> Step:
    """The positions of a platform that have these parts of the key."""
    given = [column for column, _ in sides]
    order = [column for column in (p.reader, p.peer) if column not in given]
    return [p.platform == platform, *(column == value for column, value in sides)], order


def _fits(row: Changed, wanted: Search) -> bool:
    platform, reader, peer, _ = row
    if platform not in wanted.platforms or wanted.reader not in (None, reader):
        return False
    if wanted.peer not in (None, peer):
        return False
    return wanted.people is None or not wanted.people.isdisjoint({(platform, reader), (platform, peer)})


def _recent(connection: Connection, wanted: Search) -> list[tuple[str, str, str]]:
    """The keys of the latest among the last changes, in no order."""
    back = [column.desc() for column in (p.updated_at, *KEY)]
    last = select(*KEY, p.updated_at).order_by(*back).limit(wanted.recent).subquery().c
    conditions: list[ColumnElement[bool]] = [last.platform.in_(wanted.platforms)]
    if wanted.reader is not None:
        conditions.append(last.reader == wanted.reader)
    if wanted.peer is not None:
        conditions.append(last.peer == wanted.peer)
    if wanted.people is not None:
        people = sorted(wanted.people)
        sides = [tuple_(last.platform, side).in_(people) for side in (last.reader, last.peer)]
        conditions.append(or_(*sides))
    query = select(last.platform, last.reader, last.peer).where(*conditions)
    rows = connection.execute(query.order_by(last.updated_at.desc()).limit(wanted.limit))
    return [(platform, reader, peer) for platform, reader, peer in rows]


def _more_than(connection: Connection, many: int) -> bool:
    further = select(p.updated_at).order_by(p.updated_at.desc()).offset(many).limit(1)
    return connection.scalar(further) is not None
