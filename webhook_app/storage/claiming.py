"""Takes calls in hand: due rows whose accounts may spend, paid for in the same transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Dialect, func, select

from webhook_app.domain.outbox import Claim, Key, Policy
from webhook_app.domain.rate import CALL_TIMEOUT, RateLimit, RateWindow
from webhook_app.domain.settling import Delivery
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.due import Due
from webhook_app.storage.ledger import Budget, Entry, Ledger, Whose, delivery_of, entries, entry_of, gather
from webhook_app.storage.link import Link


class Claiming:
    """Claims under the policies of the configured platforms; others' accounts are left alone."""

    def __init__(self, dialect: Dialect, policies: Mapping[str, Policy]) -> None:
        self._policies = policies
        self._ledger = Ledger(dialect)
        self._due = Due(dialect)
        a = t.accounts.c
        of_platform = a.platform == sql.HERE
        # Those that have waited longest first. One that somebody is at is passed over, without waiting: so
        # it may be locked before its rows.
        ready = entries().where(of_platform, a.next_at <= sql.HERE).order_by(a.next_at).limit(sql.HERE)
        self._ready = sql.plain(dialect, ready.with_for_update(skip_locked=True))
        waits = a.next_at.is_not(None)
        self._next = sql.plain(dialect, select(func.min(a.next_at)).where(of_platform, waits))

    def next_at(self, link: Link, platforms: Collection[str] | None = None) -> int | None:
        """When there may be something to claim of these platforms; None while nothing waits that could be."""
        asked = self._policies if platforms is None else platforms
        found = gather(link.peek, [(self._next, (platform,)) for platform in sorted(asked)])[0]
        return min((at for (at,) in found if at is not None), default=None)

    def claim(self, link: Link, clock: Callable[[], int], room: Mapping[str, int]) -> list[Claim]:
        """Claim at most so many calls of each platform, by turns of the accounts that wait.

        1. Accounts that may have something due; rows of theirs that nobody else is at.
        2. Calls of processes that died are ended, so that their windows know.
        3. Rows are claimed as far as the windows allow, and counted in them.
        """
        room = {name: many for name, many in room.items() if many > 0 and name in self._policies}
        first, now = self.next_at(link, room), clock()
        if first is None or first > now:
            return []
        asked = [(self._ready, (platform, now, many)) for platform, many in sorted(room.items())]
        accounts = dict(map(entry_of, gather(link.begin, asked)[0]))
        if not accounts:
            link.commit([])
            return []
        # A claim lasts from its beginning, and we may have waited for a lock.
        now = clock()
        waiting = Counter(platform for platform, _ in accounts)
        share = max(-(-room[platform] // many) for platform, many in waiting.items())
        turn = _Turn(self._policies, accounts, now)
        budgets = set(map(turn.budget, accounts))
        locks = self._due.lock(accounts, now, share), self._ledger.lock_windows(budgets)
        rows, windows = gather(link.ask, *locks)
        turn.take(dict(map(delivery_of, rows)), self._ledger.windows(link, budgets, windows))
        claims = turn.claim(room)
        link.commit(self._ledger.write(turn.changed, turn.windows, turn.entries(), settled=False))
        return claims


class _Turn:
    """One claim in the making."""

    def __init__(self, policies: Mapping[str, Policy], accounts: Mapping[Whose, Entry], now: int) -> None:
        self._policies = policies
        self._accounts = accounts
        self._now = now
        self._rows: dict[Key, Delivery] = {}
        self._probes: set[Whose] = set()
        self.windows: dict[Budget, RateWindow] = {}
        #: Rows that are to be written.
        self.changed: dict[Key, Delivery] = {}

    def budget(self, whose: Whose) -> Budget:
        """Where an account's calls are counted."""
        return whose[0], self._accounts[whose].owner, self._policies[whose[0]].method

    def _limit(self, budget: Budget) -> RateLimit:
        return self._policies[budget[0]].limit

    def take(self, rows: dict[Key, Delivery], windows: dict[Budget, RateWindow]) -> None:
        """Take what is due, and end the calls that were never settled and what need not be sent any more."""
        # As they are now, which is to be stored: a clock may have been put right.
        for budget, window in windows.items():
            windows[budget] = window.at(self._limit(budget), self._now)
        self._rows, self.windows = rows, windows
        for key, row in rows.items():
            if row.waiting and not row.claimed_until:
                continue
            rows[key] = self.changed[key] = row.give_up(self._now)
            if row.claimed_until:
                budget, limit = self.budget(key[:2]), self._policies[key[0]].limit
                windows[budget] = windows[budget].answer(limit, row.last_sent_at, self._now, None)

    def claim(self, room: Mapping[str, int]) -> list[Claim]:
        """One row of each account in turn, and again from the first, while there is room."""
        left = dict(room)
        queues: dict[Whose, list[Key]] = {whose: [] for whose in self._accounts}
        for key, row in self._rows.items():
            if row.waiting:
                queues[key[:2]].append(key)
        claims: list[Claim] = []
        for place in range(max(map(len, queues.values()))):
            for whose, keys in queues.items():
                if left[whose[0]] and place < len(keys) and self._spend(whose):
                    left[whose[0]] -= 1
                    claims.append(self._take(keys[place]))
        return claims

    def _spend(self, whose: Whose) -> bool:
        """Pay for a call; for an account that was refused there is one at a time, the probe."""
        gate, limit, budget = self._accounts[whose].gate, self._policies[whose[0]].limit, self.budget(whose)
        window = self.windows[budget]
        if whose in self._probes or not window.takes(limit, self._now):
            return False
        if gate.attempts:
            self._probes.add(whose)
        self.windows[budget] = window.spend(limit, self._now, 1)
        return True

    def _take(self, key: Key) -> Claim:
        row = self._rows[key]
        self.changed[key] = row.claim(self._now)
        return Claim(*key, row.wanted, row.attempts, self._now, self._accounts[key[:2]].owner)

    def entries(self) -> dict[Whose, Entry]:
        """The accounts with what is now known of their windows; one that is probed waits for the answer."""
        found = {}
        for whose, entry in self._accounts.items():
            limit = self._policies[whose[0]].limit
            entry = entry.beside(self.windows[self.budget(whose)], limit, self._now)
            found[whose] = entry.after(self._now + CALL_TIMEOUT) if whose in self._probes else entry
        return found
