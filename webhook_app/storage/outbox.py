"""The outbox as operators see it: listed, counted, searched for refusals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from webhook_app.domain.outbox import Key, OutboxRow, State, Status
from webhook_app.storage import tables as t

o, a = t.outbox.c, t.accounts.c
KEY = (o.platform, o.account, o.peer)
#: Under this name the leases hold when a dispatcher was last seen.
DISPATCHER = "dispatcher"
#: A dispatcher says every few seconds that it is there; after this it is missed.
MISSED = 15_000  # milliseconds
#: Keys asked for in one statement; SQLite's oldest limit is 999 parameters.
PIECE = 100


@dataclass(frozen=True, slots=True)
class OutboxFilter:
    """Which rows, from where on; by key."""

    platform: str | None = None
    account: str | None = None
    peer: str | None = None
    status: Status | None = None
    #: The key of the last row of the page before.
    after: tuple[str, ...] = ()
    limit: int = 100


class OutboxNumbers(NamedTuple):
    """What waits and what has failed, by platform."""

    waiting: dict[str, int]
    #: Since when the oldest waits, in milliseconds since 1970.
    oldest: dict[str, int]
    failed: dict[str, int]


_account = and_(a.platform == o.platform, a.id == o.account)
#: What `row_of` takes.
COLUMNS = select(
    *KEY, o.wanted, o.acknowledged, o.due_at, o.attempts, o.problem, o.refused_until,
    o.accepted_at, o.delivered_at, a.state,
).join_from(t.outbox, t.accounts, _account, isouter=True)  # fmt: skip
#: As the partial index of the failed has it.
FAILED = (o.due_at.is_(None), o.wanted > o.acknowledged)
WAITING = (o.due_at.is_not(None), o.wanted > o.acknowledged)
CONDITIONS: dict[Status, tuple[ColumnElement[bool], ...]] = {
    Status.WAITING: (*WAITING, a.state == State.ACTIVE.value),
    Status.STOPPED: (*WAITING, or_(a.state != State.ACTIVE.value, a.state.is_(None))),
    Status.FAILED: FAILED,
    Status.DELIVERED: (o.wanted <= o.acknowledged,),
}


def list_outbox(connection: Connection, wanted: OutboxFilter) -> list[OutboxRow]:
    """At most `limit` rows, by key."""
    given = ((o.platform, wanted.platform), (o.account, wanted.account), (o.peer, wanted.peer))
    conditions = [column == value for column, value in given if value is not None]
    conditions += CONDITIONS[wanted.status] if wanted.status is not None else ()
    if wanted.after:
        conditions.append(tuple_(*KEY) > tuple_(*wanted.after))
    query = COLUMNS.where(*conditions).order_by(*KEY).limit(wanted.limit)
    return [row_of(row) for row in connection.execute(query)]


def list_due(connection: Connection, limit: int) -> list[OutboxRow]:
    """At most `limit` rows that wait, account for account, those due first before the others."""
    order = (o.platform, o.account, o.due_at)
    return [row_of(row) for row in connection.execute(COLUMNS.where(*WAITING).order_by(*order).limit(limit))]


def rows_of(connection: Connection, keys: Iterable[Key]) -> dict[Key, OutboxRow]:
    """The rows of these keys, as far as there are any."""
    asked, found = sorted(set(keys)), dict[Key, OutboxRow]()
    for start in range(0, len(asked), PIECE):
        # One condition a key: of a list of keys SQLite would look for each row of the table in it.
        same = [
            and_(*(column == value for column, value in zip(KEY, key, strict=True)))
            for key in asked[start : start + PIECE]
        ]
        query = COLUMNS.where(or_(*same))
        found |= {row.key: row for row in map(row_of, connection.execute(query))}
    return found


def count_waiting(connection: Connection, platform: str, accounts: Sequence[str], most: int) -> int:
    """How many rows of these accounts wait; counts at most `most`."""
    found = 0
    for account in accounts:
        waits = (o.platform == platform, o.account == account, o.due_at.is_not(None))
        some = select(o.due_at).where(*waits).limit(most - found).subquery()
        found += connection.scalar(select(func.count()).select_from(some)) or 0
        if found >= most:
            break
    return found


def count_outbox(connection: Connection) -> OutboxNumbers:
    """Count it, out of the indexes."""
    waiting = select(o.platform, func.count(), func.min(o.accepted_at)).where(o.due_at.is_not(None))
    waits = connection.execute(waiting.group_by(o.platform)).all()
    failed = connection.execute(select(o.platform, func.count()).where(*FAILED).group_by(o.platform)).all()
    return OutboxNumbers(
        {platform: n for platform, n, _ in waits},
        {platform: oldest for platform, _, oldest in waits},
        {row[0]: row[1] for row in failed},
    )


def last_seen(connection: Connection) -> int | None:
    """When there was last a dispatcher, in milliseconds since 1970; None if never."""
    return connection.scalar(select(t.leases.c.until).where(t.leases.c.name == DISPATCHER))


def list_refusals(connection: Connection, now: int) -> dict[Key, tuple[int, str]]:
    """Until when a platform's verdict about a peer is believed, and its words."""
    query = select(*KEY, o.refused_until, o.problem).where(*FAILED, o.refused_until > now)
    return {tuple(row[:3]): (row[3], row[4]) for row in connection.execute(query)}


def row_of(row: Sequence[Any]) -> OutboxRow:
    """A row as selected."""
    wanted, acknowledged, due_at, state = row[3], row[4], row[5], row[-1]
    if wanted <= acknowledged:
        status = Status.DELIVERED
    elif due_at is None:
        status = Status.FAILED
    else:
        status = Status.WAITING if state == State.ACTIVE else Status.STOPPED
    return OutboxRow(
        row[0], row[1], row[2], wanted, None if acknowledged < 0 else acknowledged, status, due_at,
        row[6], row[7], row[8], row[9], row[10] or None,
    )  # fmt: skip
