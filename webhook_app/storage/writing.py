"""What one transaction of ingest writes, whatever the number of deliveries in it."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from math import inf
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, FromClause, and_, delete, exists, or_, select, text

from webhook_app.domain.inbound import Person
from webhook_app.domain.position import Mark, furthest, history
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.accepting import Accepting
from webhook_app.storage.batch import Batch
from webhook_app.storage.cells import MINUTE
from webhook_app.storage.counts import LATE
from webhook_app.storage.forgotten import Forgotten
from webhook_app.storage.messages import Messages

QUARANTINE_LIMIT = 100_000
#: Whether anybody is forgotten, and whether any position was corrected: nearly never.
Exceptions = tuple[bool, bool]
KEY = ["platform", "reader", "peer"]
MARK = list(Mark._fields)
PERSON = list(Person._fields)


#: Milliseconds since 1970.
Clock = Callable[[], float]


def always_late() -> float:
    """A clock by which everything comes late."""
    return inf


class Writing:
    """The statements of ingest in one dialect, built once."""

    def __init__(self, dialect: Dialect, forgotten: Forgotten, clock: Clock = always_late) -> None:
        self._dialect = dialect.name
        self._clock = clock
        self._forgotten = forgotten
        #: Whether anybody is forgotten, and whether any position was corrected.
        self.exceptions = str(
            select(
                exists(select(t.forgotten.c.digest)),
                exists(select(t.read_positions.c.reader).where(text("not_before > 0"))),
            ).compile(dialect=dialect)
        )
        mark = [t.history.c[name] for name in MARK]
        self._positions = sql.Given(dialect, mark, self._upsert_positions)
        self._late = sql.Given(dialect, mark, self._insert_stale)
        self._history = sql.Given(dialect, mark, self._upsert_history)
        self._corrected = sql.Given(dialect, mark[:3], self._select_corrected)
        self._people = sql.Given(dialect, [t.people.c[name] for name in PERSON], self._upsert_people)
        self._messages = Messages(dialect)
        #: What it does to the outbox; replaced when the policies of the platforms are known.
        self.accepting = Accepting(dialect, {})

    def without(self, connection: Connection, batch: Batch, exceptions: Exceptions) -> Batch:
        """The batch without what was forgotten or corrected."""
        any_forgotten, any_corrected = exceptions
        if any_forgotten:
            batch = self._forgotten.without(connection, batch)
        if any_corrected:
            batch = replace(batch, marks=self._without_corrected(connection, batch.marks))
        return batch

    def steps(self, batch: Batch) -> list[sql.Step]:
        """Marks, people and the outbox. Steps of all the hot statements, so that they can travel together."""
        steps: list[sql.Step] = []
        if batch.marks:
            rows = furthest(batch.marks)
            steps += self._positions.steps(rows)
            horizon = self._clock() - LATE
            late = [mark for mark in batch.marks if mark.read_at < horizon]
            steps += self._late.steps(late) if late else []
            steps += self._history.steps(history(batch.marks) if len(rows) < len(batch.marks) else rows)
        if batch.people:
            steps += self._people.steps(batch.people)
        if batch.outgoing or batch.echoes or batch.notices:
            steps += self.accepting.steps(batch)
        return steps

    def write_rest(self, connection: Connection, batch: Batch) -> int:
        """Write what is rare; returns how many quarantined rows had to go."""
        if batch.messages:
            self._messages.write(connection, batch.messages)
        if batch.notices:
            upsert = sql.insert(self._dialect, t.notices)
            newer = upsert.on_conflict_do_update(
                index_elements=["platform", "kind", "subject"],
                set_={"at": upsert.excluded.at, "detail": upsert.excluded.detail},
                where=upsert.excluded.at >= t.notices.c.at,
            )
            connection.execute(newer, [notice._asdict() for notice in batch.notices])
        if batch.settles:
            connection.execute(delete(t.quarantine).where(t.quarantine.c.id.in_(batch.settles)))
        return self._quarantine(connection, batch) if batch.unreadable else 0

    def _quarantine(self, connection: Connection, batch: Batch) -> int:
        keep = sql.insert(self._dialect, t.quarantine).on_conflict_do_nothing(
            index_elements=["platform", "digest"]
        )
        rows = [
            {
                "platform": part.platform,
                "body": part.body,
                "errors": orjson.dumps(part.errors, option=orjson.OPT_NON_STR_KEYS).decode(),
                "digest": sha256(part.body).digest(),
            }
            for part in batch.unreadable
        ]
        connection.execute(keep.values(received_at=sql.now_ms()), rows)
        oldest = (
            select(t.quarantine.c.id).order_by(t.quarantine.c.id.desc()).offset(QUARANTINE_LIMIT).limit(1)
        )
        gone = connection.execute(delete(t.quarantine).where(t.quarantine.c.id <= oldest.scalar_subquery()))
        return gone.rowcount

    def _without_corrected(self, connection: Connection, marks: list[Mark]) -> list[Mark]:
        """The marks without those older than a correction; before merging, or they would hide later ones."""
        keys = sorted({mark.key for mark in marks})
        limits = {
            tuple(row[:3]): row[3]
            for step in self._corrected.steps(keys)
            for row in connection.exec_driver_sql(*step)
        }
        return [mark for mark in marks if mark.read_at >= limits.get(mark.key, 0)]

    def _upsert_positions(self, given: FromClause) -> Any:
        """Raise a position to a greater mark, or to an earlier time of an equal one."""
        insert = sql.insert(self._dialect, t.read_positions).from_select(
            [*MARK, "updated_at"], select(*given.c, sql.now_ms()).where(text("true"))
        )
        old, new = t.read_positions.c, insert.excluded
        return insert.on_conflict_do_update(
            index_elements=KEY,
            set_={"cursor": new.cursor, "read_at": new.read_at, "updated_at": new.updated_at},
            where=or_(new.cursor > old.cursor, and_(new.cursor == old.cursor, new.read_at < old.read_at)),
        )

    def _insert_stale(self, given: FromClause) -> Any:
        """Say which minutes' figures are to be made anew; also those that the same marks were counted in."""
        old, new = t.history.c, given.c
        same = and_(*(old[name] == new[name] for name in MARK[:4]), old.read_at > new.read_at)
        here = select((new.read_at // MINUTE).label("minute"))
        there = select((old.read_at // MINUTE).label("minute")).join_from(given, t.history, same)
        stale = here.union(there).subquery("stale")
        return t.stale_minutes.insert().from_select(["minute"], select(stale.c.minute))

    def _upsert_history(self, given: FromClause) -> Any:
        """Add to the set, or move a time back."""
        # SQLite reads the ON of an upsert from a select without WHERE as a join's.
        rows = select(*given.c).where(text("true"))
        insert = sql.insert(self._dialect, t.history).from_select(MARK, rows)
        return insert.on_conflict_do_update(
            index_elements=[*KEY, "cursor"],
            set_={"read_at": insert.excluded.read_at},
            where=insert.excluded.read_at < t.history.c.read_at,
        )

    def _select_corrected(self, given: FromClause) -> Any:
        """The not-before times of these keys."""
        old = t.read_positions.c
        same = and_(*(old[name] == given.c[name] for name in KEY))
        rows = select(*(old[name] for name in KEY), old.not_before)
        return rows.join_from(given, t.read_positions, same).where(text("not_before > 0"))

    def _upsert_people(self, given: FromClause) -> Any:
        """Write the names that are new or changed; the others are not even locked."""
        old = t.people.c
        known = and_(old.platform == given.c.platform, old.id == given.c.id)
        changed = or_(*(old[name] != given.c[name] for name in ("name", "handle", "picture")))
        rows = (
            select(*given.c)
            .join_from(given, t.people, known, isouter=True)
            .where(or_(old.id.is_(None), and_(changed, given.c.seen_at >= old.seen_at)))
        )
        insert = sql.insert(self._dialect, t.people).from_select(PERSON, rows)
        return insert.on_conflict_do_update(
            index_elements=["platform", "id"],
            set_={name: insert.excluded[name] for name in PERSON[2:]},
            where=insert.excluded.seen_at >= old.seen_at,
        )
