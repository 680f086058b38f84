"""What the watchdog knows: how each platform fares, its webhooks, and what was missed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from webhook_app.domain.replay import OPEN, Ended, Fate, Piece
from webhook_app.domain.watching import Watched
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.counts import last_minute
from webhook_app.storage.database import Database
from webhook_app.storage.notices import find_notice

#: Under this name the leases hold when a process that answers requests was last there.
SERVING = "serving"
#: What has come to its end is kept, and shown, for so long.
KEPT = 7 * 86_400_000  # milliseconds
#: Pieces shown at most, the latest.
SHOWN = 20
b, w, r = t.watches.c, t.webhooks.c, t.replays.c


class Watch(NamedTuple):
    """How a platform fares. Times are milliseconds since 1970."""

    platform: str
    #: When the watchdog last stepped.
    stepped_at: int
    #: When the platform last told of its webhooks; 0 if never.
    told_at: int
    #: Why it is not watched; empty if it is.
    problem: str


class Sight(NamedTuple):
    """What the watchdog has to go by."""

    webhooks: dict[str, Watched]
    #: Whether, and when, a process that answers requests was last there.
    served_at: int | None
    #: The minute of the last delivery that was stored.
    delivered_at: int | None


class Missed(NamedTuple):
    """What is to be replayed on a platform."""

    #: Those that are still open, or were given up too early, oldest first.
    pieces: list[Piece]
    #: How jobs among them have ended, by job.
    ended: dict[str, Ended]
    #: The webhooks there are, and those that were last seen valid.
    webhooks: set[str]
    valid: set[str]


class Watching:
    """The verbs, each one transaction. A step may be repeated: what is written is what was seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def serve(self, now: int) -> None:
        """Note that a process which answers requests is there."""
        insert = sql.insert(self._database.dialect, t.leases).values(name=SERVING, holder="", until=now)
        noted = insert.on_conflict_do_update(index_elements=["name"], set_={"until": insert.excluded.until})
        self._database.write(lambda connection: connection.execute(noted))

    def step(self, platform: str, now: int, problem: str, *, told: bool) -> None:
        """Note that the watchdog was there, what is wrong, and whether the platform has told."""
        seen = {"stepped_at": now, "problem": problem} | ({"told_at": now} if told else {})
        insert = sql.insert(self._database.dialect, t.watches)
        insert = insert.values({"platform": platform, "told_at": 0} | seen)
        noted = insert.on_conflict_do_update(index_elements=["platform"], set_=seen)
        self._database.write(lambda connection: connection.execute(noted))

    def look(self, platform: str) -> Sight:
        """What is known before the platform tells."""

        def query(connection: Connection) -> Sight:
            minute = last_minute(connection, f"deliveries|{platform}")
            served = select(t.leases.c.until).where(t.leases.c.name == SERVING)
            rows = connection.execute(select(t.webhooks).where(w.platform == platform))
            return Sight(
                {row.id: _watched(row) for row in rows},
                connection.scalar(served),
                None if minute is None else minute * 60_000,
            )

        return self._database.read(query)

    def keep(
        self,
        platform: str,
        seen: Sequence[Watched],
        missed: Mapping[str, Sequence[Piece]],
        heirs: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what was seen of all webhooks of a platform, and what they have missed, by id.

        A job under way in an outage may have lost what it brought: it is to be asked for again. `heirs`:
        which webhooks have taken the place of others; what those have missed is replayed to them.
        """
        ids = [one.id for one in seen]

        def change(connection: Connection) -> None:
            connection.execute(delete(t.webhooks).where(w.platform == platform, w.id.not_in(ids)))
            self._put_webhooks(connection, seen)
            for old, new in (heirs or {}).items():
                self._bequeath(connection, and_(r.platform == platform, r.webhook == old), new)
            under_way = and_(r.platform == platform, r.webhook.in_(list(missed)), r.fate == Fate.ASKED)
            connection.execute(update(t.replays).where(under_way).values(fate=Fate.WAITING, job=""))
            self._put_pieces(connection, [piece for pieces in missed.values() for piece in pieces])

        self._database.write(change)

    def put(self, webhook: Watched) -> None:
        """Keep what is known of one webhook."""
        self._database.write(lambda connection: self._put_webhooks(connection, [webhook]))

    def missed(self, platform: str, edge: int) -> Missed:
        """What is to be replayed, and what is said to be lost though it ends after `edge`."""

        def query(connection: Connection) -> Missed:
            early = and_(r.fate == Fate.LOST, r.until > edge)
            mine = and_(r.platform == platform, or_(r.fate.in_(OPEN), early))
            rows = connection.execute(select(t.replays).where(mine).order_by(r.since, r.webhook))
            pieces = [_piece(row) for row in rows]
            jobs = [piece.job for piece in pieces if piece.job]
            told = {job: find_notice(connection, platform, "replay", job) for job in jobs}
            there = connection.execute(select(w.id, w.valid).where(w.platform == platform)).all()
            ended = {job: _ended(notice.detail) for job, notice in told.items() if notice}
            valid = {row.id for row in there if row.valid}
            return Missed(pieces, ended, {row.id for row in there}, valid)

        return self._database.read(query)

    def turn(self, piece: Piece, *after: Piece) -> None:
        """Put pieces in the place of one."""

        def change(connection: Connection) -> None:
            key = and_(r.platform == piece.platform, r.webhook == piece.webhook, r.since == piece.since)
            connection.execute(delete(t.replays).where(key))
            self._put_pieces(connection, after)

        self._database.write(change)

    def _put_webhooks(self, connection: Connection, webhooks: Sequence[Watched]) -> None:
        insert = sql.insert(self._database.dialect, t.webhooks)
        put = insert.on_conflict_do_update(
            index_elements=["platform", "id"],
            set_={name: insert.excluded[name] for name in Watched._fields[2:]},
        )
        rows = [one._asdict() | {"valid": int(one.valid)} for one in webhooks]
        if rows:
            connection.execute(put, rows)

    def _bequeath(self, connection: Connection, old: ColumnElement[bool], new: str) -> None:
        mine = and_(old, r.fate.in_(OPEN))
        pieces = [_piece(row) for row in connection.execute(select(t.replays).where(mine))]
        connection.execute(delete(t.replays).where(mine))
        self._put_pieces(connection, [one._replace(webhook=new, fate=Fate.WAITING, job="") for one in pieces])

    def _put_pieces(self, connection: Connection, pieces: Sequence[Piece]) -> None:
        """Of two with one beginning the later end counts: more is replayed rather than less."""
        pieces = [one for one in pieces if not _lengthen(connection, one)]
        insert = sql.insert(self._database.dialect, t.replays)
        others = {name: insert.excluded[name] for name in Piece._fields[4:]}
        until = sql.greatest(r.until, insert.excluded.until)
        put = insert.on_conflict_do_update(
            index_elements=["platform", "webhook", "since"], set_={"until": until, **others}
        )
        if pieces:
            connection.execute(put, [piece._asdict() for piece in pieces])


class Watches(NamedTuple):
    """What is shown of it."""

    platforms: list[Watch]
    webhooks: list[Watched]
    #: The latest that are not done.
    pieces: list[Piece]
    #: Milliseconds that were missed, by platform and fate.
    missed: dict[tuple[str, str], int]


def read_watches(connection: Connection) -> Watches:
    """What the watchdog has written."""
    pieces = select(t.replays).where(r.fate != Fate.DONE).order_by(r.since.desc()).limit(SHOWN)
    sums = select(r.platform, r.fate, func.sum(r.until - r.since)).group_by(r.platform, r.fate)
    return Watches(
        [Watch(*row) for row in connection.execute(select(t.watches).order_by(b.platform))],
        [_watched(row) for row in connection.execute(select(t.webhooks).order_by(w.platform, w.id))],
        [_piece(row) for row in connection.execute(pieces)],
        {(platform, fate): int(many) for platform, fate, many in connection.execute(sums)},
    )


def drop_replays(connection: Connection, now: int) -> None:
    """Forget what came to its end so long ago that nobody asks."""
    connection.execute(delete(t.replays).where(r.until < now - KEPT, r.fate.not_in(OPEN)))


def _lengthen(connection: Connection, piece: Piece) -> bool:
    """Have a lost piece be one with the lost one that ends where it begins, if there is one."""
    mine = and_(r.platform == piece.platform, r.webhook == piece.webhook)
    before = and_(mine, r.fate == Fate.LOST, r.until == piece.since)
    longer = update(t.replays).where(before).values(until=piece.until)
    return piece.fate is Fate.LOST and connection.execute(longer).rowcount > 0


def _watched(row: Iterable[Any]) -> Watched:
    found = Watched(*row)
    return found._replace(valid=bool(found.valid))


def _piece(row: Iterable[Any]) -> Piece:
    found = Piece(*row)
    return found._replace(fate=Fate(found.fate))


def _ended(detail: str) -> Ended:
    told = json.loads(detail)
    return Ended(told["state"] == "Complete", told["description"] or told["state"])
