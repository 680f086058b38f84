"""The outbox: the verbs of those who pass marks on, and of those who look after it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, FromClause, and_, case, literal, select, update

from webhook_app.domain.outbox import Claim, Key, OutboxRow, Policy, Settled
from webhook_app.domain.rate import CALL_TIMEOUT, RateWindow
from webhook_app.errors import NotFound
from webhook_app.storage import audit, retention, sql
from webhook_app.storage import tables as t
from webhook_app.storage.claiming import Claiming
from webhook_app.storage.database import Database
from webhook_app.storage.ledger import BUDGET, KEY, WINDOW
from webhook_app.storage.link import Kept, Link
from webhook_app.storage.outbox import (
    DISPATCHER,
    MISSED,
    OutboxFilter,
    OutboxNumbers,
    count_outbox,
    count_waiting,
    last_seen,
    list_outbox,
    list_refusals,
    rows_of,
)
from webhook_app.storage.settling import Settling

T = TypeVar("T")
#: Rows hastened in one transaction: about as many as can be sent before a process must have ended.
MOST_HASTENED = 5000
o, a = t.outbox.c, t.accounts.c
# Within the class `list` is a verb.
Rows = list[OutboxRow]
Claims = list[Claim]
Windows = list[tuple[str, str, str, RateWindow]]


class Outbox:
    """The verbs, each one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        dialect = database.engine.dialect
        self._hasten = sql.Given(dialect, [*(o[name] for name in KEY), o.due_at], _bring_forward)
        self._wake = sql.Given(dialect, [a.platform, a.id, a.due_at], _wake)
        # Those who pass marks on have a connection of their own, as the writer of ingest has.
        self._kept = Kept(database)
        self._turn = Lock()
        self.configure({})

    def configure(self, policies: Mapping[str, Policy]) -> None:
        """Claim and settle under these policies, by platform."""
        dialect = self._database.engine.dialect
        # Their statements are made when they are needed; most processes of the command line do not.
        self._claiming = cache(lambda: Claiming(dialect, policies))
        self._settling = cache(lambda: Settling(dialect, policies))

    def list(self, wanted: OutboxFilter) -> Rows:
        """At most `limit` rows, by key."""
        return self._database.read(lambda connection: list_outbox(connection, wanted))

    def rows(self, keys: Iterable[Key]) -> dict[Key, OutboxRow]:
        """The rows of these keys, as far as there are any."""
        return self._database.read(lambda connection: rows_of(connection, keys))

    def waiting(self, platform: str, account: str, most: int) -> int:
        """How many rows of an account wait; counts at most `most`."""
        return self._database.read(lambda connection: count_waiting(connection, platform, [account], most))

    def waiting_of(self, platform: str, owner: str, most: int) -> int:
        """How many rows wait of all accounts whose calls an owner pays for; counts at most `most`."""
        same = select(a.id).where(a.platform == platform, a.owner == owner).order_by(a.id)
        return self._database.read(
            lambda connection: count_waiting(connection, platform, connection.scalars(same).all(), most)
        )

    def numbers(self) -> OutboxNumbers:
        """What waits and what has failed."""
        return self._database.read(count_outbox)

    def refusals(self, now: int) -> dict[Key, tuple[int, str]]:
        """Until when a platform's verdict about a peer is believed, if longer than `now`; and its words."""
        return self._database.read(lambda connection: list_refusals(connection, now))

    def next_at(self, platforms: Collection[str] | None = None) -> int | None:
        """When there may be something to claim, of these platforms or of all; None while nothing waits."""
        return self._run(lambda link: self._claiming().next_at(link, platforms))

    def claim(self, clock: Callable[[], int], room: Mapping[str, int]) -> Claims:
        """Claim at most so many calls of each of these platforms; each is counted in its rate window.

        No claims does not mean that nothing is due: another process may be at it.
        """
        return self._run(lambda link: self._claiming().claim(link, clock, room))

    def settle(self, results: Sequence[Settled], now: int) -> None:
        """Write down what came of claims. It may be repeated."""
        if results:
            self._run(lambda link: self._settling().settle(link, results, now))

    def _run(self, work: Callable[[Link], T]) -> T:
        with self._turn:
            return self._kept.run(work)

    def retry(self, key: Key, now: int, who: str) -> None:
        """Make what waits of a key due now, refused or not. Raises NotFound."""

        def change(connection: Connection) -> None:
            same = [o[name] == value for name, value in zip(KEY, key, strict=True)]
            row = connection.execute(select(o.wanted, o.acknowledged).where(*same).with_for_update())
            found = row.one_or_none()
            if found is None:
                raise NotFound("Nothing was ever marked there.")
            if found.wanted > found.acknowledged:
                # A call that was not answered may still arrive.
                unsure = and_(o.due_at.is_not(None), o.attempts > 0, o.last_sent_at <= now)
                idle = case(
                    (o.claimed_until > 0, o.due_at),
                    (unsure, sql.greatest(literal(now), o.last_sent_at + CALL_TIMEOUT)),
                    else_=now,
                )
                fresh = {"due_at": idle, "attempts": 0, "refused_until": 0, "updated_at": sql.now_ms()}
                connection.execute(update(t.outbox).where(*same).values(fresh))
                _execute(connection, self._wake, [(*key[:2], now)])
            audit.log(connection, who, "retry mark", "/".join(key))

        self._database.write(change)

    def hasten(self, now: int, account: tuple[str, str] | None = None) -> int:
        """Make due now what only waits to be coalesced, of one account or of all; returns how many rows.

        What has failed keeps its pause. At most `MOST_HASTENED` rows.
        """
        of_account = [] if account is None else [a.platform == account[0], a.id == account[1]]
        waits = (a.next_at.is_not(None), o.due_at > now, o.claimed_until == 0, o.attempts == 0)
        keys = select(o.platform, o.account, o.peer)
        keys = keys.join_from(t.accounts, t.outbox, (a.platform == o.platform) & (a.id == o.account))
        keys = keys.where(*of_account, *waits).order_by(o.platform, o.account, o.peer).limit(MOST_HASTENED)

        def change(connection: Connection) -> int:
            rows = [tuple(row) for row in connection.execute(keys.with_for_update(of=t.outbox))]
            _execute(connection, self._hasten, [(*row, now) for row in rows])
            _execute(connection, self._wake, [(*whose, now) for whose in sorted({row[:2] for row in rows})])
            return len(rows)

        return self._database.write(change, by_key=True)

    def windows(self) -> Windows:
        """Every rate window that was ever used, by (platform, owner, method), with its key."""
        w = t.rate_windows.c
        query = select(*(w[name] for name in (*BUDGET, *WINDOW))).order_by(*(w[name] for name in BUDGET))
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [(row[0], row[1], row[2], RateWindow(*row[3:])) for row in rows]

    def window(self, platform: str, owner: str, method: str) -> RateWindow:
        """The rate window of an owner; an unused one if there is none."""
        w, budget = t.rate_windows.c, (platform, owner, method)
        same = [w[name] == value for name, value in zip(BUDGET, budget, strict=True)]
        query = select(*(w[name] for name in WINDOW)).where(*same)
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        return RateWindow(*row) if row else RateWindow()

    def seen(self, now: int) -> None:
        """Note that there is a dispatcher."""
        insert = sql.insert(self._database.dialect, t.leases)
        insert = insert.values(name=DISPATCHER, holder="", until=now)
        before, given = t.leases.c.until, insert.excluded.until
        # So far ahead is what a clock has said that was put back since.
        latest = case((before > given + MISSED, given), else_=sql.greatest(before, given))
        later = insert.on_conflict_do_update(index_elements=["name"], set_={"until": latest})
        self._database.write(lambda connection: connection.execute(later))

    def last_seen(self) -> int | None:
        """When there was last a dispatcher; None if never."""
        return self._database.read(last_seen)

    def walk(self, now: int, days: int, place: retention.Place | None) -> retention.Place | None:
        """Delete what was settled so many days ago in a piece of the outbox; returns where to go on."""
        before = now - days * retention.DAY
        return self._database.write(lambda c: retention.drop_settled(c, place, before))

    def close(self) -> None:
        """Give the connection back."""
        with self._turn:
            self._kept.close()


def _execute(connection: Connection, given: sql.Given, rows: Sequence[Sequence[Any]]) -> None:
    for step in given.steps(rows):
        connection.exec_driver_sql(*step)


def _bring_forward(given: FromClause) -> Any:
    same = (o[name] == given.c[name] for name in KEY)
    return update(t.outbox).where(*same).values(due_at=given.c.due_at)


def _wake(given: FromClause) -> Any:
    """Bring forward when a dispatcher looks; accounts are locked even if nothing changes, see `Accepting`."""
    g = given.c
    earlier = case((a.due_at < g.due_at, a.due_at), else_=g.due_at)
    # What was known of its window may be wrong; the window itself is asked with each claim.
    new = {"due_at": earlier, "opens_at": 0}
    return update(t.accounts).where(a.platform == g.platform, a.id == g.id).values(new)
