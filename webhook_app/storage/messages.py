"""Keeps which messages nobody has read yet: at most 1000 ids a conversation, the rest counted."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, groupby
from typing import Any

from sqlalchemy import Column, Connection, Dialect, FromClause, Table, func, select, text

from webhook_app.domain.inbound import Message
from webhook_app.domain.position import Key
from webhook_app.storage import sql
from webhook_app.storage import tables as t

#: Ids kept of one conversation.
LIMIT = 1000
#: Conversations of one statement.
PIECE = sql.MOST_ROWS
KEY = ["platform", "reader", "peer"]
ID = [*KEY, "message"]
OVERFLOW = [*KEY, "count", "latest"]
#: A conversation, and the reader's position in it or a message.
Place = tuple[str, str, str, int]
Overflow = tuple[str, str, str, int, int]


class Messages:
    """The statements in one dialect, built once; each for many conversations."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        o, u = t.unread_overflow.c, t.unread_messages.c
        self._positions = sql.Given(dialect, [u[name] for name in KEY], self._select_positions)
        # What has been read may still stand there until housekeeping takes it away.
        self._counted = self._look(t.unread_overflow, [o.count, o.latest], o.latest)
        self._known = self._look(t.unread_messages, [u.message], u.message)
        self._keep = sql.Given(dialect, [u[name] for name in ID], self._insert_ids)
        self._count = sql.Given(dialect, [o[name] for name in OVERFLOW], self._upsert_overflow)

    def write(self, connection: Connection, messages: list[Message]) -> None:
        """Keep the ids that lie beyond the reader's position. `messages` are sorted and distinct.

        What is written is sorted too: two writers cannot deadlock.
        """
        groups = groupby(messages, key=lambda message: message[:3])
        told = {key: [message.message for message in group] for key, group in groups}
        steps = self._positions.steps(list(told))
        read = {row[:3]: row[3] for step in steps for row in connection.exec_driver_sql(*step)}
        places = [(*key, read[key]) for key in told]
        kept: list[Place] = []
        overflow: list[Overflow] = []
        for start in range(0, len(places), PIECE):
            more_kept, more_overflow = self._choose(connection, told, places[start : start + PIECE])
            kept += more_kept
            overflow += more_overflow
        steps = self._keep.steps(kept) if kept else []
        steps += self._count.steps(overflow) if overflow else []
        for step in steps:
            connection.exec_driver_sql(*step)

    def _choose(
        self, connection: Connection, told: dict[Key, list[int]], places: list[Place]
    ) -> tuple[list[Place], list[Overflow]]:
        """Rows of what there is room for, and of what is counted, in the conversations of these places.

        Once some are counted, all that follow are, until the reader has passed the latest of them: a counted
        message that is delivered again could not be told from a new one.
        """
        counted = {row[:3]: row[3:] for row in _ask(connection, self._counted, places)}
        roomy = [place for place in places if place[:3] not in counted]
        known = {tuple(row) for row in _ask(connection, self._known, roomy)}
        waiting = Counter(place[:3] for place in known)
        kept: list[Place] = []
        overflow: list[Overflow] = []
        for platform, reader, peer, read in places:
            key = (platform, reader, peer)
            beyond = [one for one in told[key] if one > read]
            count, latest = counted.get(key, (0, -1))
            if key not in counted:
                beyond = [one for one in beyond if (*key, one) not in known]
                room = max(0, LIMIT - waiting[key])
                kept += [(*key, one) for one in beyond[:room]]
                beyond = beyond[room:]
            # Ids grow, so one delivered twice is not beyond the latest.
            new = [one for one in beyond if one > latest]
            if new:
                overflow.append((*key, count + len(new), new[-1]))
        return kept, overflow

    def _look(self, table: Table, columns: list[Column[Any]], beyond: Column[Any]) -> str:
        """A query of the rows of one conversation that are beyond a position."""
        key = [table.c[name] for name in KEY]
        same = (one == sql.HERE for one in key)
        return sql.plain(self._dialect, select(*key, *columns).where(*same, beyond > sql.HERE))

    def _select_positions(self, given: FromClause) -> Any:
        """Each by its key: joined, Postgres might read them all."""
        p = t.read_positions.c
        cursor = select(p.cursor).where(*(p[name] == given.c[name] for name in KEY)).correlate(given)
        return select(*given.c, func.coalesce(cursor.scalar_subquery(), -1))

    def _insert_ids(self, given: FromClause) -> Any:
        # SQLite reads the ON of an upsert from a select without WHERE as a join's.
        rows = select(*given.c).where(text("true"))
        insert = sql.insert(self._dialect.name, t.unread_messages).from_select(ID, rows)
        return insert.on_conflict_do_nothing()

    def _upsert_overflow(self, given: FromClause) -> Any:
        """Write how many messages of a conversation are not kept, and the latest of them."""
        rows = select(*given.c).where(text("true"))
        insert = sql.insert(self._dialect.name, t.unread_overflow).from_select(OVERFLOW, rows)
        new = {name: insert.excluded[name] for name in ("count", "latest")}
        return insert.on_conflict_do_update(index_elements=KEY, set_=new)


def _ask(connection: Connection, look: str, places: Sequence[Place]) -> Sequence[Any]:
    """What the query finds for each of the places, in one trip.

    A query a place, with its values in it: joined to rows it does not know, Postgres takes one of the
    smaller indexes, and reads all of a reader or of a peer for each of their conversations.
    """
    if not places:
        return []
    together = " UNION ALL ".join([look] * len(places))
    return connection.exec_driver_sql(together, tuple(chain.from_iterable(places))).all()
