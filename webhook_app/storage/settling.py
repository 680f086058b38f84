"""Writes down what came of claims: of many in one transaction."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Dialect

from webhook_app.domain.outbox import Key, Policy, Settled, State, Verdict
from webhook_app.domain.rate import RateWindow
from webhook_app.domain.settling import Delivery, answered
from webhook_app.storage.ledger import Budget, Entry, Ledger, Whose, delivery_of, entry_of, gather
from webhook_app.storage.link import Link


class Settling:
    """Settles under the policies of the configured platforms."""

    def __init__(self, dialect: Dialect, policies: Mapping[str, Policy]) -> None:
        self._policies = policies
        self._ledger = Ledger(dialect)

    def settle(self, link: Link, results: Sequence[Settled], now: int) -> None:
        """Settle claims. Those that were given up may still raise what is acknowledged, nothing else.

        So a repetition is harmless.
        """
        ledger, budgets = self._ledger, set(map(self._budget, results))
        gone = {result.claim.platform for result in results if result.verdict is Verdict.PLATFORM}
        concerned = {r.claim.key[:2]: r.claim.owner for r in results if r.claim.platform not in gone}
        locks = (
            ledger.lock_deliveries(result.claim.key for result in results),
            # Of a platform that is not there for us, all.
            [*ledger.lock_accounts(concerned, now), *ledger.lock_platforms(gone)],
            ledger.lock_windows(budgets),
        )
        found = gather(link.begin, *locks)
        rows, accounts = dict(map(delivery_of, found[0])), dict(map(entry_of, found[1]))
        # Who was forgotten meanwhile has none any more, and is not to get one again.
        known = {self._budget_of(whose, entry.owner) for whose, entry in accounts.items()}
        windows = ledger.windows(link, budgets & known, found[2])
        for result in results:
            self._settle_one(result, rows, accounts, windows, now)
        for whose, entry in accounts.items():
            window = windows.get(self._budget_of(whose, entry.owner))
            if window is not None:
                accounts[whose] = entry.beside(window, self._policies[whose[0]].limit, now)
        link.commit(ledger.write(rows, windows, accounts, settled=True))

    def _budget(self, result: Settled) -> Budget:
        return self._budget_of(result.claim.key[:2], result.claim.owner)

    def _budget_of(self, whose: Whose, owner: str) -> Budget:
        return whose[0], owner, self._policies[whose[0]].method

    def _settle_one(
        self,
        result: Settled,
        rows: dict[Key, Delivery],
        accounts: dict[Whose, Entry],
        windows: dict[Budget, RateWindow],
        now: int,
    ) -> None:
        key, policy = result.claim.key, self._policies[result.claim.platform]
        row = rows.get(key)
        held = row is not None and row.holds(result.claim)
        if row is not None:
            rows[key] = row.settle(result, policy.coalescing.apart, now)
        budget = self._budget(result)
        if budget in windows:
            windows[budget] = answered(windows[budget], policy.limit, result, now, held=held)
        if not held:
            return
        entry = accounts.get(key[:2])
        if entry is not None:
            accounts[key[:2]] = entry.behind(entry.gate.settle(result, now))
        if result.verdict is Verdict.PLATFORM:
            _stop_all(accounts, result, now)


def _stop_all(accounts: dict[Whose, Entry], result: Settled, now: int) -> None:
    """What we call is not there for us, whoever asks; those that were stopped before keep their reasons."""
    for whose, entry in accounts.items():
        if whose[0] == result.claim.platform and entry.gate.state is State.ACTIVE:
            stopped = entry.gate.stop(State.SUSPENDED, result.problem, now)
            accounts[whose] = entry.behind(stopped)
