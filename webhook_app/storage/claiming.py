"""Takes calls in hand: due rows whose accounts may spend, paid for in the same transaction."""

from collections.abc import Mapping

from sqlalchemy import Dialect, func, select

from webhook_app.domain.outbox import Claim, Key, Policy
from webhook_app.domain.rate import CALL_TIMEOUT, RateWindow
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
        ours = a.platform.in_(sorted(policies))
        # The longest unserved first: each claim and its end move an account behind the others. One that
        # somebody is at is passed over, without waiting: so it may be locked before its rows.
        ready = entries().where(a.next_at <= sql.HERE, ours).order_by(a.next_at).limit(sql.HERE)
        self._ready = sql.plain(dialect, ready.with_for_update(skip_locked=True))
        self._next = sql.plain(dialect, select(func.min(a.next_at)).where(ours))

    def next_at(self, link: Link) -> int | None:
        """When there may be something to claim; None while nothing waits that could be."""
        at: int | None = link.peek((self._next, ()))[0][0]
        return at

    def claim(self, link: Link, now: int, room: int) -> list[Claim]:
        """Claim at most `room` calls, by turns of the accounts that wait.

        1. Accounts that may have something due; rows of theirs that nobody else is at.
        2. Calls of processes that died are ended, so that their windows know.
        3. Rows are claimed as far as the windows allow, and counted in them.
        """
        first = self.next_at(link)
        if first is None or first > now:
            return []
        accounts = dict(map(entry_of, link.begin([(self._ready, (now, room))])[0]))
        if not accounts:
            link.commit([])
            return []
        share = -(-room // len(accounts))
        turn = _Turn(self._policies, accounts, now)
        budgets = set(map(turn.budget, accounts))
        locks = self._due.lock(accounts, now, share), self._ledger.lock_windows(budgets)
        rows, windows = gather(link.ask, *locks)
        turn.take(dict(map(delivery_of, rows)), self._ledger.windows(link, budgets, windows))
        claims = turn.claim(room)
        link.commit(self._ledger.write(turn.changed, turn.windows, turn.entries()))
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

    def take(self, rows: dict[Key, Delivery], windows: dict[Budget, RateWindow]) -> None:
        """Take what is due, and end the calls that were never settled and what need not be sent any more."""
        self._rows, self.windows = rows, windows
        for key, row in rows.items():
            if row.waiting and not row.claimed_until:
                continue
            rows[key] = self.changed[key] = row.give_up(self._now)
            if row.claimed_until:
                budget, limit = self.budget(key[:2]), self._policies[key[0]].limit
                windows[budget] = windows[budget].answer(limit, row.last_sent_at, self._now, None)

    def claim(self, room: int) -> list[Claim]:
        """One row of each account in turn, and again from the first, while there is room."""
        queues: dict[Whose, list[Key]] = {whose: [] for whose in self._accounts}
        for key, row in self._rows.items():
            if row.waiting:
                queues[key[:2]].append(key)
        claims: list[Claim] = []
        for place in range(max(map(len, queues.values()))):
            for whose, keys in queues.items():
                if len(claims) < room and place < len(keys) and self._spend(whose):
                    claims.append(self._take(keys[place]))
        return claims

    def _spend(self, whose: Whose) -> bool:
        """Pay for a call; for an account that was refused there is one at a time, the probe."""
        gate, limit, budget = self._accounts[whose].gate, self._policies[whose[0]].limit, self.budget(whose)
        window = self.windows[budget]
        if whose in self._probes or not window.left(limit, self._now):
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
