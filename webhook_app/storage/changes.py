"""What has changed lately, in order of time; whole rows are read only of what the caller has not seen.

The rows of an answer travel as one JSON text: for each of them SQLite's driver would hand Python's lock to
whoever is busy, and wait for milliseconds to get it back.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, Dialect, FromClause, Select, select, tuple_

from webhook_app.domain.outbox import OutboxRow
from webhook_app.domain.position import Key, ReadPosition
from webhook_app.storage import outbox, positions, sql
from webhook_app.storage import tables as t

p, o = t.read_positions.c, t.outbox.c
#: A transaction becomes visible at most so long after its times: then it has been given up.
LATEST = 10_000  # milliseconds
#: How far positions and marks were walked through: the time and the key of the last row of each.
Place = tuple[int, str, str, str]
Places = tuple[Place, Place]
#: By key the state of a row: the time of its change, and what differs between changes of the same time.
Seen = dict[Key, tuple[int, ...]]
NOTHING: tuple[Seen, Seen] = ({}, {})
#: The columns of a key, and of a state beside its time.
POSITION: tuple[tuple[Any, ...], ...] = ((p.platform, p.reader, p.peer), (p.cursor, p.read_at))
MARK: tuple[tuple[Any, ...], ...] = (
    outbox.KEY, (o.wanted, o.acknowledged, o.attempts, o.accepted_at, o.delivered_at)
)  # fmt: skip


class Wanted(NamedTuple):
    """Which changes: of positions by reader and peer, of marks by account and peer."""

    platforms: tuple[str, ...]
    reader: str | None = None
    peer: str | None = None
    #: Who asks for it may see marks and rate limits of this account only; None: of all.
    own: str | None = None


class Look(NamedTuple):
    """What a look has found. Times are the database's, in milliseconds since 1970."""

    #: Before it was looked.
    now: int
    #: What was visible at this time has been found, by this look or by those before that led to its places.
    moment: int
    positions: list[ReadPosition]
    marks: list[OutboxRow]
    #: Where to go on.
    places: Places
    #: Whether there may be more behind.
    more: bool
    #: The states of the positions and of the marks.
    states: tuple[Seen, Seen]


def since(moment: int, of_marks: int | None = None) -> Places:
    """Where a walk begins that finds what has changed at this moment or later, marks perhaps at another."""
    return (moment, "", "", ""), (moment if of_marks is None else of_marks, "", "", "")


def clock(connection: Connection) -> int:
    """The database's clock, in milliseconds since 1970."""
    return int(connection.scalar(select(sql.now_ms())) or 0)


class Changes:
    """Looks at what has changed; its statements are made once."""

    def __init__(self, dialect: Dialect) -> None:
        #: Whether transactions become visible in the order of their times: SQLite's writers take turns.
        self.in_order = dialect.name == "sqlite"
        self._positions = sql.Given(dialect, POSITION[0], partial(_rows_of, positions.COLUMNS, POSITION[0]))
        self._marks = sql.Given(dialect, MARK[0], partial(_rows_of, outbox.COLUMNS, MARK[0]))

    def look(
        self,
        connection: Connection,
        places: Places,
        limit: int,
        wanted: Wanted | None,
        seen: tuple[Seen, Seen],
    ) -> Look:
        """What has changed behind these places, at most so many positions and marks; not what was seen."""
        now = clock(connection)
        found = [
            _walk(connection, columns, place, limit, wanted)
            for columns, place in zip((POSITION, MARK), places, strict=True)
        ]
        states = [
            {key: state for row in rows if known.get(key := tuple(row[1:4])) != (state := (row[0], *row[4:]))}
            for rows, known in zip(found, seen, strict=True)
        ]
        full = [rows for rows in found if len(rows) == limit]
        return Look(
            now,
            min([now, *(rows[-1][0] for rows in full)]),
            [ReadPosition(*row) for row in _read(connection, self._positions, states[0])],
            [outbox.row_of(row) for row in _read(connection, self._marks, states[1])],
            (_last(found[0], places[0]), _last(found[1], places[1])),
            bool(full),
            (states[0], states[1]),
        )


def _walk(
    connection: Connection,
    columns: tuple[tuple[Any, ...], ...],
    place: Place,
    limit: int,
    wanted: Wanted | None,
) -> list[list[Any]]:
    """The time, the key and the rest of the state of each row."""
    key, rest = columns
    order = (key[0].table.c.updated_at, *key)
    query = select(*order, *rest).where(tuple_(*order) > tuple_(*place), *_conditions(key, wanted))
    packed = _packed(query.order_by(*order).limit(limit))
    rows: list[list[Any]] = orjson.loads(connection.execute(packed).scalar_one())
    return rows


def _conditions(key: tuple[Any, ...], wanted: Wanted | None) -> list[ColumnElement[bool]]:
    if wanted is None:
        return []
    platform, reader, peer = key
    given = ((reader, wanted.reader), (peer, wanted.peer))
    return [platform.in_(wanted.platforms), *(one == value for one, value in given if value is not None)]


def _last(rows: list[list[Any]], before: Place) -> Place:
    return (rows[-1][0], rows[-1][1], rows[-1][2], rows[-1][3]) if rows else before


def _rows_of(columns: Select[Any], key: tuple[Any, ...], given: FromClause) -> Select[Any]:
    return _packed(columns.where(*(column == given.c[column.name] for column in key)))


def _packed(query: Select[Any]) -> Select[Any]:
    return select(sql.packed(*query.subquery().c))


def _read(connection: Connection, given: sql.Given, keys: Seen) -> list[list[Any]]:
    steps: Sequence[sql.Step] = given.steps(sorted(keys)) if keys else ()
    return [row for step in steps for row in orjson.loads(connection.exec_driver_sql(*step).scalar_one())]
